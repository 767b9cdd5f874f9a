package catbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// finding is what a call by a path will find.
type finding struct {
	errno unix.Errno
	path  string // canonical; "" if that is not known, or nothing with a name
	mode  uint32
	links []string // on the way
	exact bool     // and those are still to be found
}

// told writes down a call before it runs, one that only asks about a path or, by the
// notify lane, an open that only reads: the tracer makes the same walk with the same
// rights just before it.
func (r *recorder) told(k *call) tracer.Verdict {
	p := &r.first
	if !r.request(k, p, k.path, k.fd, k.follows(), k.emptyPath()) || len(p.req.Path) == 0 {
		return tracer.Continue() // about a descriptor, or nothing
	}
	f := &r.finding
	*f = finding{exact: true} // if the thread may not search the directories
	err := r.c.asTracee(k.stop, &p.req, func() { *f = r.find(k, p) })
	if err != nil && !errors.As(err, &f.errno) {
		k.stop.Abort(err)
		return tracer.Continue()
	}
	r.found(k, p, f)
	if t := f.mode & unix.S_IFMT; f.errno == 0 && t != unix.S_IFREG && t != unix.S_IFDIR {
		return tracer.Continue().Waits() // for the other end of a FIFO
	}
	return tracer.Continue()
}

// find makes the walk of a call and what it checks behind it.
func (r *recorder) find(k *call, p *place) (f finding) {
	f, ok := r.findPlain(k, p)
	if !ok {
		if err := r.c.resolver.Resolve(&p.req, &p.res); err != nil {
			if !errors.Is(err, unix.ESRCH) { // killed
				r.w.Incomplete("a path could not be looked at: " + cause(err).Error())
			}
			return finding{errno: unix.ESRCH}
		}
		f = finding{errno: p.res.Errno, mode: p.res.Mode, exact: true}
		switch {
		case f.errno == 0 && !p.res.Exists:
			f.errno = unix.ENOENT
		case p.res.Kind == resolve.Named, p.res.Kind == resolve.Unlinked && k.entry.Class == sysent.Open:
			f.path = string(p.res.Path)
		}
	}
	switch {
	case f.errno != 0 || f.path == "":
	case k.entry.Class == sysent.Open && k.flags&unix.O_PATH == 0:
		f.errno = mayOpen(k, &f)
	case k.entry.Class == sysent.Access:
		f.errno = mayAccess(&f, accessMode(k))
	}
	return f
}

// findPlain is find for a name in a directory that is known already: it takes one call
// and, for a relative path and for a link, one more each. That a directory is one is
// remembered, for calls that want to know no more.
func (r *recorder) findPlain(k *call, p *place) (f finding, ok bool) {
	whole, ok := r.whole(k.stop.Process(), p)
	if !ok {
		return f, false
	}
	at, known := r.walks.folder(whole)
	if known && looksOnly(k) && k.entry.Class != sysent.Access {
		return finding{path: at.canonical, mode: unix.S_IFDIR, links: at.links}, true
	}
	if at, ok = r.walks.place(whole); !ok {
		return f, false
	}
	f.errno = r.c.resolver.StatWhole(&r.meta, false)
	kind := r.meta.Stat.Mode & unix.S_IFMT
	switch {
	case f.errno != 0:
	case kind == unix.S_IFLNK && p.req.Follow:
		if at, ok = r.walks.directory(whole); !ok { // which serves for any path
			return f, false
		}
		f.errno = r.c.resolver.StatWhole(&r.meta, true)
	case kind == unix.S_IFDIR && at.there && !known:
		r.walks.isFolder(whole, at)
	}
	f.path, f.links, f.mode = at.canonical, at.links, r.meta.Stat.Mode
	switch f.errno {
	case 0:
		return f, at.there
	case unix.ENOENT, unix.ENOTDIR:
		f.mode = 0
		return f, true
	}
	return f, false
}

// whole returns the absolute form of a path. The working directory that a relative path
// starts from is remembered until somebody changes one, or its name; with several threads
// a change cannot be told from what comes after it.
func (r *recorder) whole(process *tracer.Process, p *place) ([]byte, bool) {
	if p.req.DirFD != unix.AT_FDCWD || bytes.HasPrefix(p.req.Path, []byte("/")) || process.Threads() != 1 {
		return r.c.resolver.Whole(&p.req, nil)
	}
	cwd := r.walks.cwds[process]
	whole, ok := r.c.resolver.Whole(&p.req, cwd)
	if ok && cwd == nil {
		r.walks.cwds[process] = bytes.Clone(whole[:len(whole)-len(p.req.Path)-1])
	}
	return whole, ok
}

// mayOpen returns the errno of an open for reading.
func mayOpen(k *call, f *finding) unix.Errno {
	kind := f.mode & unix.S_IFMT
	switch {
	case kind == unix.S_IFLNK:
		return unix.ELOOP
	case kind != unix.S_IFDIR && k.flags&unix.O_DIRECTORY != 0:
		return unix.ENOTDIR
	case kind == unix.S_IFSOCK:
		return unix.ENXIO
	}
	if errno := mayAccess(f, unix.R_OK); errno != 0 {
		return errno
	}
	if kind == unix.S_IFCHR && f.path == "/dev/tty" && !hasTerminal(k.stop.Process().PID()) {
		return unix.ENXIO
	}
	return 0
}

// mayAccess returns the errno of access(2) with the rights of the calling thread. What
// everybody may needs no call.
func mayAccess(f *finding, want uint32) unix.Errno {
	const group, owner = 3, 6
	if all := want | want<<group | want<<owner; f.mode&all == all {
		return 0
	}
	var errno unix.Errno
	if err := unix.Faccessat(unix.AT_FDCWD, f.path, want, unix.AT_EACCESS); errors.As(err, &errno) {
		return errno
	}
	return 0
}

// accessMode returns what access(2) asks for, and asksToWrite whether that is writing.
func accessMode(k *call) uint32 {
	if at := k.entry.Arg(sysent.AccessMode); at >= 0 {
		return uint32(k.args[at])
	}
	return unix.F_OK
}

func asksToWrite(k *call) bool { return k.entry.Class == sysent.Access && accessMode(k)&unix.W_OK != 0 }

// found writes a finding down.
func (r *recorder) found(k *call, p *place, f *finding) {
	id, op := r.id(k.stop.Process()), r.op(k)
	readlink := k.entry.Class == sysent.PathRead && k.entry.Last == sysent.NoFollow
	switch {
	case f.errno == unix.EBADF, f.errno == unix.EINVAL, f.errno == unix.ESRCH: // no call on a path, or killed
	case f.errno == unix.ENOENT && !f.exact, f.errno == unix.ENOTDIR && !f.exact:
		r.nothing(k, f.path, op, f.errno, f.links...)
	case f.errno != 0 && !f.exact:
		r.w.File(id, f.path, op, f.errno, f.links...)
	case f.errno != 0:
		r.failed(k, op, f.errno)
	case f.path == "", readlink && f.mode&unix.S_IFMT != unix.S_IFLNK: // EINVAL
	default:
		if f.exact {
			f.links = r.linksTo(k, string(p.req.Path), k.fd, f.path)
		}
		r.put(k, f.path, op, f.links...)
		if readlink {
			r.w.File(id, f.path, record.OpRead, 0)
		}
	}
}

// hasTerminal reports whether a process has a controlling terminal: tty_nr of
// proc_pid_stat(5).
func hasTerminal(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The second field is a name that may hold anything; the third follows the last parenthesis.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const third, terminal = 3, 7
	return len(fields) > terminal-third && string(fields[terminal-third]) != "0"
}
