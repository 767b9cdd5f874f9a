package catbox

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/pathrules"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// onePath decides about a call with one path.
func (c *confiner) onePath(k *call) tracer.Verdict {
	p := &c.first
	if v, done := c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return v
	}
	device := deviceNode(k)
	if c.surely(p) && !device {
		return tracer.Continue()
	}
	if v, done := c.resolve(k, p); done {
		return v
	}
	if device && c.fake != nil && (c.allowed(k, p) || c.policy.action == Report) {
		return c.fake.mknod(k, p)
	}
	if c.allowed(k, p) && !device {
		if v, done := c.rootEntry(k, p); done {
			return v
		}
		return tracer.Continue()
	}
	switch errno, effect := order(k, &p.res, nil, readText(c, k)); {
	case errno != 0:
		return tracer.Deny(errno)
	case !effect:
		return tracer.Continue()
	}
	if device && c.fake == nil {
		return c.violate(pathViolation(k, p, "device nodes reach hardware and are never allowed"), unix.EPERM)
	}
	return c.violate(c.explain(k, p), unix.EACCES)
}

// access answers a question for permission to write as the rules will answer
// the write. It is a question and no violation.
func (c *confiner) access(k *call) tracer.Verdict {
	p := &c.first
	if v, done := c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return v
	}
	if v, done := c.resolve(k, p); done {
		return v
	}
	if c.allowed(k, p) || c.policy.action == Report {
		return tracer.Continue()
	}
	if errno, _ := order(k, &p.res, nil, nil); errno != 0 {
		return tracer.Deny(errno)
	}
	return tracer.Deny(unix.EACCES)
}

// twoPaths decides about rename and link calls. The source of both is a write:
// one is removed, the other gets another name and changes its link count.
func (c *confiner) twoPaths(k *call) tracer.Verdict {
	a, b := &c.first, &c.second
	if v, done := c.read(k, a, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return v
	}
	if v, done := c.read(k, b, k.newPath, k.newFD, false, false); done {
		return c.firstFault(k, a, v)
	}
	if c.surely(a) && c.surely(b) {
		return c.goAhead(k, a, b)
	}
	if v, done := c.resolve(k, a); done {
		return v
	}
	if k.entry.Op == sysent.OpLink && !a.res.Exists { // found out before the second path is walked
		errno, _ := order(k, &a.res, &a.res, nil)
		return tracer.Deny(errno)
	}
	a.path = append(a.path[:0], a.res.Path...)
	a.res.Path, a.res.Name = a.path, nil
	if v, done := c.resolve(k, b); done {
		return v
	}
	movesRoot := k.entry.Op == sysent.OpRename && (c.isRoot(a) || c.isRoot(b) ||
		isDir(&a.res) && c.policy.roots[string(b.res.Path)])
	linksRoot := k.entry.Op == sysent.OpLink && c.isRoot(a) // fails, and Landlock would say EXDEV
	okA, okB := c.allowed(k, a), c.allowed(k, b)
	if okA && okB && !movesRoot && !linksRoot {
		return c.goAhead(k, a, b)
	}
	switch errno, effect := order(k, &a.res, &b.res, nil); {
	case errno != 0:
		return tracer.Deny(errno)
	case !effect:
		return tracer.Answer(0)
	case !okA:
		return c.violate(c.explain(k, a), unix.EACCES)
	case !okB:
		return c.violate(c.explain(k, b), unix.EACCES)
	}
	culprit := a
	if !c.isRoot(a) {
		culprit = b
	}
	return c.violate(pathViolation(k, culprit, "a directory that a rule names cannot be moved"), unix.EACCES)
}

// goAhead lets a rename or a link that the rules allow run, or carries it out.
func (c *confiner) goAhead(k *call, a, b *place) tracer.Verdict {
	if !c.carriesMoves() {
		return tracer.Continue()
	}
	if c.fake == nil {
		return c.move(k, a, b)
	}
	after, some := c.fake.watchMove(k)
	v := c.move(k, a, b)
	if some && v.Answers(0) {
		after.done(c.fake, k.stop)
	}
	if err := after.release(c.fake); err != nil {
		k.stop.Abort(err)
	}
	return v
}

