package change

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The wrappers of golang.org/x/sys copy each path for its NUL, emulate what the
// kernel does not have, or change all threads of the process (setgroups). These
// are the bare calls, on the calling thread. Names end in a NUL byte. This is the
// only file of the package that imports unsafe.

func fchmodat(dir int, path []byte, mode uint32) unix.Errno {
	_, _, e := unix.Syscall(unix.SYS_FCHMODAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(mode))
	return e
}

func fchownat(dir int, path []byte, uid, gid, flags int) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_FCHOWNAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(uid), uintptr(gid), uintptr(flags), 0)
	return e
}

func utimensat(dir int, path []byte, times *[2]unix.Timespec) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(times)), 0, 0, 0)
	return e
}

func setxattr(path, name, value []byte, flags uint32) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_SETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
		uintptr(unsafe.Pointer(unsafe.SliceData(value))), uintptr(len(value)), uintptr(flags), 0)
	return e
}

func removexattr(path, name []byte) unix.Errno {
	_, _, e := unix.Syscall(unix.SYS_REMOVEXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])), 0)
	return e
}

func openat(dir int, path []byte, flags int) (int, unix.Errno) {
	fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])), uintptr(flags), 0, 0, 0)
	return int(fd), e
}

func ioctl(fd int, command uint32, arg []byte) unix.Errno {
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(command), uintptr(unsafe.Pointer(unsafe.SliceData(arg))))
	return e
}

func renameat2(from int, old []byte, to int, name []byte, flags uint32) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_RENAMEAT2, uintptr(from), uintptr(unsafe.Pointer(&old[0])), uintptr(to),
		uintptr(unsafe.Pointer(&name[0])), uintptr(flags), 0)
	return e
}

func linkat(from int, old []byte, to int, name []byte, flags int) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_LINKAT, uintptr(from), uintptr(unsafe.Pointer(&old[0])), uintptr(to),
		uintptr(unsafe.Pointer(&name[0])), uintptr(flags), 0)
	return e
}

func connect(fd int, sockaddr []byte) unix.Errno {
	_, _, e := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sockaddr[0])), uintptr(len(sockaddr)))
	return e
}

func setfsuid(uid uint32) { _, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0) }
func setfsgid(gid uint32) { _, _, _ = unix.RawSyscall(unix.SYS_SETFSGID, uintptr(gid), 0, 0) }

const leave = ^uintptr(0) // an id that stays

func seteuid(uid uint32) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_SETRESUID, leave, uintptr(uid), leave)
	return e
}

func setegid(gid uint32) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_SETRESGID, leave, uintptr(gid), leave)
	return e
}

func setgroups(groups []uint32) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0)
	return e
}
