package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is the kernel's struct sigaction of 64-bit machines.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const saNoCldStop = 1 // SA_NOCLDSTOP

// QuietStops adds SA_NOCLDSTOP to the action of SIGCHLD, for the whole process
// and for good. The handler stays; it is no longer called when a child or tracee
// stops. Without it each ptrace-stop is a signal for the Go runtime too.
func QuietStops() unix.Errno {
	var act sigaction
	if e := rtSigaction(nil, &act); e != 0 || act.flags&saNoCldStop != 0 {
		return e
	}
	act.flags |= saNoCldStop
	return rtSigaction(&act, nil)
}

func rtSigaction(act, old *sigaction) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD),
		uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), unsafe.Sizeof(act.mask), 0, 0)
	return e
}