// firstFault answers a call whose second path cannot be read: the kernel walks
// the first one before it looks at that.
func (c *confiner) firstFault(k *call, a *place, second tracer.Verdict) tracer.Verdict {
	if v, done := c.resolve(k, a); done {
		return v
	}
	if k.entry.Op == sysent.OpLink && !a.res.Exists {
		return tracer.Deny(unix.ENOENT)
	}
	return second
}

// read reads one path from the tracee. done is set when the call is decided: the
// path cannot be read.
func (c *confiner) read(k *call, p *place, arg int, dirfd int32, follow, empty bool) (v tracer.Verdict, done bool) {
	errno := c.request(k, p, arg, dirfd, follow, empty)
	if errno == 0 {
		return v, false
	}
	if first := beforeWalk(k, readText(c, k)); first != 0 {
		return tracer.Deny(first), true
	}
	return c.unreadable(k, errno), true
}

// request puts one path of the call into p.req. The errno is that of reading it.
func (c *confiner) request(k *call, p *place, arg int, dirfd int32, follow, empty bool) unix.Errno {
	var raw []byte
	if arg == k.path && k.nullPath() {
		empty = true
	} else {
		var errno unix.Errno
		if raw, errno = k.stop.ReadString(k.args[arg], p.raw[:]); errno != 0 {
			return errno
		}
	}
	s := k.stop
	entry := actsOnEntry(k, arg) || createsDirectory(k, raw)
	p.req = resolve.Request{Tgid: s.Process().PID(), Tid: s.Tid, DirFD: dirfd, Path: raw,
		Follow: follow && !entry, Entry: entry, EmptyPath: empty, SameRoot: c.sameRoot}
	return 0
}

// behind is the request for what a descriptor of a thread stands for.
func (c *confiner) behind(s *tracer.Stop, fd int32) resolve.Request {
	return resolve.Request{Tgid: s.Process().PID(), Tid: s.Tid, DirFD: fd, EmptyPath: true, SameRoot: c.sameRoot}
}

// surely reports whether the rules allow what the path means whatever is there.
// It is the quick answer for the paths of most builds; false says nothing.
func (c *confiner) surely(p *place) bool {
	path, ok := c.resolver.Plain(&p.req)
	return ok && c.policy.paths.MatchBytes(path).Allowed && !c.policy.roots[string(path)]
}

// resolve finds out what a path means. done is set when the call is decided: it
// fails anyway, or the path cannot be known.
func (c *confiner) resolve(k *call, p *place) (v tracer.Verdict, done bool) {
	return c.walked(k, p, c.resolver.Resolve(&p.req, &p.res))
}

// walked answers what is decided by the walk along a path alone; err is that of
// the walk.
func (c *confiner) walked(k *call, p *place, err error) (v tracer.Verdict, done bool) {
	if err != nil {
		reason := "cannot be checked: " + cause(err).Error()
		if errors.Is(err, unix.EMFILE) {
			reason += ", see ulimit -n"
		}
		return c.violate(Violation{Call: k.entry.Name, Path: string(p.req.Path), Reason: reason}, unix.EACCES), true
	}
	if p.res.Errno != 0 {
		if first := beforeWalk(k, readText(c, k)); first != 0 {
			return tracer.Deny(first), true
		}
		return tracer.Deny(p.res.Errno), true
	}
	return v, false
}

// cause takes what failed from an error that repeats the path.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// createsDirectory reports whether the call is an open with O_CREAT of a name
// with a trailing slash. It fails whatever that name is, so that a link there is
// not followed.
func createsDirectory(k *call, raw []byte) bool {
	return k.entry.Op == sysent.OpOpen && k.flags&unix.O_CREAT != 0 && len(raw) > 0 && raw[len(raw)-1] == '/'
}

// actsOnEntry reports whether the path in argument arg is about a directory
// entry rather than the object behind it.
func actsOnEntry(k *call, arg int) bool {
	switch k.entry.Op {
	case sysent.OpMkdir, sysent.OpRmdir, sysent.OpUnlink, sysent.OpRename, sysent.OpSymlink, sysent.OpMknod:
		return true
	}
	return arg == k.newPath
}

