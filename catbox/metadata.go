package catbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Landlock knows no right to change metadata, so that nothing would stand behind
// the check of such a call. The tracer carries it out itself: it opens the object,
// checks the name of what it has opened, and changes that.

// xattrNameMax and xattrSizeMax bound extended attributes (<linux/limits.h>).
const (
	xattrNameMax = 255
	xattrSizeMax = 65536
)

// metadata decides about a call that changes the metadata of an object, and
// carries it out.
func (c *confiner) metadata(k *call) tracer.Verdict {
	p, ch := &c.first, &c.change
	switch errno := c.readChange(k, ch); {
	case errno == 0:
	case ch.Kind == change.Command && opensNothing(k.stop.Tid, k.fd):
		return tracer.Deny(unix.EBADF)
	case errno == unix.EINVAL, errno == unix.ERANGE, errno == unix.E2BIG:
		return tracer.Deny(errno)
	default:
		return c.unreadable(k, errno)
	}
	if ch.Kind == change.Times && !ch.Now && ch.Times[0].Nsec == unix.UTIME_OMIT && ch.Times[1].Nsec == unix.UTIME_OMIT {
		return tracer.Answer(0) // the kernel does not even look at the path
	}
	if v, done := c.metadataRequest(k, p); done {
		return v
	}
	return c.changePinned(k, p, ch)
}

// metadataRequest reads the path of the call, or names its descriptor.
func (c *confiner) metadataRequest(k *call, p *place) (v tracer.Verdict, done bool) {
	if k.nullPath() && k.flags != 0 {
		return tracer.Deny(unix.EINVAL), true
	}
	if k.path >= 0 {
		return c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath())
	}
	if k.fd < 0 {
		return tracer.Deny(unix.EBADF), true
	}
	p.req = c.behind(k.stop, k.fd)
	return v, false
}

// changePinned opens the object, checks and changes it.
func (c *confiner) changePinned(k *call, p *place, ch *change.Change) tracer.Verdict {
	fd, err := c.resolver.Pin(&p.req, &p.res)
	if fd >= 0 {
		defer unix.Close(fd)
	}
	if v, done := c.walked(k, p, err); done {
		return v
	}
	if errno, effect := order(k, &p.res, nil, nil); errno != 0 || !effect {
		return tracer.Deny(errno)
	}
	direct := k.path < 0 || k.nullPath()
	if direct && opensNothing(k.stop.Tid, k.fd) {
		return tracer.Deny(unix.EBADF)
	}
	if !c.allowed(k, p) {
		v := c.explain(k, p)
		errno := unix.EACCES
		if ch.Kind == change.Command {
			v.Reason += commandName(k)
			errno = unix.EPERM
		}
		if v := c.violate(v, errno); c.policy.action != Report {
			return v
		}
	}
	if c.fake != nil {
		if v, done := c.fake.change(k, fd, &p.res, ch); done {
			return v
		}
	}
	if c.policy.action == Report {
		return tracer.Continue()
	}
	var errno unix.Errno
	err = c.asTracee(k.stop, &p.req, func() { errno = ch.Apply(c.resolver.Descriptors(), fd) })
	return c.carriedOut(k, err, errno)
}

// carriedOut answers a call that the tracer has carried out. err says that it
// could not be.
func (c *confiner) carriedOut(k *call, err error, errno unix.Errno) tracer.Verdict {
	var denied unix.Errno
	switch {
	case errors.As(err, &denied):
		return tracer.Deny(denied)
	case err != nil:
		k.stop.Abort(err)
		return tracer.Deny(unix.EIO)
	case errno != 0:
		return tracer.Deny(errno)
	}
	return tracer.Answer(0)
}

// opensNothing reports whether a descriptor of a thread is one of the kind O_PATH,
// which these calls refuse (open(2)).
func opensNothing(tid int, fd int32) bool {
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, fd))
	if err != nil {
		return true // closed meanwhile
	}
	flags, ok := infoField(info, "flags:", 8)
	return !ok || flags&unix.O_PATH != 0
}

