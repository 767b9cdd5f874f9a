package change

import "golang.org/x/sys/unix"

// Connect is connect(2) for a copy of a socket that has the status flags given. It
// does not wait, and returns EAGAIN or EINPROGRESS instead. The flag for that
// belongs to the socket and so to the tracee, too, but the socket is of no use to
// anybody until it is connected.
func Connect(fd, flags int, sockaddr []byte) unix.Errno {
	if flags&unix.O_NONBLOCK == 0 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags|unix.O_NONBLOCK); err != nil {
			return unix.EBADF
		}
		defer func() { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags) }()
	}
	return connect(fd, sockaddr)
}
