package catbox

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// created is a call that makes a file of which more is to be seen than the kernel
// gives it: another owner, or a mode that would keep the true owner from it.
type created struct {
	uid, gid uint32
	setGID   bool // a directory below one with S_ISGID
}

// creates looks at a call that may make a file.
func (f *faker) creates(k *call) tracer.Verdict {
	if k.entry.Op == sysent.OpOpen && k.flags&(unix.O_CREAT|tmpfile) == 0 {
		f.unlock(k)
		return tracer.Continue()
	}
	c := f.cred(k.stop.Process())
	special := c.UID.FS != 0 || c.GID.FS != 0 || f.narrow || f.counts.setGIDDirs > 0 || needsOwner(k)
	if !special {
		if k.entry.Op == sysent.OpOpen {
			f.unlock(k)
		}
		return tracer.Continue()
	}
	p := &f.first
	if _, done := f.c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return tracer.Continue()
	}
	if f.c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 {
		return tracer.Continue()
	}
	if p.res.Exists && k.flags&tmpfile == 0 {
		f.unlock(k)
		return tracer.Continue()
	}
	n := created{uid: c.UID.FS, gid: c.GID.FS}
	if dir := f.directory(k.stop, string(p.res.Path)); dir != nil && dir.Has&fakeroot.HasMode != 0 && dir.Mode&unix.S_ISGID != 0 {
		n.gid, n.setGID = dir.GID, true
	}
	if n == (created{}) && !f.narrow && !needsOwner(k) {
		return tracer.Continue()
	}
	return f.wait(k.stop, n)
}

// needsOwner reports whether the mode of a call that makes a file keeps its owner
// from it.
func needsOwner(k *call) bool {
	switch k.entry.Op {
	case sysent.OpSymlink, sysent.OpBind:
		return false
	case sysent.OpMkdir:
		return k.mode&0o700 != 0o700
	}
	return k.mode&0o600 != 0o600
}

// directory returns the record of the directory of a canonical path.
func (f *faker) directory(s *tracer.Stop, path string) *fakeroot.Record {
	if f.counts.setGIDDirs == 0 {
		return nil
	}
	fd, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	o, ok := f.load(s, fd)
	if !ok || o.record == nil {
		return nil
	}
	r := *o.record
	r.GID = o.attr.GID
	return &r
}

// done records what is to be seen of the file that has been made.
func (n created) done(f *faker, s *tracer.Stop) {
	k, p := &f.k, &f.first
	k.decode(s, s.Call, s.Args)
	if k.entry.Op == sysent.OpOpen {
		p.req = f.descriptor(s, int32(s.Value))
	} else if _, done := f.c.read(k, p, k.path, k.fd, false, false); done {
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
	now := o.attr
	now.UID, now.GID = n.uid, n.gid
	if n.setGID && now.Type() == unix.S_IFDIR {
		now.Mode |= unix.S_ISGID
	}
	if attr.Lacking(o.st.Mode) && now.Type() != unix.S_IFLNK {
		_ = f.setReal(s, &o, now.Mode)
	}
	f.save(s, &o, string(p.res.Path), now, nil)
}

// unlock gives the owner of an existing file the permissions that root would not
// need, before it is opened for writing.
func (f *faker) unlock(k *call) {
	c := f.cred(k.stop.Process())
	if !c.Capable(unix.CAP_DAC_OVERRIDE) || f.uid == 0 {
		return
	}
	p := &f.first
	if _, done := f.c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return
	}
	if path, ok := f.c.resolver.Plain(&p.req); ok && unix.Faccessat(unix.AT_FDCWD, string(path), unix.R_OK|unix.W_OK, unix.AT_EACCESS) != unix.EACCES {
		return
	}
	fd := f.pinRequest(p)
	if fd < 0 {
		return
	}
	defer unix.Close(fd)
	o, ok := f.load(k.stop, fd)
	if !ok || o.st.Uid != f.uid || !attr.Lacking(o.st.Mode) || o.st.Mode&unix.S_IFMT == unix.S_IFLNK || !f.c.allowed(k, p) {
		return
	}
	now := o.attr
	if f.setReal(k.stop, &o, now.Mode) == 0 {
		f.save(k.stop, &o, string(p.res.Path), now, o.xattrs())
	}
}

// access prepares the answer to a question for permission: root may read and write
// every file, and execute those that anybody may.
func (f *faker) access(k *call) { f.unlock(k) }

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
	mode := k.mode & (unix.S_IFMT | 0o7777) &^ mask
	fd, errno := -1, unix.Errno(0)
	name, path := string(p.res.Name), string(p.res.Path)
	err = f.c.asTracee(k.stop, &p.req, func() {
		fd, errno = change.Create(dir, name, attr.Real(unix.S_IFREG|mode&0o777))
	})
	if err != nil || errno != 0 {
		return f.c.carriedOut(k, err, errno)
	}
	defer unix.Close(fd)
	o, ok := f.load(k.stop, fd)
	if !ok {
		return tracer.Deny(unix.EIO)
	}
	now := attr.Attr{Mode: mode, UID: c.UID.FS, GID: c.GID.FS, Rdev: k.device & 0xffffffff}
	if parent := f.directory(k.stop, path); parent != nil && parent.Has&fakeroot.HasMode != 0 && parent.Mode&unix.S_ISGID != 0 {
		now.GID = parent.GID
	}
	f.save(k.stop, &o, path, now, nil)
	f.tell(k, path, now)
	return tracer.Answer(0)
}

