package change

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// Kind is what a Change changes. The zero value changes nothing.
type Kind uint8

// The kinds.
const (
	Nothing Kind = iota
	Mode
	Owner
	Times
	SetXattr
	RemoveXattr
	Command // ioctl(2) with a small argument that is read
)

// Change is one change of the metadata of an object, with arguments as the system
// calls have them.
type Change struct {
	Kind     Kind
	Mode     uint32
	UID, GID int // -1 leaves it
	Now      bool
	Times    [2]unix.Timespec // unless Now
	Name     []byte           // of an attribute, with its NUL
	Value    []byte           // of an attribute, or the argument of a command
	Flags    uint32           // of setxattr(2)
	Command  uint32
}

// Apply changes the object that fd stands for, an O_PATH descriptor of the
// caller; fds is an O_PATH descriptor of the caller's /proc/self/fd. It returns
// the errno of the kernel.
func (c *Change) Apply(fds, fd int) unix.Errno {
	var buf [24]byte
	self := append(strconv.AppendInt(buf[:0], int64(fd), 10), 0)
	switch c.Kind {
	case Mode:
		return fchmodat(fds, self, c.Mode)
	case Owner:
		return fchownat(fd, []byte{0}, c.UID, c.GID, unix.AT_EMPTY_PATH)
	case Times:
		if c.Now {
			return utimensat(fds, self, nil)
		}
		return utimensat(fds, self, &c.Times)
	case SetXattr, RemoveXattr:
		return c.xattr(fd)
	case Command:
		return c.command(fds, self, fd)
	}
	return unix.EINVAL
}

// xattr reaches the object by its link in procfs: these calls know no descriptor
// of the kind O_PATH before Linux 6.13.
func (c *Change) xattr(fd int) unix.Errno {
	var buf [40]byte
	self := append(strconv.AppendInt(append(buf[:0], "/proc/self/fd/"...), int64(fd), 10), 0)
	if c.Kind == RemoveXattr {
		return removexattr(self, c.Name)
	}
	return setxattr(self, c.Name, c.Value, c.Flags)
}

// command opens the object for reading, which is enough for these commands. Only
// what can be opened without an effect is: regular files and directories.
func (c *Change) command(fds int, self []byte, fd int) unix.Errno {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return unix.EBADF
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
	default:
		return unix.ENOTTY
	}
	open, e := openat(fds, self, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if e != 0 {
		return e
	}
	defer unix.Close(open)
	return ioctl(open, c.Command, c.Value)
}

// Create makes an empty file in the directory that dir is a descriptor of, with
// exactly these permissions, and returns a descriptor of it.
func Create(dir int, name string, perm uint32) (int, unix.Errno) {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, perm)
	if err != nil {
		return -1, sysErrno(err)
	}
	if err := unix.Fchmod(fd, perm); err != nil { // whatever the umask is
		unix.Close(fd)
		return -1, sysErrno(err)
	}
	return fd, 0
}

func sysErrno(err error) unix.Errno {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return unix.EIO
}
