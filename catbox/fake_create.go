package catbox

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// created is a call that makes a file of which more is to be seen than the kernel
// gives it: another owner, or a mode that would keep the true owner from it.
type created struct {
	uid, gid uint32
	setGID   bool   // a directory below one with S_ISGID
	stranger bool   // the process may not hand on the group of its directory
	acl      string // the default access control list of its directory
}

const setID = unix.S_ISUID | unix.S_ISGID

// creates looks at a call that may make a file.
func (f *faker) creates(k *call) tracer.Verdict {
	if k.entry.Op == sysent.OpOpen && k.flags&(unix.O_CREAT|tmpfile) == 0 {
		return f.opens(k)
	}
	c := f.cred(k.stop.Process())
	special := c.UID.FS != 0 || c.GID.FS != 0 || f.narrow || f.counts.special > 0 || needsOwner(k)
	if !special {
		return f.opens(k)
	}
	p := &f.first
	if !f.target(k, p, k.follows(), k.emptyPath()) {
		return tracer.Continue()
	}
	if f.c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 {
		return tracer.Continue()
	}
	if p.res.Exists && k.flags&tmpfile == 0 {
		return f.opens(k)
	}
	path := string(p.res.Path)
	if k.flags&tmpfile != 0 { // the directory itself
		path += "/"
	}
	n := f.created(k, c, path)
	if n == (created{}) && !f.narrow && !needsOwner(k) {
		return tracer.Continue()
	}
	return f.wait(k.stop, n)
}

// opens looks at an open of a file that is there already, or that is made as it shows.
func (f *faker) opens(k *call) tracer.Verdict {
	if k.entry.Op != sysent.OpOpen {
		return tracer.Continue()
	}
	return f.empties(k, k.flags&unix.O_TRUNC != 0)
}

// decode is call.decode for calls that may stand in socketcall(2).
func (f *faker) decode(k *call, s *tracer.Stop) (ok bool) {
	k.decode(s, s.Call, s.Args)
	if k.entry.Args[1] != sysent.SocketcallArgs {
		return true
	}
	_, done := f.c.unpack(k)
	return !done
}

// target reads the path of a call that makes a file; that of bind(2) is in its
// address.
func (f *faker) target(k *call, p *place, follow, empty bool) (ok bool) {
	if k.sockaddr < 0 {
		_, done := f.c.read(k, p, k.path, k.fd, follow, empty)
		return !done
	}
	addr := f.c.sock[:min(k.addrLen, unix.SizeofSockaddrUnix)]
	if len(addr) < 2 || k.stop.ReadFull(k.word(k.args[k.sockaddr]), addr) != 0 {
		return false
	}
	a := decodeAddress(addr)
	p.req = resolve.Request{Tgid: k.stop.Process().PID(), Tid: k.stop.Tid, DirFD: unix.AT_FDCWD, Path: a.path,
		Entry: true, SameRoot: f.c.sameRoot}
	return a.family == unix.AF_UNIX && a.path != nil
}

// needsOwner reports whether the mode of a call that makes a file keeps its owner
// from it, or has set-id bits, which are never real: the kernel would take them away
// when somebody writes who is not root.
func needsOwner(k *call) bool {
	switch k.entry.Op {
	case sysent.OpSymlink, sysent.OpBind:
		return false
	case sysent.OpMkdir:
		return k.mode&0o700 != 0o700
	}
	return k.mode&0o600 != 0o600 || k.mode&setID != 0
}

// created returns what a file gets that a process makes at a canonical path: its own
// ids, and what the directory hands on.
func (f *faker) created(k *call, c *cred.Cred, path string) created {
	n := created{uid: c.UID.FS, gid: c.GID.FS}
	if f.counts.special == 0 {
		return n
	}
	fd, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return n
	}
	defer unix.Close(fd)
	dir, ok := f.load(k.stop, fd)
	if !ok || dir.record == nil {
		return n
	}
	if dir.record.Has&fakeroot.HasMode != 0 && dir.attr.Mode&unix.S_ISGID != 0 {
		n.gid, n.setGID = dir.attr.GID, true
		n.stranger = !c.InGroup(n.gid) && !c.Capable(unix.CAP_FSETID)
	}
	n.acl = string(dir.record.Xattrs[attr.DefaultACL])
	return n
}

