package catbox

import (
	"bytes"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// recorder is the handler that writes down what a build really uses. It belongs to
// the tracer's threads.
//
// It stands before all handlers that decide, waits for the results of calls, and so
// sees what programs see.
type recorder struct {
	c     *confiner
	w     *record.Writer
	level record.Level
	count *Progress

	ids     map[*tracer.Process]int
	used    map[*tracer.Process]tracer.Usage // by children that have ended
	execs   map[*tracer.Process]executed     // what a process is about to execute
	pending map[uint64]seen                  // by Stop.Thread
	walks   walks
	loaded  map[string]loaded // by path
	doubts  doubts

	command executed // of the run
	hides   bool     // paths are hidden: what is there may look missing
	meta    resolve.Metadata

	k       call
	first   place
	second  place
	finding finding
}

// seen is what was to be seen of a call at its entry.
type seen struct {
	process int
	existed bool
	path    string // canonical, as far as it can be told before
	other   string // of the second path

	creates bool   // a name, perhaps
	since   uint64 // of doubts, with creates
}

func (s *Sandbox) newRecorder(c *confiner) *recorder {
	if s.Record == nil {
		return nil
	}
	r := &recorder{c: c, w: s.Record, level: s.RecordLevel, count: s.Progress, ids: map[*tracer.Process]int{}, used: map[*tracer.Process]tracer.Usage{},
		execs: map[*tracer.Process]executed{}, pending: map[uint64]seen{}, walks: newWalks(), loaded: map[string]loaded{},
		doubts: doubts{open: map[uint64]*miss{}}}
	r.hides = len(s.HidePaths)+len(s.OnlyPaths) > 0
	if r.level == "" {
		r.level = record.LevelFiles
	}
	return r
}

func (r *recorder) handler() tracer.Handler {
	return tracer.Handler{Name: "record", Rules: r.rules, Enter: r.enter, Exit: r.exit, Born: r.born, Exec: r.exec, Died: r.died}
}

// enter remembers what cannot be told at the end of a call.
func (r *recorder) enter(s *tracer.Stop) tracer.Verdict {
	k, p := &r.k, &r.first
	k.decode(s, s.Call, s.Args)
	r.doubts.seen(s.Thread)
	r.drop(s.Thread) // of a call that the kernel makes again, or that was killed
	switch {
	case k.entry.Class == sysent.Cwd:
		clear(r.walks.cwds) // of all, because of CLONE_FS
		return tracer.Continue()
	case s.Notified:
		return r.told(k)
	}
	now := seen{process: r.id(s.Process())}
	switch {
	case k.entry.Class == sysent.Exec:
		if missing := r.executes(k, p); missing {
			return tracer.Continue()
		}
	case looksOnly(k):
		if !r.hides && !asksToWrite(k) { // or another handler may answer
			return r.told(k)
		}
	case k.entry.Class == sysent.Open:
		if k.flags&unix.O_CREAT == 0 {
			var missing bool
			if now.path, missing = r.missing(k); missing {
				return tracer.Continue()
			}
		} else if k.flags&unix.O_EXCL == 0 {
			now.existed = r.resolve(k, p, k.path, k.fd, k.follows()) && p.res.Exists
		}
	case k.newPath >= 0:
		if r.resolve(k, p, k.path, k.fd, k.follows()) {
			now.path = string(p.res.Path)
		}
		if r.resolve(k, &r.second, k.newPath, k.newFD, false) {
			now.other = string(r.second.res.Path)
		}
	case removes(k):
		if r.resolve(k, p, k.path, k.fd, false) {
			now.path = string(p.res.Path)
		}
	}
	if creates(k) {
		now.creates, now.since = true, r.doubts.begin()
	}
	r.pending[s.Thread] = now
	return tracer.Continue().AtExit()
}

// missing writes down an open of what is not there, which is most of what compilers
// do: they need no stop at the end. False says nothing; path is where an open without
// links on the way will lead then, or "".
func (r *recorder) missing(k *call) (path string, missing bool) {
	p := &r.first
	if !r.c.sameRights(k.stop) {
		return "", false
	}
	if !r.request(k, p, k.path, k.fd, k.follows(), false) {
		return "", false
	}
	f, ok := r.findPlain(k, p)
	switch {
	case ok && f.errno != 0:
		r.found(k, p, &f)
		return "", true
	case ok && len(f.links) == 0:
		return f.path, false
	}
	return "", false
}

// nothing writes down that there is nothing to be found by a call that is about to run.
func (r *recorder) nothing(k *call, path string, op record.Op, errno unix.Errno, links ...string) {
	id := r.id(k.stop.Process())
	r.w.File(id, path, op, errno, links...)
	r.doubts.missing(k.stop.Thread, id, path, op)
}

// request reads a path of a call; false if it cannot be read.
func (r *recorder) request(k *call, p *place, arg int, fd int32, follow, empty bool) bool {
	switch r.c.request(k, p, arg, fd, follow, empty) {
	case 0:
		return true
	case unix.EFAULT, unix.ENAMETOOLONG, unix.ESRCH: // the call fails, too, or is killed
	default:
		r.w.Incomplete("memory of a program could not be read")
	}
	return false
}

// resolve finds out what a path of a call means; false if that is nothing with a
// name.
func (r *recorder) resolve(k *call, p *place, arg int, fd int32, follow bool) bool {
	p.res = resolve.Result{}
	if arg < 0 {
		return false
	}
	if !r.request(k, p, arg, fd, follow, k.emptyPath()) {
		return false
	}
	return r.c.resolver.Resolve(&p.req, &p.res) == nil && p.res.Errno == 0 && p.res.Kind == resolve.Named
}

// exit writes down what a call has done.
func (r *recorder) exit(s *tracer.Stop) tracer.Verdict {
	now := r.pending[s.Thread]
	defer r.drop(s.Thread)
	k := &r.k
	k.decode(s, s.Call, s.Args)
	errno := unix.Errno(0)
	if s.Value < 0 {
		errno = unix.Errno(-s.Value)
	}
	switch {
	case errno == unix.EFAULT, errno == unix.EBADF, errno == unix.EINVAL, errno == unix.ENOSYS, errno == unix.EINTR:
	case k.entry.Class == sysent.Net:
		r.network(k, errno)
	case k.entry.Class == sysent.Exec:
		if errno != 0 {
			r.failed(k, record.OpExecuted, errno)
		}
	case errno != 0:
		r.failed(k, r.op(k), errno)
	case k.entry.Class == sysent.Open:
		r.opened(k, now)
	case k.newPath >= 0:
		r.twoNames(k, now)
	case removes(k):
		r.put(k, now.path, record.OpDeleted)
		r.walks.changed(now.path)
	default:
		r.changed(k, now)
	}
	return tracer.Continue()
}

// id returns the number of a process in the record.
func (r *recorder) id(p *tracer.Process) int { return r.ids[p] }

func (r *recorder) put(k *call, path string, op record.Op, links ...string) {
	if path != "" {
		r.count.used(path)
		r.w.File(r.id(k.stop.Process()), path, op, 0, links...)
	}
}

// failed writes down a path that a call could not use.
func (r *recorder) failed(k *call, op record.Op, errno unix.Errno) {
	p := &r.first
	if k.path < 0 {
		return
	}
	id := r.id(k.stop.Process())
	if r.resolve(k, p, k.path, k.fd, k.follows()) {
		path := string(p.res.Path)
		r.w.File(id, path, op, errno, r.linksTo(k, string(p.req.Path), k.fd, path)...)
		return
	}
	if len(p.req.Path) == 0 {
		return
	}
	// A directory on the way is missing, or may not be passed.
	if whole := lexical(k, string(p.req.Path), k.fd); filepath.IsAbs(whole) {
		at := r.walks.walk(whole)
		r.w.File(id, at.canonical, op, errno, at.links...)
	}
}

// opened writes down what an open has opened, by the name that the kernel has for
// the descriptor.
func (r *recorder) opened(k *call, now seen) {
	s := k.stop
	text, errno := r.c.resolver.Opened(s.Tid, int32(s.Value))
	if errno != 0 {
		r.w.Incomplete("a descriptor was closed before it could be looked at")
		return
	}
	path, links := now.path, []string(nil)
	if path == "" || string(text) != path {
		path = string(bytes.TrimSuffix(text, []byte(" (deleted)")))
		if path == "" || path[0] != '/' || k.flags&tmpfile == tmpfile {
			return // a pipe or the like, or a file without a name
		}
		links = r.linksTo(k, r.raw(k), k.fd, path)
	}
	op := r.op(k)
	if k.flags&unix.O_CREAT != 0 && !now.existed {
		r.put(k, path, record.OpCreated, links...)
		r.appeared(path, now)
	} else if k.flags&unix.O_ACCMODE == unix.O_RDWR && k.flags&unix.O_TRUNC == 0 {
		r.put(k, path, record.OpRead, links...)
	}
	r.put(k, path, op, links...)
}

// raw returns the path of a call as the program wrote it.
func (r *recorder) raw(k *call) string {
	if !r.request(k, &r.first, k.path, k.fd, true, false) {
		return ""
	}
	return string(r.first.req.Path)
}

// twoNames writes down a rename or a link.
func (r *recorder) twoNames(k *call, now seen) {
	id := r.id(k.stop.Process())
	switch {
	case now.path == "" || now.other == "":
		if now.other != "" && k.entry.Op == sysent.OpLink {
			r.put(k, now.other, record.OpCreated) // of a file without a name
		}
	case k.entry.Op == sysent.OpLink:
		r.put(k, now.path, record.OpRead)
		r.put(k, now.other, record.OpCreated)
		r.put(k, now.other, record.OpWritten)
	case k.flags&unix.RENAME_EXCHANGE != 0:
		r.count.used(now.other)
		r.w.Exchange(id, now.path, now.other)
	default:
		r.count.used(now.other)
		r.w.Rename(id, now.path, now.other)
	}
	if now.other != "" {
		r.appeared(now.other, now)
	}
	r.walks.changed(now.path)
}

// appeared writes down who may have found a name that was just created.
func (r *recorder) appeared(path string, now seen) {
	r.walks.changed(path)
	for _, m := range r.doubts.about(path, now.since) {
		if m.process == now.process { // no other file than its own
			continue
		}
		r.w.File(m.process, m.path, m.op, 0)
	}
}

// changed writes down a call on one path that has succeeded.
func (r *recorder) changed(k *call, now seen) {
	p := &r.first
	follow := k.follows() && !actsOnEntry(k, k.path)
	if !r.resolve(k, p, k.path, k.fd, follow) {
		return
	}
	path := string(p.res.Path)
	op := r.op(k)
	links := r.linksTo(k, string(p.req.Path), k.fd, path)
	r.put(k, path, op, links...)
	if op == record.OpCreated {
		r.appeared(path, now)
	}
	if k.entry.Op == sysent.OpNone && k.entry.Class == sysent.PathRead && p.res.Mode&unix.S_IFMT == unix.S_IFLNK {
		r.put(k, path, record.OpRead) // readlink
	}
}
