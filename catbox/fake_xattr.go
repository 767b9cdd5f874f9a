package catbox

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// capabilityXattr holds the capabilities of a program (capabilities(7)).
const capabilityXattr = "security.capability"

// Extended attributes that only root can set are recorded, xattr(7). Those of the
// class user are real.
const (
	securityPrefix = "security."
	trustedPrefix  = "trusted."
	userPrefix     = "user."
)

// isFakedXattr reports whether an attribute is recorded.
func isFakedXattr(name string) bool {
	return strings.HasPrefix(name, securityPrefix) || strings.HasPrefix(name, trustedPrefix) ||
		name == attr.AccessACL || name == attr.DefaultACL
}

// setXattr records an attribute, or that it is gone.
func (f *faker) setXattr(k *call, o *object, path string, c *cred.Cred, ch *change.Change) (v tracer.Verdict, done bool) {
	name := string(bytes.TrimSuffix(ch.Name, []byte{0}))
	if !isFakedXattr(name) {
		// A placeholder could have what a device cannot.
		return tracer.Deny(unix.EPERM), strings.HasPrefix(name, userPrefix) && fakeroot.IsDevice(o.attr.Mode)
	}
	var errno unix.Errno
	now, xattrs := o.attr, o.xattrs()
	if xattrs == nil {
		xattrs = map[string][]byte{}
	}
	if name == attr.AccessACL || name == attr.DefaultACL {
		now, errno = f.setACL(o, c, name, ch, xattrs)
	} else {
		errno = setPlain(o, c, name, ch, xattrs)
	}
	if errno == 0 && now.Mode != o.attr.Mode {
		errno = f.setReal(k.stop, o, now.Mode)
	}
	if errno != 0 {
		return tracer.Deny(errno), true
	}
	f.save(k.stop, o, path, now, xattrs)
	f.tell(k, path, now)
	return tracer.Answer(0), true
}

// setPlain changes an attribute that is nothing but a value; fs/xattr.c and
// security/commoncap.c have the order of the errors.
func setPlain(o *object, c *cred.Cred, name string, ch *change.Change, xattrs map[string][]byte) unix.Errno {
	value := slices.Clone(ch.Value)
	if name == capabilityXattr {
		var errno unix.Errno
		if value, errno = setCapability(c, ch, value); errno != 0 {
			return errno
		}
	} else if !c.Capable(unix.CAP_SYS_ADMIN) {
		return unix.EPERM
	} else if name == securityPrefix || name == trustedPrefix {
		return unix.EINVAL
	}
	_, there := xattrs[name]
	switch {
	case ch.Kind == change.RemoveXattr && !there, ch.Flags&unix.XATTR_REPLACE != 0 && !there:
		return unix.ENODATA
	case ch.Kind == change.RemoveXattr:
		delete(xattrs, name)
		return 0
	case ch.Flags&unix.XATTR_CREATE != 0 && there:
		return unix.EEXIST
	}
	if value == nil {
		value = []byte{}
	}
	xattrs[name] = value
	return 0
}

// setCapability checks the value of security.capability and returns it as it is kept.
// Anybody may set an empty one, which means nothing.
func setCapability(c *cred.Cred, ch *change.Change, value []byte) ([]byte, unix.Errno) {
	if ch.Kind == change.SetXattr {
		if len(value) == 0 {
			return value, 0
		}
		var ok bool
		if value, ok = capabilityValue(value); !ok {
			return nil, unix.EINVAL
		}
	}
	if !c.Capable(unix.CAP_SETFCAP) {
		return nil, unix.EPERM
	}
	return value, 0
}

// dropCapabilities takes those of a program away. An empty value is none and stays.
func dropCapabilities(xattrs map[string][]byte) {
	if len(xattrs[capabilityXattr]) > 0 {
		delete(xattrs, capabilityXattr)
	}
}

// Sizes and revisions of the value of security.capability
// (kernel include/uapi/linux/capability.h).
const (
	capsSize2, capsSize3         = 20, 24
	capsRevision2, capsRevision3 = 0x02000000, 0x03000000
	capsRevisionMask             = 0xff000000
)

// capabilityValue checks a value and returns it as root sees it afterwards: one of
// revision 3 for the root of this user namespace is one of revision 2.
func capabilityValue(value []byte) ([]byte, bool) {
	if len(value) < 4 {
		return nil, false
	}
	magic := binary.LittleEndian.Uint32(value)
	switch {
	case len(value) == capsSize2 && magic&capsRevisionMask == capsRevision2:
		return value, true
	case len(value) == capsSize3 && magic&capsRevisionMask == capsRevision3:
		if binary.LittleEndian.Uint32(value[capsSize2:]) != 0 {
			return value, true
		}
		binary.LittleEndian.PutUint32(value, magic&^uint32(capsRevisionMask)|capsRevision2)
		return value[:capsSize2], true
	}
	return nil, false
}