// apply gives a file of a mode what its directory hands on. wanted are the permission
// bits that the call asks for, without the umask, which does not count where the
// directory has a list.
func (n *created) apply(mode, wanted uint32) (now attr.Attr, xattrs map[string][]byte) {
	if n.acl != "" {
		mode = mode&unix.S_IFMT | wanted
	}
	now = attr.Attr{Mode: mode, UID: n.uid, GID: n.gid}
	dir := now.Type() == unix.S_IFDIR
	const program = unix.S_ISGID | unix.S_IXGRP
	switch {
	case n.setGID && dir:
		now.Mode |= unix.S_ISGID
	case n.stranger && wanted&program == program:
		now.Mode &^= unix.S_ISGID
	}
	if n.acl == "" || now.Type() == unix.S_IFLNK {
		return now, nil
	}
	xattrs = map[string][]byte{}
	list, mode, equivalent := attr.InheritACL([]byte(n.acl), now.Mode)
	now.Mode = mode
	if !equivalent {
		xattrs[attr.AccessACL] = list
	}
	if dir {
		xattrs[attr.DefaultACL] = []byte(n.acl)
	}
	return now, xattrs
}

// wanted returns the permission bits that a call asks for, of which a new file really
// got others.
func wanted(k *call, made uint32) uint32 {
	switch k.entry.Op {
	case sysent.OpOpen, sysent.OpMknod:
		return k.mode & 0o7777
	case sysent.OpMkdir:
		return k.mode & (0o777 | unix.S_ISVTX)
	}
	return made & 0o7777
}

// done records what is to be seen of the file that has been made.
func (n created) done(f *faker, s *tracer.Stop) {
	k, p := &f.k, &f.first
	if !f.decode(k, s) {
		return
	}
	if k.entry.Op == sysent.OpOpen {
		p.req = f.c.behind(s, int32(s.Value))
	} else if !f.target(k, p, false, false) {
		return
	}
	p.req.Follow, p.req.Entry = false, false
	fd := f.pinRequest(p)
	if fd < 0 {
		return
	}
	defer unix.Close(fd)
	o, ok := f.load(s, fd)
	if !ok || o.record != nil || o.st.Uid != f.uid || !f.c.allowed(k, p) {
		return
	}
	if k.entry.Op == sysent.OpRename && o.attr.Type() != unix.S_IFCHR {
		return // nothing was moved, and there is no whiteout
	}
	now, xattrs := n.apply(o.attr.Mode, wanted(k, o.attr.Mode))
	if (attr.Lacking(o.st.Mode) || o.st.Mode&setID != 0 || n.acl != "") && now.Type() != unix.S_IFLNK {
		_ = f.setReal(s, &o, now.Mode)
	}
	f.save(s, &o, string(p.res.Path), now, xattrs)
}

// empties looks at a call that opens an existing file, or changes its length.
func (f *faker) empties(k *call, truncates bool) tracer.Verdict {
	f.unlock(k)
	if truncates && f.counts.setIDs+f.counts.capabilities > 0 {
		return f.wait(k.stop, truncated{})
	}
	return tracer.Continue()
}

// truncated is a call that changes the length of a file, which takes privileges from
// it (inode(7), capabilities(7)). That write(2) does so too is not seen.
type truncated struct{}

func (truncated) done(f *faker, s *tracer.Stop) {
	k, p := &f.k, &f.first
	k.decode(s, s.Call, s.Args)
	var fd int
	if k.entry.Op == sysent.OpOpen {
		p.req = f.c.behind(s, int32(s.Value))
		fd = f.pinRequest(p)
	} else {
		fd = f.pin(k, p)
	}
	if fd < 0 {
		return
	}
	defer unix.Close(fd)
	o, ok := f.load(s, fd)
	if !ok || o.record == nil || o.attr.Type() != unix.S_IFREG {
		return
	}
	xattrs := o.xattrs()
	dropCapabilities(xattrs)
	f.save(s, &o, string(p.res.Path), o.attr.Written(f.cred(s.Process())), xattrs)
}

// unlock gives the owner of an existing file the permissions that root would not
// need, before it is opened for writing.
func (f *faker) unlock(k *call) {
	if k.flags&unix.O_EXCL != 0 && k.flags&unix.O_CREAT != 0 {
		return
	}
	p := &f.first
	fd := f.locked(k, p, openAccess(k.flags))
	if fd < 0 {
		return
	}
	defer unix.Close(fd)
	o, ok := f.load(k.stop, fd)
	if !ok || o.st.Uid != f.uid || !attr.Lacking(o.st.Mode) || !f.c.allowed(k, p) {
		return
	}
	now := o.attr
	if f.setReal(k.stop, &o, now.Mode) == 0 {
		f.save(k.stop, &o, string(p.res.Path), now, o.xattrs())
	}
}

