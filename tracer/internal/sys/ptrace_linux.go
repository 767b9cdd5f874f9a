package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// SyscallInfo mirrors struct ptrace_syscall_info of linux/ptrace.h (Linux 5.3).
// Number and Args are valid for OpEntry and OpSeccomp, Number holds the result
// for OpExit.
type SyscallInfo struct {
	Op     uint8
	_      [3]uint8
	Arch   uint32 // AUDIT_ARCH_*
	IP     uint64
	SP     uint64
	Number uint64
	Args   [6]uint64
	Data   uint32
	_      uint32
}

// Values of SyscallInfo.Op.
const (
	OpNone    = 0
	OpEntry   = 1
	OpExit    = 2
	OpSeccomp = 3
)

// Ptrace makes one ptrace request and returns its errno.
func Ptrace(request, tid int, addr, data uintptr) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, data, 0, 0)
	return e
}

// GetSyscallInfo fills info for a stopped tracee.
func GetSyscallInfo(tid int, info *SyscallInfo) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(tid),
		unsafe.Sizeof(*info), uintptr(unsafe.Pointer(info)), 0, 0)
	return e
}

// GetEventMsg returns the message of the ptrace event that stopped the tracee:
// the id of a newborn, or the former id of a thread that executed a program.
func GetEventMsg(tid int) (uint64, unix.Errno) {
	var msg uint64
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETEVENTMSG, uintptr(tid),
		0, uintptr(unsafe.Pointer(&msg)), 0, 0)
	return msg, e
}

// Peek reads one word of the tracee's memory by PTRACE_PEEKDATA.
func Peek(tid int, addr uintptr) (uint64, unix.Errno) {
	var word uint64
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_PEEKDATA, uintptr(tid),
		addr, uintptr(unsafe.Pointer(&word)), 0, 0)
	return word, e
}

// Poke writes one word of the tracee's memory by PTRACE_POKEDATA. It reaches
// private mappings that the tracee itself cannot write.
func Poke(tid int, addr uintptr, word uint64) unix.Errno {
	return Ptrace(unix.PTRACE_POKEDATA, tid, addr, uintptr(word))
}

// Wait waits on the calling thread for any of its own children and tracees, and
// for those of no other thread. It blocks; usage may be nil.
func Wait(options int, status *unix.WaitStatus, usage *unix.Rusage) (int, unix.Errno) {
	var s int32
	tid, _, e := unix.Syscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&s)),
		uintptr(options), uintptr(unsafe.Pointer(usage)), 0, 0)
	*status = unix.WaitStatus(s)
	return int(tid), e
}

// Mine reports whether a thread is a child or tracee of the calling thread; a dead
// one that nobody has waited for is (waitid(2)). It reaps nothing.
func Mine(tid int) bool { return belongs(tid, unix.WNOTHREAD) }

// Ours is Mine for all threads of this process.
func Ours(tid int) bool { return belongs(tid, 0) }

func belongs(tid, options int) bool {
	_, _, e := unix.RawSyscall6(unix.SYS_WAITID, unix.P_PID, uintptr(tid), 0,
		uintptr(options)|unix.WEXITED|unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, 0, 0)
	return e == 0
}

// Childless reports whether the calling thread has neither children nor tracees,
// dead ones that nobody has waited for included (waitid(2)). It reaps nothing.
// Where it may not ask, it says yes: no other thread could tell more.
func Childless() bool {
	_, _, e := unix.Syscall6(unix.SYS_WAITID, unix.P_ALL, 0, 0,
		unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL|unix.WNOTHREAD, 0, 0)
	return e != 0
}