// readChange reads what the call is to change, in the order in which the kernel
// reads it before it looks at the object.
func (c *confiner) readChange(k *call, ch *change.Change) unix.Errno {
	*ch = change.Change{Name: ch.Name[:0], Value: ch.Value[:0], Mode: k.mode}
	switch k.entry.Op {
	case sysent.OpChmod:
		ch.Kind = change.Mode
	case sysent.OpChown:
		ch.Kind, ch.UID, ch.GID = change.Owner, k.uid, k.gid
	case sysent.OpUtimes:
		ch.Kind = change.Times
		return c.readTimes(k, ch)
	case sysent.OpSetXattr:
		ch.Kind, ch.Flags = change.SetXattr, k.xattr
		return c.readXattr(k, ch)
	case sysent.OpRemoveXattr:
		ch.Kind = change.RemoveXattr
		return c.readXattr(k, ch)
	default:
		ch.Kind = change.Command
		command := sysent.FindFileCommand(k.command)
		ch.Command, ch.Value = command.Native, slices.Grow(ch.Value, command.Size)[:command.Size]
		return k.stop.ReadFull(k.args[2], ch.Value)
	}
	return 0
}

// readXattr reads the name and the value of an attribute; fs/xattr.c,
// setxattr_copy, has the order and the errors.
func (c *confiner) readXattr(k *call, ch *change.Change) unix.Errno {
	if ch.Flags&^(unix.XATTR_CREATE|unix.XATTR_REPLACE) != 0 {
		return unix.EINVAL
	}
	var buf [xattrNameMax + 1]byte
	name, errno := k.stop.ReadString(k.args[k.entry.Arg(sysent.XattrName)], buf[:])
	switch {
	case errno == unix.ENAMETOOLONG || errno == 0 && len(name) == 0:
		return unix.ERANGE
	case errno != 0:
		return errno
	}
	ch.Name = append(append(ch.Name, name...), 0)
	at := k.entry.Arg(sysent.XattrSize)
	if at < 0 {
		return 0
	}
	size := k.word(k.args[at])
	if size > xattrSizeMax {
		return unix.E2BIG
	}
	ch.Value = slices.Grow(ch.Value, int(size))[:size]
	if size == 0 {
		return 0
	}
	return k.stop.ReadFull(k.args[k.entry.Arg(sysent.XattrValue)], ch.Value)
}

// readTimes reads the times in the format of the call.
func (c *confiner) readTimes(k *call, ch *change.Change) unix.Errno {
	at := k.word(k.args[k.entry.Arg(sysent.TimesArg)])
	if at == 0 {
		ch.Now = true
		return 0
	}
	width := k.stop.Arch.PointerSize()
	if k.entry.Times == sysent.Timespecs64 {
		width = 8
	}
	var buf [32]byte
	words := 4
	if k.entry.Times == sysent.Utimbuf {
		words = 2
	}
	if errno := k.stop.ReadFull(at, buf[:words*width]); errno != 0 {
		return errno
	}
	var n [4]int64
	for i := range words {
		if width == 4 {
			n[i] = int64(int32(binary.NativeEndian.Uint32(buf[4*i:])))
		} else {
			n[i] = int64(binary.NativeEndian.Uint64(buf[8*i:]))
		}
	}
	return setTimes(k, ch, n)
}

// setTimes turns the words of the call's format into times.
func setTimes(k *call, ch *change.Change, n [4]int64) unix.Errno {
	switch k.entry.Times {
	case sysent.Utimbuf:
		n = [4]int64{n[0], 0, n[1], 0}
	case sysent.Timevals:
		for _, usec := range []int64{n[1], n[3]} {
			if usec < 0 || usec >= 1e6 {
				return unix.EINVAL
			}
		}
		n[1], n[3] = n[1]*1000, n[3]*1000
	case sysent.Timespecs64:
		if k.stop.Arch == sysent.I386 { // the upper half is padding
			n[1], n[3] = n[1]&0xffffffff, n[3]&0xffffffff
		}
	}
	ch.Times = [2]unix.Timespec{{Sec: n[0], Nsec: n[1]}, {Sec: n[2], Nsec: n[3]}}
	return 0
}

// word returns an argument of the size of a pointer.
func (k *call) word(v uint64) uint64 { return word(k.stop, v) }

func word(s *tracer.Stop, v uint64) uint64 {
	if s.Arch == sysent.I386 {
		return v & 0xffffffff
	}
	return v
}