// openAccess returns what access(2) calls the access that an open wants.
func openAccess(flags uint32) uint32 {
	want := uint32(0)
	if flags&unix.O_ACCMODE != unix.O_WRONLY {
		want |= unix.R_OK
	}
	if flags&unix.O_ACCMODE != unix.O_RDONLY || flags&unix.O_TRUNC != 0 {
		want |= unix.W_OK
	}
	return want
}

// locked pins an object that the true user may not access while root could. It
// returns -1 for all others, which it tells by one quick call in most cases.
func (f *faker) locked(k *call, p *place, want uint32) int {
	if !f.cred(k.stop.Process()).Capable(unix.CAP_DAC_OVERRIDE) || f.uid == 0 {
		return -1
	}
	if _, done := f.c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return -1
	}
	if !f.c.sameRights(k.stop) { // the tracer may access everything itself
		if f.c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 || !p.res.Exists || p.res.Mode>>6&want == want {
			return -1
		}
		return f.pinRequest(p)
	}
	path, ok := f.c.resolver.Plain(&p.req)
	if ok && unix.Faccessat(unix.AT_FDCWD, string(path), want, unix.AT_EACCESS) != unix.EACCES {
		return -1
	}
	return f.pinRequest(p)
}

// access answers a question for permission about a file that the true user may not
// access: root may read and write it, and execute it if anybody may.
func (f *faker) access(k *call) tracer.Verdict {
	want := uint32(k.args[k.entry.Arg(sysent.AccessMode)])
	if want&^uint32(unix.R_OK|unix.W_OK|unix.X_OK) != 0 || want == unix.F_OK {
		return tracer.Continue()
	}
	fd := f.locked(k, &f.first, want)
	if fd < 0 {
		return tracer.Continue()
	}
	defer unix.Close(fd)
	o, ok := f.load(k.stop, fd)
	if !ok || o.st.Uid != f.uid || f.mayAccess(&o, want) || want&unix.X_OK != 0 && o.attr.Type() != unix.S_IFDIR && o.attr.Mode&0o111 == 0 {
		return tracer.Continue() // the kernel answers
	}
	return tracer.Answer(0)
}

// mayAccess reports whether the true owner may access a file.
func (f *faker) mayAccess(o *object, want uint32) bool {
	return o.st.Mode>>6&want == want
}

// mknod makes an empty file in the place of a device that the rules allow to be
// there.
func (f *faker) mknod(k *call, p *place) tracer.Verdict {
	c := f.cred(k.stop.Process())
	if !p.res.Exists && !c.Capable(unix.CAP_MKNOD) {
		return tracer.Deny(unix.EPERM)
	}
	p.req.Entry, p.req.Follow = true, false
	dir, err := f.c.resolver.PinEntry(&p.req, &p.res)
	if dir >= 0 {
		defer unix.Close(dir)
	}
	if v, done := f.c.walked(k, p, err); done {
		return v
	}
	if errno, _ := order(k, &p.res, nil, nil); errno != 0 {
		return tracer.Deny(errno)
	}
	if dir < 0 || !f.c.allowed(k, p) && f.c.policy.action != Report {
		return f.c.violate(f.c.explain(k, p), unix.EACCES)
	}
	mask, err := umask(k.stop.Tid)
	if err != nil {
		return tracer.Deny(unix.ESRCH)
	}
	n := f.created(k, c, string(p.res.Path))
	now, xattrs := n.apply(k.mode&(unix.S_IFMT|0o7777)&^mask, k.mode&0o7777)
	now.Rdev = k.device & 0xffffffff
	fd, errno := -1, unix.Errno(0)
	name, path := string(p.res.Name), string(p.res.Path)
	err = f.c.asTracee(k.stop, &p.req, func() {
		fd, errno = change.Create(dir, name, attr.Real(unix.S_IFREG|now.Mode&0o777))
	})
	if err != nil || errno != 0 {
		return f.c.carriedOut(k, err, errno)
	}
	defer unix.Close(fd)
	o, ok := f.load(k.stop, fd)
	if !ok {
		return tracer.Deny(unix.EIO)
	}
	f.save(k.stop, &o, path, now, xattrs)
	f.tell(k, path, now)
	return tracer.Answer(0)
}
