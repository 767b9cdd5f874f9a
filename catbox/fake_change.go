package catbox

import (
	"maps"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
)

// object is a pinned inode with what is real and what is recorded about it.
type object struct {
	fd     int
	st     unix.Stat_t
	record *fakeroot.Record // constant, may be nil
	attr   attr.Attr        // as programs see it
}

// load fills o for a pinned inode.
func (f *faker) load(s *tracer.Stop, fd int) (o object, ok bool) {
	o.fd = fd
	if unix.Fstat(fd, &o.st) != nil {
		return o, false
	}
	o.record = f.recordOf(s, fd, &o.st)
	o.attr = f.show(attr.Attr{Mode: o.st.Mode, UID: o.st.Uid, GID: o.st.Gid, Rdev: o.st.Rdev}, o.record)
	return o, true
}

// save records what is to be seen of o from now on, with extended attributes that
// are not real. What is as it would be seen anyway is not recorded.
func (f *faker) save(s *tracer.Stop, o *object, path string, now attr.Attr, xattrs map[string][]byte) {
	r := &fakeroot.Record{Key: keyOf(&o.st), Path: path, Xattrs: xattrs}
	if o.record != nil {
		r.Birth = o.record.Birth
	} else {
		r.Birth = birthOf(o.fd)
	}
	plain := f.show(attr.Attr{Mode: o.st.Mode, UID: o.st.Uid, GID: o.st.Gid}, nil)
	if now.UID != plain.UID || now.GID != plain.GID || o.record != nil && o.record.Has&(fakeroot.HasUID|fakeroot.HasGID) != 0 {
		r.Has |= fakeroot.HasUID | fakeroot.HasGID
		r.UID, r.GID = now.UID, now.GID
	}
	if now.Mode != plain.Mode {
		r.Has |= fakeroot.HasMode
		r.Mode, r.Rdev = now.Mode, now.Rdev
	}
	if r.Has == 0 && len(xattrs) == 0 {
		if o.record != nil {
			f.drop(s, r.Key)
			delete(f.ghosts, r.Key)
		}
		return
	}
	f.record(s, o.fd, &o.st, r)
}

// xattrs returns the recorded attributes of o, for the caller to change.
func (o *object) xattrs() map[string][]byte {
	if o.record == nil {
		return nil
	}
	return maps.Clone(o.record.Xattrs)
}

// change carries a change of metadata out that the rules allow, on the pinned
// object. done is false for one that is to be made for real.
func (f *faker) change(k *call, fd int, res *resolve.Result, ch *change.Change) (v tracer.Verdict, done bool) {
	switch ch.Kind {
	case change.Mode, change.Owner, change.SetXattr, change.RemoveXattr, change.Times:
	default:
		return v, false
	}
	if res.Kind == resolve.Anonymous { // a pipe or a socket: gone with its last descriptor
		return tracer.Answer(0), ch.Kind == change.Owner
	}
	o, ok := f.load(k.stop, fd)
	if !ok {
		return tracer.Deny(unix.EIO), true
	}
	path, c := string(res.Path), f.cred(k.stop.Process())
	switch ch.Kind {
	case change.Owner:
		return f.chown(k, &o, path, c, ch), true
	case change.Mode:
		return f.chmod(k, &o, path, c, ch.Mode), true
	case change.Times:
		if errno := o.attr.Owns(c); errno != 0 && !ch.Now {
			return tracer.Deny(errno), true
		}
		return v, false
	}
	return f.setXattr(k, &o, path, c, ch)
}

// chown records an owner. It is never tried for real.
func (f *faker) chown(k *call, o *object, path string, c *cred.Cred, ch *change.Change) tracer.Verdict {
	now, dropsCaps, errno := o.attr.Chown(c, ch.UID, ch.GID)
	if errno != 0 {
		return tracer.Deny(errno)
	}
	xattrs := o.xattrs()
	if dropsCaps {
		dropCapabilities(xattrs)
	}
	f.save(k.stop, o, path, now, xattrs)
	f.tell(k, path, now)
	return tracer.Answer(0)
}

// chmod records a mode, and sets the real one so that the owner can do with the file
// what root could.
func (f *faker) chmod(k *call, o *object, path string, c *cred.Cred, mode uint32) tracer.Verdict {
	now, errno := o.attr.Chmod(c, mode)
	if errno != 0 {
		return tracer.Deny(errno)
	}
	xattrs := o.xattrs()
	if list := xattrs[attr.AccessACL]; list != nil {
		xattrs[attr.AccessACL] = attr.ChmodACL(list, now.Mode)
	}
	if errno := f.setReal(k.stop, o, now.Mode); errno != 0 {
		return tracer.Deny(errno)
	}
	f.save(k.stop, o, path, now, xattrs)
	f.tell(k, path, now)
	return tracer.Answer(0)
}

// setReal gives a file the real mode that goes with one that is recorded. Where
// the file belongs to somebody else it stays as it is.
func (f *faker) setReal(s *tracer.Stop, o *object, mode uint32) unix.Errno {
	mode = attr.Real(o.st.Mode&unix.S_IFMT | mode&0o777)
	if o.st.Uid != f.uid || o.st.Mode&0o7777 == mode {
		return 0
	}
	ch := change.Change{Kind: change.Mode, Mode: mode}
	errno := ch.Apply(f.c.resolver.Descriptors(), o.fd)
	switch errno {
	case 0:
		o.st.Mode = o.st.Mode&^0o7777 | mode
	case unix.EPERM: // immutable, or not owned after all: root could
		return 0
	}
	return errno
}

// tell reports a call that was faked.
func (f *faker) tell(k *call, path string, now attr.Attr) {
	f.c.recorder.owner(path, now.UID, now.GID, now.Mode, now.Rdev)
	if f.hooks.Faked == nil {
		return
	}
	err := f.hooks.Faked(Faked{Call: k.entry.Name, Path: path, PID: k.stop.Process().PID(),
		UID: now.UID, GID: now.GID, Mode: now.Mode, Rdev: now.Rdev})
	if err != nil {
		k.stop.Abort(err)
	}
}
