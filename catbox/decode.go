package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// call is a stopped system call with its arguments in their places. It is
// reused; one is filled for each stop.
type call struct {
	stop  *tracer.Stop
	entry *sysent.Entry
	args  [6]uint64

	fd       int32 // DirFD or FD
	newFD    int32
	path     int // index of the argument, or -1
	newPath  int
	text     int    // link text
	flags    uint32 // open, at or rename flags
	mode     uint32
	uid, gid int // -1 leaves it
	device   uint64
	length   int64
	command  uint32
	xattr    uint32 // XATTR_* flags
	sockaddr int
	addrLen  uint32
	msg      int // Msghdr or MsgVec
	msgCount uint32
	family   uint32
	target   int32 // PID
	pidfd    int32 // -1 if none
	probe    bool  // signal 0, which only asks
	hasFD    bool
	vector   bool // msg is a MsgVec
}

// createFlags are the flags of creat(2), the open call without a flags argument.
const createFlags = unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC

// decode puts the arguments of a call in their places by the roles of its row. It
// reads no memory.
func (k *call) decode(s *tracer.Stop, entry *sysent.Entry, args [6]uint64) {
	*k = call{stop: s, entry: entry, args: args, fd: unix.AT_FDCWD, newFD: unix.AT_FDCWD,
		path: -1, newPath: -1, text: -1, sockaddr: -1, msg: -1, pidfd: -1}
	if entry.Op == sysent.OpOpen {
		k.flags = createFlags
	}
	for i, role := range entry.Args {
		k.place(i, role, args[i])
	}
}

func (k *call) place(i int, role sysent.Role, v uint64) {
	switch role {
	case sysent.DirFD, sysent.FD:
		k.fd, k.hasFD = int32(v), true
	case sysent.NewDirFD:
		k.newFD = int32(v)
	case sysent.Path:
		k.path = i
	case sysent.NewPath:
		k.newPath = i
	case sysent.LinkText:
		k.text = i
	case sysent.OpenFlags, sysent.AtFlags, sysent.RenameFlags:
		k.flags = uint32(v)
	case sysent.FileMode:
		k.mode = uint32(v)
	case sysent.UID:
		k.uid = k.id(v)
	case sysent.GID:
		k.gid = k.id(v)
	case sysent.XattrFlags:
		k.xattr = uint32(v)
	case sysent.Device:
		k.device = v
	case sysent.Length:
		k.length = int64(v)
		if k.stop.Arch == sysent.I386 {
			k.length = int64(int32(v))
		}
	case sysent.LengthHigh:
		k.length = int64(v)<<32 | int64(uint32(k.length))
	case sysent.Command:
		k.command = uint32(v)
	case sysent.Sockaddr:
		k.sockaddr = i
	case sysent.SockaddrLen:
		k.addrLen = uint32(v)
	case sysent.Msghdr, sysent.MsgVec:
		k.msg, k.vector = i, role == sysent.MsgVec
	case sysent.MsgCount:
		k.msgCount = uint32(v)
	case sysent.SockFamily:
		k.family = uint32(v)
	case sysent.PID:
		if k.target == 0 {
			k.target = int32(v)
		}
	case sysent.PIDFD:
		k.pidfd = int32(v)
	case sysent.SignalNumber:
		k.probe = uint32(v) == 0
	}
}

// id returns a user or group id in the width that the call has.
func (k *call) id(v uint64) int {
	bits := k.entry.IDBits(k.stop.Arch)
	v &= 1<<bits - 1
	if v == 1<<bits-1 {
		return -1
	}
	return int(v)
}

// follows reports whether the last component of Path is followed if it is a
// link.
func (k *call) follows() bool {
	switch k.entry.Last {
	case sysent.NoFollow:
		return false
	case sysent.ByAtNoFollow:
		return k.flags&unix.AT_SYMLINK_NOFOLLOW == 0
	case sysent.ByAtFollow:
		return k.flags&unix.AT_SYMLINK_FOLLOW != 0
	case sysent.ByOpenFlags:
		const exclusive = unix.O_CREAT | unix.O_EXCL
		return k.flags&unix.O_NOFOLLOW == 0 && k.flags&exclusive != exclusive
	}
	return true
}

// emptyPath reports whether an empty path names the descriptor.
func (k *call) emptyPath() bool {
	return k.entry.AtMask&k.flags&unix.AT_EMPTY_PATH != 0
}

// nullPath reports whether the path is NULL and so stands for the descriptor.
func (k *call) nullPath() bool {
	return k.path >= 0 && k.entry.NullPath && k.args[k.path] == 0 && k.fd != unix.AT_FDCWD
}

// refusal returns the rule that makes the filter refuse the call whatever its
// arguments point to, or nil.
func (k *call) refusal() *sysent.Rule {
	if r := sysent.Match(k.entry.Confine, &k.args); r != nil && r.Verb == sysent.Refuse {
		return r
	}
	return nil
}
