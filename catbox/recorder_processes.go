package catbox

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/binfmt"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer"
)

// executed is a file that is executed: its canonical path, its absolute path as it
// was passed, and the symbolic links on the way.
type executed struct {
	path  string
	name  string
	links []string
}

// starts notes the program of the command, which is executed before it is traced.
func (r *recorder) starts(cmd *tracer.Command) {
	if r == nil {
		return
	}
	file := cmd.Path
	if !filepath.IsAbs(file) {
		file = filepath.Join(cmd.Dir, file)
	}
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	r.command.name = file
	at := walkLinks(file, nil)
	r.command.path, r.command.links = at.canonical, at.links
}

// executes notes what a process is about to execute. If it is missing, as for most of
// PATH, that is all that there is to write down.
func (r *recorder) executes(k *call, p *place) (missing bool) {
	var file executed
	if r.request(k, p, k.path, k.fd, k.follows(), k.emptyPath()) && !r.hides && r.c.sameRights(k.stop) {
		if f, ok := r.findPlain(k, p); ok && f.errno == 0 {
			file.path, file.links = f.path, f.links
		} else if ok {
			r.found(k, p, &f)
			missing = true
		}
	}
	if file.path == "" && !missing && r.resolve(k, p, k.path, k.fd, k.follows()) {
		file.path = string(p.res.Path)
		file.links = r.linksTo(k, string(p.req.Path), k.fd, file.path)
	}
	if file.path != "" {
		file.name = passedName(lexical(k, string(p.req.Path), k.fd))
	}
	r.execs[k.stop.Process()] = file
	return missing
}

// born gives a new process its number.
func (r *recorder) born(p *tracer.Process) error {
	parent := 0
	if p.Parent() != nil {
		parent = r.ids[p.Parent()]
		if p.Parent().Threads() == 1 { // which is at another call than the last one
			r.doubts.ended(parent)
		}
	}
	r.count.started()
	r.ids[p] = r.w.Start(p.PID(), parent)
	if p.Parent() == nil { // it was executed before it was traced
		r.execs[p] = r.command
		return r.exec(p)
	}
	return nil
}

// exec writes down what a process has become.
func (r *recorder) exec(p *tracer.Process) error {
	r.forget(r.ids[p])
	file := r.execs[p]
	delete(r.execs, p)
	if file.path == "" {
		file.path, _ = readlink(fmt.Sprintf("/proc/%d/exe", p.PID()))
	}
	dir := workingDirectory(p.PID())
	if dir == "" {
		r.w.Incomplete("a process ended before it could be looked at")
	}
	id := r.ids[p]
	r.passed(id, file.path, file.links)
	chain := r.chain(file.path, dir)
	e := record.Exec{Process: id, Path: file.path, Argv: p.Argv(), Dir: dir}
	if filepath.IsAbs(file.name) && file.name != file.path {
		e.Name = file.name
	}
	for _, i := range chain {
		at := r.walks.walk(i.Path)
		r.count.used(at.canonical)
		r.passed(id, at.canonical, at.links)
		e.Interpreters = append(e.Interpreters, record.Interpreter{Path: at.canonical, Kind: i.Kind.String()})
	}
	r.count.used(file.path)
	r.w.Exec(e)
	return nil
}

// loaded is a program of which is known which loader it names.
type loaded struct {
	dev, ino     uint64
	mtime, ctime unix.Timespec
	chain        []binfmt.Interpreter
}

// maxLoaded bounds the programs that are remembered.
const maxLoaded = 4096

// chain returns what the kernel has opened to execute a program. Most programs of a
// build are a few that are executed again and again, and no scripts: what is known
// about those is remembered, as long as the file is the same.
func (r *recorder) chain(name, dir string) []binfmt.Interpreter {
	var st unix.Stat_t
	err := unix.Stat(name, &st)
	now := loaded{dev: st.Dev, ino: st.Ino, mtime: st.Mtim, ctime: st.Ctim}
	if known, ok := r.loaded[name]; ok && err == nil {
		if known.dev == now.dev && known.ino == now.ino && known.mtime == now.mtime && known.ctime == now.ctime {
			return known.chain
		}
	}
	chain, err := binfmt.Chain(name, dir)
	if err != nil {
		r.w.Incomplete("a program could not be read: " + err.Error())
		return chain
	}
	if len(chain) == 1 && chain[0].Kind == binfmt.Loader {
		if len(r.loaded) >= maxLoaded {
			clear(r.loaded)
		}
		now.chain = chain
		r.loaded[name] = now
	}
	return chain
}

// passedName returns an absolute path without what means nothing in it.
func passedName(name string) string {
	if strings.Contains(name, "/../") {
		return name
	}
	return filepath.Clean(name) // "./configure"
}

// passed writes down the links to something that was executed.
func (r *recorder) passed(id int, path string, links []string) {
	if len(links) > 0 {
		r.w.File(id, path, record.OpExecuted, 0, links...)
	}
}

// died writes down how a process has ended.
func (r *recorder) died(p *tracer.Process, status unix.WaitStatus) error {
	all, children := p.Usage(), r.used[p]
	e := record.Exit{Process: r.ids[p], User: max(0, all.User-children.User), System: max(0, all.System-children.System)}
	e.Status = recordStatus(status)
	r.w.Exit(e)
	if parent := p.Parent(); parent != nil && r.ids[parent] != 0 {
		sum := r.used[parent]
		sum.User, sum.System = sum.User+all.User, sum.System+all.System
		r.used[parent] = sum
	}
	r.forget(e.Process)
	delete(r.ids, p)
	delete(r.used, p)
	delete(r.walks.cwds, p)
	delete(r.execs, p)
	return nil
}

// forget drops what was to be seen of the calls of a process that has ended, or of its
// other threads when one has executed a program.
func (r *recorder) forget(process int) {
	r.doubts.ended(process)
	for thread, now := range r.pending {
		if now.process == process {
			r.drop(thread)
		}
	}
}

// drop ends what was to be seen of the call of a thread, if there was anything.
func (r *recorder) drop(thread uint64) {
	now, ok := r.pending[thread]
	if ok && now.creates {
		r.doubts.end()
	}
	delete(r.pending, thread)
}

func recordStatus(status unix.WaitStatus) record.Status {
	if status.Signaled() {
		return record.Status{Code: -1, Signal: int(status.Signal())}
	}
	return record.Status{Code: status.ExitStatus()}
}

// workingDirectory returns that of a thread, or "" if it has ended.
func workingDirectory(tid int) string {
	dir, err := readlink(fmt.Sprintf("/proc/%d/cwd", tid))
	if err != nil {
		return ""
	}
	return dir
}
