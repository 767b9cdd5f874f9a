package catbox

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/binfmt"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/pathrules"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// reader is the handler of rules about reading and executing, and of paths that are
// to look missing. It belongs to the tracer's thread.
//
// It stands before the confiner: what looks missing is missing for every rule. It is
// the tracer alone that holds to these rules; they are for finding out what a
// build needs, and not for secrets.
type reader struct {
	c      *confiner
	hidden *pathrules.Set // nil: nothing
	only   *only          // nil: everything exists
	reads  *pathrules.Set // nil: everything may be read

	k      call
	target place
	entry  place
}

// newReader returns nil where there are no such rules.
func (s *Sandbox) newReader(c *confiner) (*reader, error) {
	if len(s.ReadPaths)+len(s.DenyReadPaths)+len(s.HidePaths)+len(s.OnlyPaths) == 0 {
		return nil, nil
	}
	r := &reader{c: c}
	allow, err := canonicalRules(s.ReadPaths, true)
	if err != nil {
		return nil, err
	}
	deny, err := canonicalRules(s.DenyReadPaths, true)
	if err != nil {
		return nil, err
	}
	if len(s.ReadPaths) == 0 {
		allow = []string{"/"}
	}
	if len(s.ReadPaths)+len(s.DenyReadPaths) > 0 {
		if r.reads, err = pathrules.Compile(allow, deny); err != nil {
			return nil, err
		}
	}
	if len(s.HidePaths) > 0 {
		// As written, and not what it leads to: a link can be hidden by itself.
		if r.hidden, err = pathrules.Compile(s.HidePaths, nil); err != nil {
			return nil, err
		}
	}
	if r.only, err = newOnly(s.OnlyPaths); err != nil {
		return nil, err
	}
	return r, nil
}

// hiding reports whether anything may look missing.
func (r *reader) hiding() bool { return r.hidden != nil || r.only != nil }

func (r *reader) handler() tracer.Handler {
	return tracer.Handler{Name: "read", Rules: r.rules, Enter: r.enter}
}

// looks are the classes of calls that look a path up.
var looks = []sysent.Class{sysent.Open, sysent.Exec, sysent.Stat, sysent.Access, sysent.PathRead, sysent.XattrRead, sysent.Cwd,
	sysent.PathWrite, sysent.Owner, sysent.Xattr}

// rules stops calls that look up a path that may be hidden, or opens and executions
// where only these are asked about.
func (r *reader) rules(e *sysent.Entry) []sysent.Rule {
	if e.Arg(sysent.Path) < 0 || !slices.Contains(looks, e.Class) || e.Arg(sysent.OpenHow) >= 0 {
		return nil
	}
	if !r.hiding() && e.Class != sysent.Open && e.Class != sysent.Exec {
		return nil
	}
	return []sysent.Rule{{Verb: sysent.Stop}}
}

func (r *reader) enter(s *tracer.Stop) tracer.Verdict {
	k := &r.k
	k.decode(s, s.Call, s.Args)
	p, c := &r.target, r.c
	if _, done := c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done || len(p.req.Path) == 0 {
		return tracer.Continue() // the kernel or the confiner answers
	}
	if c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 || p.res.Kind != resolve.Named {
		return tracer.Continue()
	}
	path := string(p.res.Path)
	switch {
	case !r.hiding():
	case k.creates(&p.res):
		r.makes(path)
	case r.hides(path) || r.hidesEntry(p):
		return r.missing(path, p.res.Exists)
	default:
		r.renames(k)
	}
	if !p.res.Exists || k.entry.Class == sysent.Exec && !executableMode(p.res.Mode) {
		return tracer.Continue()
	}
	if k.entry.Class == sysent.Exec {
		return r.executes(k, p, path)
	}
	if k.entry.Class == sysent.Open && k.reads() {
		return r.may(k, p, path)
	}
	return tracer.Continue()
}

