package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Notification mirrors struct seccomp_notif of linux/seccomp.h: a call that waits for
// an answer of the listener.
type Notification struct {
	ID     uint64
	Tid    uint32 // in the pid namespace of the listener, 0 if it is not in there
	Flags  uint32
	Number int32
	Arch   uint32 // AUDIT_ARCH_*
	IP     uint64
	Args   [6]uint64
}

// reply mirrors struct seccomp_notif_resp.
type reply struct {
	id    uint64
	value int64
	errno int32 // negative
	flags uint32
}

// seccomp_notif_sizes of linux/seccomp.h.
type notifySizes struct{ notification, reply, data uint16 }

// NotifyFlags are those of a filter that notifies (seccomp(2)): a call that the
// listener has received waits in a way that only a deadly signal interrupts, Linux
// 5.19. SPEC_ALLOW is for kernels before 5.16.
const NotifyFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV |
	unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW

// SECCOMP_IOCTL_NOTIF_SET_FLAGS and its flag, of Linux 6.6: the wake-ups of both sides
// stay on their CPU, because one of them sleeps as soon as the other has been woken.
const (
	notifySetFlags = 0x40082104
	notifySync     = 1
)

// NotifySizes reports whether the kernel's structures are those of this package.
func NotifySizes() bool {
	var sizes notifySizes
	_, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_NOTIF_SIZES, 0, uintptr(unsafe.Pointer(&sizes)))
	return e == 0 && uintptr(sizes.notification) == unsafe.Sizeof(Notification{}) && uintptr(sizes.reply) == unsafe.Sizeof(reply{})
}

// NotifySync asks for wake-ups that stay on their CPU.
func NotifySync(listener int) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), notifySetFlags, notifySync)
	return e
}

// Receive waits for a call. ENOENT: a thread was killed while its call was handed
// over or, since Linux 6.11, nobody is left that could make one; see NotifyEnded.
func Receive(listener int, n *Notification) unix.Errno {
	*n = Notification{} // or the kernel refuses it
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(n)))
	return e
}

// NotifyEnded waits until a call is there or nobody is left that could make one, and
// reports the latter.
func NotifyEnded(listener int, wait bool) bool {
	fds := [1]unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	timeout := 0
	if wait {
		timeout = -1
	}
	_, _ = unix.Poll(fds[:], timeout)
	return fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// NotifyValid reports whether a call still waits for its answer: its thread is alive, and
// its id is that of no other one.
func NotifyValid(listener int, id uint64) bool {
	_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_ID_VALID, uintptr(unsafe.Pointer(&id)))
	return e == 0
}

// LetRun lets a call run. ENOENT: its thread is gone.
func LetRun(listener int, id uint64) unix.Errno {
	return send(listener, &reply{id: id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
}

// Respond ends a call with a result; one between -4095 and -1 is an errno.
func Respond(listener int, id uint64, result int64) unix.Errno {
	r := reply{id: id, value: result}
	if result < 0 && result >= -4095 {
		r.value, r.errno = 0, int32(result)
	}
	return send(listener, &r)
}

func send(listener int, r *reply) unix.Errno {
	_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(r)))
	return e
}

// TakeDescriptor returns a copy of a descriptor of another process (pidfd_getfd(2),
// Linux 5.6), with O_CLOEXEC.
func TakeDescriptor(pid, fd int) (int, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pidfd)
	return unix.PidfdGetfd(pidfd, fd, 0)
}