// unreadable answers a call whose argument the tracer cannot read. The kernel
// may be able to, so the call never runs.
func (c *confiner) unreadable(k *call, errno unix.Errno) tracer.Verdict {
	switch errno {
	case unix.EFAULT, unix.ENAMETOOLONG, unix.ESRCH:
		return tracer.Deny(errno)
	}
	return c.violate(Violation{Call: k.entry.Name,
		Reason: "its arguments cannot be read (" + errno.Error() + ")"}, unix.EACCES)
}

// allowed reports whether the rules let the call change what p means.
func (c *confiner) allowed(k *call, p *place) bool {
	if p.res.Kind == resolve.Anonymous {
		return true // a pipe, socket or memory file: no name in the tree
	}
	if p.res.Kind == resolve.Unreachable {
		return false
	}
	if c.policy.paths.MatchBytes(p.res.Path).Allowed {
		return true
	}
	if !opens(k) {
		return false
	}
	return c.policy.devices.MatchBytes(p.res.Path).Allowed ||
		c.policy.proc && ownProc(p.res.Path, k.stop.Process().PID())
}

// opens reports whether the call needs no more than a device can stand: to be
// opened for writing, to be asked about that, or a command on an open descriptor.
func opens(k *call) bool {
	switch k.entry.Class {
	case sysent.Open, sysent.Access:
		return true
	case sysent.FDMeta:
		return k.entry.Op == sysent.OpNone
	}
	return false
}

// isRoot reports whether p is an existing directory that a rule names itself.
func (c *confiner) isRoot(p *place) bool {
	return p.res.Exists && p.res.Mode&unix.S_IFMT == unix.S_IFDIR && c.policy.roots[string(p.res.Path)]
}

// deviceNode reports whether the call makes a device node. A 0:0 character
// device is the whiteout of overlay file systems and no device.
func deviceNode(k *call) bool {
	if k.entry.Op != sysent.OpMknod {
		return false
	}
	switch k.mode & unix.S_IFMT {
	case unix.S_IFBLK:
		return true
	case unix.S_IFCHR:
		return k.device != 0
	}
	return false
}

// readText reads the text of a new symbolic link, for the errors that come from
// it.
func readText(c *confiner, k *call) *linkText {
	if k.text < 0 {
		return nil
	}
	text, errno := k.stop.ReadString(k.args[k.text], c.text[:])
	return &linkText{empty: len(text) == 0, errno: errno}
}

// explain makes the violation for a path outside the rules.
func (c *confiner) explain(k *call, p *place) Violation {
	v := pathViolation(k, p, "outside the allowed paths")
	if p.res.Kind == resolve.Unreachable {
		v.Reason = "has no name that can be found: too deep, hidden by a mount, or outside of the root"
		return v
	}
	switch m := c.policy.paths.MatchBytes(p.res.Path); {
	case m.Err != nil:
		v.Reason, v.Rule = "cannot be matched: "+m.Err.Error(), ""
	case m.Rule != nil:
		v.Reason, v.Rule = "denied by the rule "+m.Rule.String(), ""
	}
	return v
}

func pathViolation(k *call, p *place, reason string) Violation {
	v := Violation{Call: k.entry.Name, Path: string(p.req.Path), Reason: reason}
	if len(p.res.Path) > maxCanonical {
		v.Canonical = string(p.res.Path[:maxCanonical]) + "..."
		return v
	}
	v.Canonical = string(p.res.Path)
	if p.res.Kind == resolve.Named {
		v.Rule = pathrules.Suggest(v.Canonical)
	}
	return v
}

// descriptor decides about a command on a descriptor, which may be open for reading
// only.
func (c *confiner) descriptor(k *call) tracer.Verdict {
	s, p := k.stop, &c.first
	switch {
	case isOwnerCommand(k):
		return c.owner(k)
	case sysent.FindFileCommand(k.command) != nil:
		return c.metadata(k)
	case k.fd < 0:
		return tracer.Deny(unix.EBADF)
	}
	p.req = c.behind(s, k.fd)
	if v, done := c.resolve(k, p); done {
		return v
	}
	uncheckable := sysent.OfFileSystem(k.command) && p.res.Kind != resolve.Anonymous
	if c.allowed(k, p) && !uncheckable {
		return tracer.Continue()
	}
	v := c.explain(k, p)
	if uncheckable {
		v.Reason = "a command that changes files through any descriptor"
	}
	v.Reason += commandName(k)
	return c.violate(v, unix.EPERM)
}
