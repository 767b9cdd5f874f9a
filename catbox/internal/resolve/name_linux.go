package resolve

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// place is an object and, if the walk knows them, its directory and its name
// there.
type place struct {
	fd   int
	dir  int // -1 if unknown
	name []byte
}

// maxTries bounds how often a name is read again after somebody has renamed a
// directory between reading it and looking at it.
const maxTries = 4

// nameOf leaves the name of an object in r.path, without a trailing NUL, and
// returns what it is worth. trusted says that a name that may not be looked at
// is right all the same.
func (r *Resolver) nameOf(at place, trusted bool) (Kind, error) {
	r.path = r.path[:0]
	var st unix.Statx_t
	if e := statx(at.fd, empty, unix.AT_EMPTY_PATH, &st); e != 0 {
		return Unreachable, fmt.Errorf("stat object: %w", e)
	}
	kind := Unreachable
	for range maxTries {
		text, e := r.readName(at.fd)
		if e == unix.ENAMETOOLONG {
			return r.deepName(at, &st, trusted)
		}
		if e != 0 {
			return Unreachable, fmt.Errorf("read name of object: %w", e)
		}
		r.path = append(r.path[:0], text...)
		if kind = r.judge(&st, trusted); kind != Unreachable {
			break
		}
	}
	return kind, nil
}

// readName reads the kernel's name of an own descriptor (proc_pid_fd(5)).
func (r *Resolver) readName(fd int) ([]byte, unix.Errno) {
	r.key = append(strconv.AppendInt(r.key[:0], int64(fd), 10), 0)
	n, e := readlinkat(r.fds, r.key, r.text)
	if e != 0 {
		return nil, e
	}
	if n == 0 || n >= len(r.text) {
		return nil, unix.ENAMETOOLONG
	}
	return r.text[:n], 0
}

// judge compares the object of st with what r.path names, and takes the mark of a
// lost name off r.path.
func (r *Resolver) judge(st *unix.Statx_t, trusted bool) Kind {
	if r.path[0] != '/' {
		return Anonymous
	}
	var named unix.Statx_t
	r.path = append(r.path, 0)
	e := statx(unix.AT_FDCWD, r.path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, &named)
	r.path = r.path[:len(r.path)-1]
	switch {
	case e == 0 && same(st, &named) && !ambiguous(st, &named):
		return Named
	case isDeleted(r.path) && r.isMemfd(st):
		return Anonymous
	case isDeleted(r.path):
		r.path = r.path[:len(r.path)-len(deletedSuffix)]
		return Unlinked
	case e == unix.EACCES && trusted && st.Nlink > 0:
		return Named
	}
	return Unreachable
}

// same reports whether two results of statx are of one inode.
func same(a, b *unix.Statx_t) bool {
	return a.Ino == b.Ino && a.Dev_major == b.Dev_major && a.Dev_minor == b.Dev_minor
}

// ambiguous reports whether one inode seen in two mounts might be two names: a
// detached mount calls its files by names that start at its own root.
func ambiguous(a, b *unix.Statx_t) bool {
	return a.Mnt_id != b.Mnt_id && a.Mode&unix.S_IFMT != unix.S_IFDIR && a.Nlink > 1
}

// isMemfd tells a memfd (memfd_create(2)) from a deleted file of such a name: it
// lives in a file system that is mounted nowhere, so not in that of the root.
func (r *Resolver) isMemfd(st *unix.Statx_t) bool {
	return bytes.HasPrefix(r.path, []byte("/memfd:")) && st.Nlink == 0 &&
		unix.Mkdev(st.Dev_major, st.Dev_minor) != r.rootDev
}
