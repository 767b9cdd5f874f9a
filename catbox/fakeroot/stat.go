package fakeroot

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// statxMask is what is asked for about an inode. A file system that does not know the
// time of birth leaves it out (statx(2)).
const statxMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

// keyOf returns the key as stat(2) would have it.
func keyOf(st *unix.Statx_t) Key {
	return Key{Dev: unix.Mkdev(st.Dev_major, st.Dev_minor), Ino: st.Ino}
}

// birthOf returns the time of birth, or 0.
func birthOf(st *unix.Statx_t) int64 {
	if st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}

// dress gives a new file the owner and the permissions of the one it replaces.
func dress(file *os.File, old os.FileInfo) error {
	was, ok := old.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.ErrUnsupported
	}
	var is unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &is); err != nil {
		return err
	}
	if is.Uid != was.Uid || is.Gid != was.Gid {
		if err := unix.Fchown(int(file.Fd()), int(was.Uid), int(was.Gid)); err != nil {
			return err
		}
	}
	return unix.Fchmod(int(file.Fd()), was.Mode&0o7777)
}

// appending makes each write go to the end of the file.
func appending(file *os.File) error {
	flags, err := unix.FcntlInt(file.Fd(), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(file.Fd(), unix.F_SETFL, flags|unix.O_APPEND)
	}
	return err
}
