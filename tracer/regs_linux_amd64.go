package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// abis lists the system call ABIs that a process of this machine can use, the
// native one first.
func abis() []sysent.Arch { return []sysent.Arch{sysent.AMD64, sysent.I386} }

// registers are the general registers of one stopped tracee.
type registers struct{ unix.PtraceRegs }

func (r *registers) load(tid int) unix.Errno  { return sys.GetRegs(tid, &r.PtraceRegs) }
func (r *registers) store(tid int) unix.Errno { return sys.SetRegs(tid, &r.PtraceRegs) }

func (r *registers) pc() uint64        { return r.Rip }
func (r *registers) result() int64     { return int64(r.Rax) }
func (r *registers) setResult(v int64) { r.Rax = uint64(v) }

// skip makes the call at a seccomp-stop return result without running.
func (r *registers) skip(tid int, result int64) unix.Errno {
	r.Orig_rax = ^uint64(0)
	r.Rax = uint64(result)
	return r.store(tid)
}

// replace makes another call run in place of the one at a seccomp-stop.
func (r *registers) replace(tid int, arch sysent.Arch, number uint32, args [6]uint64) unix.Errno {
	r.Orig_rax = uint64(number)
	r.setArgs(arch, args)
	return r.store(tid)
}

// enter makes a tracee that is not inside a call run one from the instruction at
// pc, see callInstruction.
func (r *registers) enter(tid int, arch sysent.Arch, pc uint64, number uint32, args [6]uint64) unix.Errno {
	r.Rip = pc
	r.Rax = uint64(number)
	r.Orig_rax = ^uint64(0) // no restart of a call that was interrupted here
	r.setArgs(arch, args)
	return r.store(tid)
}

// rewind makes the call that just ended run again with the given number and
// arguments. Both call instructions are two bytes, and the kernel returns from
// sysenter behind an int 0x80 for this purpose.
func (r *registers) rewind(tid int, arch sysent.Arch, number uint32, args [6]uint64) unix.Errno {
	r.Rip -= 2
	r.Rax = uint64(number)
	r.setArgs(arch, args)
	return r.store(tid)
}

// interrupt makes the kernel treat the call that just ended as one with the given
// number and arguments, which a signal has interrupted and which can be restarted
// (ERESTARTSYS).
func (r *registers) interrupt(tid int, arch sysent.Arch, number uint32, args [6]uint64) unix.Errno {
	r.Orig_rax = uint64(number)
	r.setResult(restartLast)
	r.setArgs(arch, args)
	return r.store(tid)
}

// shields says that a tracer can keep a signal from ending an interrupted call with
// EINTR: the kernel looks at the result behind the signal-delivery-stop.
const shields = true

// call returns the number and the arguments of the call that is in the registers.
func (r *registers) call(arch sysent.Arch) (number uint32, args [6]uint64) {
	for i := range args {
		if args[i] = *r.arg(arch, i); arch == sysent.I386 {
			args[i] = uint64(uint32(args[i]))
		}
	}
	return uint32(r.Orig_rax), args
}

func (r *registers) setArg(arch sysent.Arch, i int, v uint64) { *r.arg(arch, i) = v }

// restoreArg gives an argument register its old value at the end of a call.
func (r *registers) restoreArg(arch sysent.Arch, i int, v uint64) { r.setArg(arch, i, v) }

func (r *registers) setArgs(arch sysent.Arch, args [6]uint64) {
	for i, v := range args {
		r.setArg(arch, i, v)
	}
}

func (r *registers) arg(arch sysent.Arch, i int) *uint64 {
	if arch == sysent.I386 {
		return [...]*uint64{&r.Rbx, &r.Rcx, &r.Rdx, &r.Rsi, &r.Rdi, &r.Rbp}[i]
	}
	return [...]*uint64{&r.Rdi, &r.Rsi, &r.Rdx, &r.R10, &r.R8, &r.R9}[i]
}

// callInstruction is the instruction that makes a system call of the ABI:
// syscall, or int 0x80.
func callInstruction(arch sysent.Arch) []byte {
	if arch == sysent.I386 {
		return []byte{0xcd, 0x80}
	}
	return []byte{0x0f, 0x05}
}

// untag removes the bits of a pointer that are no address; amd64 has none.
func untag(addr uint64) uint64 { return addr }
