package change

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Entry is a name in a directory that is pinned by an O_PATH descriptor.
type Entry struct {
	Dir  int
	Name []byte // with its NUL
}

// Rename is renameat2(2).
func Rename(from, to Entry, flags uint32) unix.Errno {
	return renameat2(from.Dir, from.Name, to.Dir, to.Name, flags)
}

// Link is linkat(2) for a directory entry, which is not followed.
func Link(from, to Entry) unix.Errno { return linkat(from.Dir, from.Name, to.Dir, to.Name, 0) }

// LinkObject is linkat(2) for an object that is pinned by an O_PATH descriptor;
// fds is as for Change.Apply.
func LinkObject(fds, fd int, to Entry) unix.Errno {
	self := append(strconv.AppendInt(nil, int64(fd), 10), 0)
	return linkat(fds, self, to.Dir, to.Name, unix.AT_SYMLINK_FOLLOW)
}
