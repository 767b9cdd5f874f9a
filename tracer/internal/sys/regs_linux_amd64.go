package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// GetRegs reads the general registers. PTRACE_GETREGS gives the 64-bit layout
// for a 32-bit tracee too; a register set would not.
func GetRegs(tid int, regs *unix.PtraceRegs) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GETREGS, uintptr(tid), 0,
		uintptr(unsafe.Pointer(regs)), 0, 0)
	return e
}

// SetRegs writes the general registers.
func SetRegs(tid int, regs *unix.PtraceRegs) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SETREGS, uintptr(tid), 0,
		uintptr(unsafe.Pointer(regs)), 0, 0)
	return e
}
