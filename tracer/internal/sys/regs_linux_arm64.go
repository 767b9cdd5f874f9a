package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ntARMSystemCall is NT_ARM_SYSTEM_CALL of linux/elf.h: the register set that
// holds the number of the system call.
const ntARMSystemCall = 0x404

// GetRegs reads the general registers.
func GetRegs(tid int, regs *unix.PtraceRegs) unix.Errno {
	return regset(unix.PTRACE_GETREGSET, tid, unix.NT_PRSTATUS, unsafe.Pointer(regs), unsafe.Sizeof(*regs))
}

// SetRegs writes the general registers. The number of the system call is not
// among them, see [SetNumber].
func SetRegs(tid int, regs *unix.PtraceRegs) unix.Errno {
	return regset(unix.PTRACE_SETREGSET, tid, unix.NT_PRSTATUS, unsafe.Pointer(regs), unsafe.Sizeof(*regs))
}

// SetNumber sets the number of the system call that is about to run; -1 skips it.
func SetNumber(tid int, number int32) unix.Errno {
	return regset(unix.PTRACE_SETREGSET, tid, ntARMSystemCall, unsafe.Pointer(&number), unsafe.Sizeof(number))
}

func regset(request, tid, kind int, p unsafe.Pointer, size uintptr) unix.Errno {
	iov := unix.Iovec{Base: (*byte)(p)}
	iov.SetLen(int(size))
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid),
		uintptr(kind), uintptr(unsafe.Pointer(&iov)), 0, 0)
	return e
}
