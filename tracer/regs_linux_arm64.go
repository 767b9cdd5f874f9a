package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// abis lists the system call ABIs that a process of this machine can use. The
// 32-bit ABI of arm64 has no table: its calls get the answer for foreign ones.
func abis() []sysent.Arch { return []sysent.Arch{sysent.ARM64} }

// registers are the general registers of one stopped tracee.
type registers struct{ unix.PtraceRegs }

func (r *registers) load(tid int) unix.Errno  { return sys.GetRegs(tid, &r.PtraceRegs) }
func (r *registers) store(tid int) unix.Errno { return sys.SetRegs(tid, &r.PtraceRegs) }

func (r *registers) pc() uint64        { return r.Pc }
func (r *registers) result() int64     { return int64(r.Regs[0]) }
func (r *registers) setResult(v int64) { r.Regs[0] = uint64(v) }

// skip makes the call at a seccomp-stop return result without running.
func (r *registers) skip(tid int, result int64) unix.Errno {
	if e := sys.SetNumber(tid, -1); e != 0 {
		return e
	}
	r.setResult(result)
	return r.store(tid)
}

// replace makes another call run in place of the one at a seccomp-stop.
func (r *registers) replace(tid int, _ sysent.Arch, number uint32, args [6]uint64) unix.Errno {
	if e := sys.SetNumber(tid, int32(number)); e != 0 {
		return e
	}
	copy(r.Regs[:6], args[:])
	return r.store(tid)
}

// enter makes a tracee that is not inside a call run one from the instruction at
// pc, see callInstruction.
func (r *registers) enter(tid int, _ sysent.Arch, pc uint64, number uint32, args [6]uint64) unix.Errno {
	r.Pc = pc
	r.Regs[8] = uint64(number)
	copy(r.Regs[:6], args[:])
	return r.store(tid)
}

// rewind makes the call that just ended run again with the given number and
// arguments.
func (r *registers) rewind(tid int, _ sysent.Arch, number uint32, args [6]uint64) unix.Errno {
	r.Pc -= 4
	r.Regs[8] = uint64(number)
	copy(r.Regs[:6], args[:])
	return r.store(tid)
}

// interrupt makes the kernel treat the call that just ended as one with the given
// arguments, which a signal has interrupted and which can be restarted
// (ERESTARTSYS). The register of the number and the kernel's copy of the first
// argument are those of the original call.
func (r *registers) interrupt(tid int, _ sysent.Arch, _ uint32, args [6]uint64) unix.Errno {
	copy(r.Regs[1:6], args[1:])
	r.setResult(restartLast)
	return r.store(tid)
}

// shields says that a tracer can keep a signal from ending an interrupted call with
// EINTR. Here the kernel has looked at the result before the signal-delivery-stop
// (arch/arm64/kernel/signal.c).
const shields = false

// call returns the number and the arguments of the call that is in the registers.
func (r *registers) call(sysent.Arch) (number uint32, args [6]uint64) {
	copy(args[:], r.Regs[:])
	return uint32(r.Regs[8]), args
}

func (r *registers) setArg(_ sysent.Arch, i int, v uint64) { r.Regs[i] = v }

// restoreArg gives an argument register its old value at the end of a call. The
// first one holds the result by then.
func (r *registers) restoreArg(_ sysent.Arch, i int, v uint64) {
	if i > 0 {
		r.Regs[i] = v
	}
}

// callInstruction is the instruction that makes a system call: svc #0.
func callInstruction(sysent.Arch) []byte { return []byte{0x01, 0x00, 0x00, 0xd4} }

// untag removes the tag byte of a pointer (tagged address ABI).
func untag(addr uint64) uint64 { return addr << 8 >> 8 }
