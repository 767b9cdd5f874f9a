package tracer

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// injector makes a stopped tracee run system calls of our choice. It puts a call
// instruction at the program counter and takes it away again, and touches
// neither stack nor data.
//
// Preconditions: on the tracer thread; the tracee is stopped, is not inside a
// system call, and is the only child of the thread.
type injector struct {
	tid   int
	arch  sysent.Arch
	mem   *sys.Memory
	saved registers
	text  []byte
	held  []unix.Signal // signals that arrived meanwhile, to be sent again
}

// newInjector prepares the tracee tid for calls.
func newInjector(tid int, mem *sys.Memory) (*injector, error) {
	in := &injector{tid: tid, mem: mem}
	var info sys.SyscallInfo
	if e := sys.GetSyscallInfo(tid, &info); e != 0 {
		return nil, &callError{"ptrace", "read the call of the new process (PTRACE_GET_SYSCALL_INFO, Linux 5.3)", e}
	}
	arch, ok := sysent.ArchOf(info.Arch)
	if !ok {
		return nil, fmt.Errorf("unknown system call ABI %#x", info.Arch)
	}
	in.arch = arch
	if e := in.saved.load(tid); e != 0 {
		return nil, fmt.Errorf("read registers: %w", e)
	}
	insn := callInstruction(arch)
	in.text = make([]byte, len(insn))
	if n, e := mem.Read(tid, in.saved.pc(), in.text); e != 0 || n < len(in.text) {
		return nil, fmt.Errorf("read the memory of the new process (a program that its user may not read cannot be confined): %w", orFault(e))
	}
	if e := mem.Write(tid, in.saved.pc(), insn, true); e != 0 {
		return nil, fmt.Errorf("write the memory of the new process: %w", e)
	}
	return in, nil
}

func orFault(e unix.Errno) unix.Errno {
	if e == 0 {
		return unix.EFAULT
	}
	return e
}

// callError is a system call of the start that the kernel, or a filter, refused.
type callError struct {
	name string // of the call
	what string // it was for
	err  error
}

func (e *callError) Error() string { return e.what + ": " + e.err.Error() }
func (e *callError) Unwrap() error { return e.err }

// call runs the system call name and returns its result. The error says the
// name and the errno.
func (in *injector) call(name string, args ...uint64) (uint64, error) {
	number, ok := callNumber(name, in.arch)
	if !ok {
		return 0, fmt.Errorf("%s: no such call in the %s table", name, in.arch)
	}
	var full [6]uint64
	copy(full[:], args)
	regs := in.saved
	if e := regs.enter(in.tid, in.arch, in.saved.pc(), number, full); e != 0 {
		return 0, fmt.Errorf("%s: write registers: %w", name, e)
	}
	for range 2 { // the entry of the call, then its exit
		if err := in.toSyscallStop(); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	if e := regs.load(in.tid); e != 0 {
		return 0, fmt.Errorf("%s: read registers: %w", name, e)
	}
	result := regs.result()
	if in.arch == sysent.I386 {
		result = int64(int32(result))
	}
	if result < 0 && result >= -4095 {
		return 0, &callError{name, name, unix.Errno(-result)}
	}
	if in.arch == sysent.I386 { // an address above 2 GiB is not negative
		return uint64(uint32(result)), nil
	}
	return uint64(result), nil
}

func callNumber(name string, arch sysent.Arch) (uint32, bool) {
	entry := sysent.ByName(name)
	if entry == nil {
		return 0, false
	}
	return entry.Number(arch)
}

// toSyscallStop resumes the tracee up to its next syscall-stop.
func (in *injector) toSyscallStop() error {
	for {
		if e := sys.Ptrace(unix.PTRACE_SYSCALL, in.tid, 0, 0); e != 0 {
			return fmt.Errorf("resume: %w", e)
		}
		ev, err := waitAny(nil)
		switch {
		case err != nil:
			return err
		case !ev.stopped():
			return fmt.Errorf("the process ended early (%s)", describeStatus(ev.status))
		case ev.kind == evSyscall:
			return nil
		case ev.kind == evSignal:
			in.held = append(in.held, ev.signal)
		}
	}
}

// restore takes the call instruction away and gives the registers back.
func (in *injector) restore() error {
	if e := in.mem.Write(in.tid, in.saved.pc(), in.text, true); e != 0 {
		return fmt.Errorf("restore the memory of the new process: %w", e)
	}
	if e := in.saved.store(in.tid); e != 0 {
		return fmt.Errorf("restore registers: %w", e)
	}
	return nil
}

// waitAny waits for the next event of this thread's children and tracees.
func waitAny(usage *unix.Rusage) (event, error) {
	var status unix.WaitStatus
	for {
		tid, e := sys.Wait(unix.WALL|unix.WNOTHREAD, &status, usage)
		switch e {
		case 0:
			return classify(tid, status), nil
		case unix.EINTR:
		default:
			return event{}, fmt.Errorf("wait4: %w", e)
		}
	}
}

func describeStatus(s unix.WaitStatus) string {
	if s.Signaled() {
		return "killed by " + unix.SignalName(s.Signal())
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}
