package fakeroot

import (
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Unknown says who owns an inode that has no record of its owner. The zero value is
// what programs see under catbox run --fakeroot.
type Unknown uint8

// The choices.
const (
	UnknownOwn  Unknown = iota // root, if it is of the caller (geteuid(2)), else as it is
	UnknownRoot                // root
	UnknownReal                // as it is
)

// String returns the word for it: own, root or real.
func (u Unknown) String() string {
	return [...]string{"own", "root", "real"}[u]
}

// Entry is an object of a tree as root would have made it. It is valid until the
// function that gets it returns, but for the fields.
type Entry struct {
	Path     string // from the root of the tree: "." or slash-separated, no link in it was followed
	Mode     uint32 // st_mode: type and permissions
	UID      uint32
	GID      uint32
	Rdev     uint64 // st_rdev, of a device
	Size     int64  // of a regular file
	ModTime  time.Time
	Link     string            // target of a symbolic link
	Hardlink string            // Path of the first entry of the same inode, in an entry that is not the first
	Xattrs   map[string][]byte // by their whole names: those of users, capabilities, ACLs, trusted ones
	Record   *Record           // what is faked about it, or nil

	real unix.Statx_t
	fd   int // of the kind O_PATH
}

// IsDir reports whether the entry is a directory.
func (e *Entry) IsDir() bool { return e.is(unix.S_IFDIR) }

// IsRegular reports whether the entry is a regular file: it has content.
func (e *Entry) IsRegular() bool { return e.is(unix.S_IFREG) }

func (e *Entry) is(kind uint32) bool { return e.Mode&unix.S_IFMT == kind }

// Open opens a regular file for reading: the very object, whatever its name leads to by
// now.
func (e *Entry) Open() (*os.File, error) {
	if !e.IsRegular() || e.fd < 0 {
		return nil, &fs.PathError{Op: "open", Path: e.Path, Err: unix.EINVAL}
	}
	fd, err := unix.Open(procName(e.fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: e.Path, Err: err}
	}
	return os.NewFile(uintptr(fd), e.Path), nil
}

// procName returns a path to what a descriptor of the kind O_PATH stands for, for calls
// that take no such descriptor. It leads to a symbolic link itself (proc_pid_fd(5)).
func procName(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// view fills in what is to be seen of an inode with that record.
func (e *Entry) view(unknown Unknown, caller uint32) {
	st := &e.real
	e.Mode, e.UID, e.GID = uint32(st.Mode), st.Uid, st.Gid
	if unknown == UnknownRoot || unknown == UnknownOwn && st.Uid == caller {
		e.UID, e.GID = 0, 0
	}
	e.ModTime = time.Unix(st.Mtime.Sec, int64(st.Mtime.Nsec))
	e.Rdev = unix.Mkdev(st.Rdev_major, st.Rdev_minor)
	if r := e.Record; r != nil {
		if r.Has&HasUID != 0 {
			e.UID = r.UID
		}
		if r.Has&HasGID != 0 {
			e.GID = r.GID
		}
		if r.Has&HasMode != 0 {
			e.Mode, e.Rdev = r.Mode, r.Rdev
		}
	}
	if !IsDevice(e.Mode) {
		e.Rdev = 0
	}
	if e.IsRegular() {
		e.Size = int64(st.Size)
	}
}