// reads reports whether an open is for reading.
func (k *call) reads() bool {
	return k.flags&unix.O_PATH == 0 && k.flags&unix.O_ACCMODE != unix.O_WRONLY
}

// creates reports whether the call makes a file of a name that is not there. It may
// do so at a hidden name, but not see what is there.
func (k *call) creates(res *resolve.Result) bool {
	if res.Exists {
		return false
	}
	switch k.entry.Op {
	case sysent.OpMkdir, sysent.OpMknod, sysent.OpSymlink:
		return true
	case sysent.OpOpen:
		return k.flags&unix.O_CREAT != 0
	}
	return false
}

func executableMode(mode uint32) bool {
	return mode&unix.S_IFMT == unix.S_IFREG && mode&0o111 != 0
}

func (r *reader) hides(path string) bool {
	return r.hidden != nil && r.hidden.Match(path).Allowed || r.only != nil && !r.only.sees(path)
}

// missing answers a call about a path that is hidden.
func (r *reader) missing(path string, exists bool) tracer.Verdict {
	if exists && r.c.hooks.Hidden != nil {
		s := r.k.stop
		if err := r.c.hooks.Hidden(Hidden{Call: r.k.entry.Name, Path: path, Processes: ancestry(s.Process())}); err != nil {
			s.Abort(err)
		}
	}
	return tracer.Deny(unix.ENOENT)
}

// makes notes that the run makes what has this name.
func (r *reader) makes(path string) {
	if r.only == nil || !r.only.makes(path) || r.c.hooks.Made == nil {
		return
	}
	if err := r.c.hooks.Made(path); err != nil {
		r.k.stop.Abort(err)
	}
}

// renames notes the second name of a call that gives what is visible another one.
func (r *reader) renames(k *call) {
	if r.only == nil || k.newPath < 0 {
		return
	}
	p := &r.entry
	if _, done := r.c.read(k, p, k.newPath, k.newFD, false, false); done {
		return
	}
	if r.c.resolver.Resolve(&p.req, &p.res) == nil && p.res.Errno == 0 && p.res.Kind == resolve.Named {
		r.makes(string(p.res.Path))
	}
}

// hidesEntry reports whether the name is hidden that leads to the object, where that
// is a link.
func (r *reader) hidesEntry(target *place) bool {
	if !target.req.Follow {
		return false
	}
	p := &r.entry
	p.req = target.req
	p.req.Follow, p.req.Entry = false, true
	if r.c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 || p.res.Kind != resolve.Named {
		return false
	}
	return r.hides(string(p.res.Path))
}

// there reports whether something has the name.
func there(name string) bool {
	var st unix.Stat_t
	return unix.Lstat(name, &st) == nil
}

// may refuses to read what the rules do not allow to read.
func (r *reader) may(k *call, p *place, path string) tracer.Verdict {
	if r.reads == nil || r.reads.Match(path).Allowed {
		return tracer.Continue()
	}
	r.c.k.stop = k.stop
	return r.c.violate(readViolation(k, p, path), unix.EACCES)
}

func readViolation(k *call, p *place, path string) Violation {
	v := pathViolation(k, p, "may not be read")
	v.Canonical = path
	v.Rule = ""
	return v
}

// executes asks about a program, and about what the kernel opens to execute it.
func (r *reader) executes(k *call, p *place, path string) tracer.Verdict {
	if v := r.may(k, p, path); !v.Continues() {
		return v
	}
	chain, err := binfmt.Chain(path, workingDirectory(k.stop.Tid))
	if err != nil {
		return tracer.Continue() // the kernel has the same trouble
	}
	for _, i := range chain {
		at := walkLinks(i.Path, nil)
		if r.hiding() && (r.hides(at.canonical) || slices.ContainsFunc(at.links, r.hides)) {
			return r.missing(at.canonical, there(at.canonical))
		}
		if v := r.may(k, p, at.canonical); !v.Continues() {
			return v
		}
	}
	return tracer.Continue()
}
