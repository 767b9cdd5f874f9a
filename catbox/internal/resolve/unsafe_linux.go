package resolve

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The wrappers of golang.org/x/sys take paths as strings and copy them for the
// terminating NUL: an allocation for each call. These take a path that already
// ends in a NUL byte, in a buffer that is used again. This is the only file of
// the package that imports unsafe.

// terminated panics on a path without its NUL, which the kernel would read past.
func terminated(path []byte) *byte {
	if path[len(path)-1] != 0 {
		panic("resolve: path without NUL")
	}
	return &path[0]
}

// openat is openat(2), begun again after EINTR.
func openat(dir int, path []byte, flags int) (int, unix.Errno) {
	p := terminated(path)
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(p)), uintptr(flags), 0, 0, 0)
		if e != unix.EINTR {
			return int(fd), e
		}
	}
}

// openat2 is openat2(2) with an O_PATH open, begun again after EINTR.
func openat2(dir int, path []byte, flags int, resolve uint64) (int, unix.Errno) {
	p := terminated(path)
	how := unix.OpenHow{Flags: uint64(flags), Resolve: resolve}
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dir), uintptr(unsafe.Pointer(p)),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		if e != unix.EINTR {
			return int(fd), e
		}
	}
}

// readlinkat is readlinkat(2). It serves procfs and O_PATH descriptors of links.
func readlinkat(dir int, path, buf []byte) (int, unix.Errno) {
	p := terminated(path)
	n, _, e := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(p)),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	return int(n), e
}

// fstatat is newfstatat(2), begun again after EINTR.
func fstatat(dir int, path []byte, st *unix.Stat_t, flags int) unix.Errno {
	p := terminated(path)
	for {
		_, _, e := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(dir), uintptr(unsafe.Pointer(p)),
			uintptr(unsafe.Pointer(st)), uintptr(flags), 0, 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// statx is statx(2) for what this package needs to know.
func statx(dir int, path []byte, flags int, st *unix.Statx_t) unix.Errno {
	return statxMask(dir, path, flags, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, st)
}

// statxMask is statx(2), begun again after EINTR.
func statxMask(dir int, path []byte, flags, mask int, st *unix.Statx_t) unix.Errno {
	p := terminated(path)
	for {
		_, _, e := unix.Syscall6(unix.SYS_STATX, uintptr(dir), uintptr(unsafe.Pointer(p)),
			uintptr(flags), uintptr(mask), uintptr(unsafe.Pointer(st)), 0)
		if e != unix.EINTR {
			return e
		}
	}
}

// getdents is getdents64(2).
func getdents(fd int, buf []byte) (int, unix.Errno) {
	n, _, e := unix.Syscall(unix.SYS_GETDENTS64, uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
	return int(n), e
}

// closefd closes a descriptor that was opened for looking; there is nothing to report.
func closefd(fd int) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}

func statBytes(st *unix.Stat_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}

func statxBytes(st *unix.Statx_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}