// setACL changes an access control list; fs/posix_acl.c has the order of the
// errors. A list that says no more than the mode is not kept.
func (f *faker) setACL(o *object, c *cred.Cred, name string, ch *change.Change, xattrs map[string][]byte) (now attr.Attr, errno unix.Errno) {
	now = o.attr
	empty := true
	if ch.Kind == change.SetXattr {
		if empty, errno = attr.ParseACL(ch.Value); errno != 0 {
			return now, errno
		}
	}
	switch {
	case now.Type() == unix.S_IFLNK:
		return now, unix.EOPNOTSUPP
	case name == attr.DefaultACL && now.Type() != unix.S_IFDIR && empty:
		return now, 0
	case name == attr.DefaultACL && now.Type() != unix.S_IFDIR:
		return now, unix.EACCES
	case now.Owns(c) != 0:
		return now, unix.EPERM
	case !empty && !attr.ValidACL(ch.Value):
		return now, unix.EINVAL
	}
	delete(xattrs, name)
	if empty {
		return now, 0
	}
	if name == attr.DefaultACL {
		xattrs[name] = slices.Clone(ch.Value)
		return now, 0
	}
	mode, equivalent := attr.ModeOfACL(ch.Value, now.Mode)
	if !equivalent {
		xattrs[name] = slices.Clone(ch.Value)
	}
	if !c.InGroup(now.GID) && !c.Capable(unix.CAP_FSETID) {
		mode &^= unix.S_ISGID
	}
	now.Mode = mode
	return now, 0
}

// readXattr answers for attributes that are recorded.
func (f *faker) readXattr(k *call) tracer.Verdict {
	name := ""
	if at := k.entry.Arg(sysent.XattrName); at >= 0 {
		var buf [xattrNameMax + 1]byte
		text, errno := k.stop.ReadString(k.args[at], buf[:])
		if errno != 0 || !isFakedXattr(string(text)) && string(text) != userPrefix {
			return tracer.Continue()
		}
		name = string(text)
	}
	bare := name == trustedPrefix || name == userPrefix
	if f.counts.xattrs == 0 && len(f.ghosts) == 0 && !bare {
		return tracer.Continue()
	}
	fd := f.pin(k, &f.first)
	if fd < 0 {
		return tracer.Continue() // which fails
	}
	defer unix.Close(fd)
	if k.path < 0 && opensNothing(k.stop.Tid, k.fd) {
		return tracer.Deny(unix.EBADF)
	}
	o, ok := f.load(k.stop, fd)
	if ok && bare {
		return f.bareXattr(k, name, &o)
	}
	if !ok || o.record == nil || len(o.record.Xattrs) == 0 {
		return tracer.Continue()
	}
	if name == "" {
		return f.listXattrs(k, &o)
	}
	value, there := o.record.Xattrs[name]
	if !there || strings.HasPrefix(name, trustedPrefix) && !f.cred(k.stop.Process()).Capable(unix.CAP_SYS_ADMIN) {
		return tracer.Continue()
	}
	if name == capabilityXattr && len(value) == 0 { // can be set, but not read
		return tracer.Deny(unix.EINVAL)
	}
	return giveXattr(k, value)
}

// bareXattr answers for the name of a class alone, for which the kernel has two errors.
func (f *faker) bareXattr(k *call, class string, o *object) tracer.Verdict {
	switch {
	case class == trustedPrefix && f.cred(k.stop.Process()).Capable(unix.CAP_SYS_ADMIN):
		return tracer.Deny(unix.EINVAL)
	case class == trustedPrefix, fakeroot.IsDevice(o.attr.Mode):
		return tracer.Deny(unix.ENODATA)
	}
	return tracer.Continue()
}

// giveXattr answers with a value, or with its size.
func giveXattr(k *call, value []byte) tracer.Verdict {
	size := k.word(k.args[k.entry.Arg(sysent.XattrSize)])
	if size == 0 {
		return tracer.Answer(int64(len(value)))
	}
	if size < uint64(len(value)) {
		return tracer.Deny(unix.ERANGE)
	}
	if len(value) > 0 {
		if errno := k.stop.Write(k.word(k.args[k.entry.Arg(sysent.XattrValue)]), value); errno != 0 {
			return tracer.Deny(errno)
		}
	}
	return tracer.Answer(int64(len(value)))
}

// listXattrs answers with the names that are real and those that are recorded.
func (f *faker) listXattrs(k *call, o *object) tracer.Verdict {
	var list []byte
	space := make([]byte, xattrSizeMax)
	if n, err := unix.Listxattr("/proc/self/fd/"+strconv.Itoa(o.fd), space); err == nil {
		list = append(list, space[:n]...)
	}
	admin := f.cred(k.stop.Process()).Capable(unix.CAP_SYS_ADMIN)
	for _, name := range slices.Sorted(maps.Keys(o.record.Xattrs)) {
		if strings.HasPrefix(name, trustedPrefix) && !admin {
			continue
		}
		list = append(append(list, name...), 0)
	}
	return giveXattr(k, list)
}
