package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Command is the program to run. Nothing in it is looked up or defaulted.
type Command struct {
	Path  string   // the file to execute, relative to Dir
	Args  []string // with the name of the program as the first
	Env   []string
	Dir   string    // working directory, empty: that of the caller
	Files []uintptr // descriptors 0, 1, 2, ... of the program; it gets no other

	// SysProcAttr starts the program as with package syscall: credentials,
	// session, controlling terminal. Ptrace and Pdeathsig are the tracer's own.
	SysProcAttr *syscall.SysProcAttr
}

// LaunchError says which step of starting the command under trace failed. An
// error of execve(2) itself, ENOENT or EACCES for example, has the step "exec".
type LaunchError struct {
	Step string
	Err  error
}

// Error implements error.
func (e *LaunchError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap returns the cause, an errno in most cases.
func (e *LaunchError) Unwrap() error { return e.Err }

// Call returns the name of the system call that was refused, or "" if something
// else went wrong.
func (e *LaunchError) Call() string {
	if call := (*callError)(nil); errors.As(e.Err, &call) {
		return call.name
	}
	return ""
}

// seizeOptions are set before the first instruction of the command.
const seizeOptions = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP |
	unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACECLONE

// launch starts the command and returns the id of its process, seized with all
// options and the filter installed, stopped before its first instruction.
//
// Go cannot run code between fork and exec. So the standard library starts the
// command traced the old way, stopped at its exec, where calls are injected that
// drop privileges and install the filter. Then the tracer detaches, leaving the
// process stopped by SIGSTOP, and seizes it. In between nothing can run, and the
// parent-death signal stands in for EXITKILL. The kernel forgets that signal when
// a set-user-ID program is executed (prctl(2)), unless no_new_privs makes it an
// ordinary one; so the thread that forks sets it for the new process. It ends with
// the run, and the Go runtime makes no other thread from a locked one.
func (r *run) launch(cmd *Command, options int) (int, error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, &LaunchError{"set no_new_privs", &callError{"prctl", "PR_SET_NO_NEW_PRIVS", err}}
	}
	attr := syscall.SysProcAttr{}
	if cmd.SysProcAttr != nil {
		attr = *cmd.SysProcAttr
	}
	attr.Ptrace, attr.Pdeathsig = true, unix.SIGKILL
	files := cmd.Files
	if r.Ruleset != nil { // the descriptor behind those of the program
		files = append(files[:len(files):len(files)], r.Ruleset.Fd())
	}
	pid, err := syscall.ForkExec(cmd.Path, cmd.Args, &syscall.ProcAttr{
		Dir: cmd.Dir, Env: cmd.Env, Files: files, Sys: &attr,
	})
	if err != nil {
		if refused := tracingRefused(); refused != nil {
			return 0, &LaunchError{"trace", refused}
		}
		return 0, &LaunchError{"exec", err}
	}
	if err := r.prepare(pid, len(cmd.Files), options); err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		r.drain()
		return 0, err
	}
	return pid, nil
}

// tracingRefused tells a start that failed because a process may not ask to be
// traced from one that failed in execve(2): it starts a program without a name,
// which does not exist.
func tracingRefused() error {
	_, err := syscall.ForkExec("", []string{""}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Ptrace: true, Pdeathsig: unix.SIGKILL},
	})
	for _, refused := range []unix.Errno{unix.EPERM, unix.ENOSYS, unix.EACCES, unix.EIO, unix.EINVAL} {
		if errors.Is(err, refused) {
			return &callError{"ptrace", "PTRACE_TRACEME or PR_SET_PDEATHSIG", err}
		}
	}
	return nil
}

// prepare brings the process from its exec to the state that launch promises.
func (r *run) prepare(pid, files, options int) error {
	ev, err := waitAny(nil)
	if err == nil && (ev.kind != evSignal || ev.signal != unix.SIGTRAP) {
		err = fmt.Errorf("%s instead of the stop at exec", ev.kind)
	}
	if err != nil {
		return &LaunchError{"stop at exec", err}
	}
	// TRACESECCOMP: the filter may stop calls that are injected after it.
	const old = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP
	if e := sys.Ptrace(unix.PTRACE_SETOPTIONS, pid, 0, old); e != 0 {
		return &LaunchError{"set trace options", e}
	}
	in, err := newInjector(pid, &r.mem)
	if err != nil {
		return &LaunchError{"prepare", err}
	}
	if err := r.confine(in, files); err != nil {
		return &LaunchError{"confine", err}
	}
	if err := seize(in, options); err != nil {
		return &LaunchError{"seize", err}
	}
	if _, err := in.call("prctl", unix.PR_SET_PDEATHSIG, 0); err != nil {
		return &LaunchError{"clear the parent-death signal", err}
	}
	if err := in.restore(); err != nil {
		return &LaunchError{"restore", err}
	}
	for _, sig := range in.held {
		_ = unix.Kill(pid, sig)
	}
	return nil
}

// confine injects the calls that cannot be undone: the ruleset is enforced,
// foreign descriptors are closed, capabilities dropped, and the filter is
// installed.
func (r *run) confine(in *injector, files int) error {
	if r.Ruleset != nil {
		if _, err := in.call("landlock_restrict_self", uint64(files), 0); err != nil {
			return err
		}
	}
	if err := closeFrom(in, files); err != nil {
		return err
	}
	size := uint64(max(len(r.program), len(r.notifying))*8 + 16)
	at, err := in.call(mapCall(in.arch), 0, size, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uint64(0), 0)
	if err != nil {
		return err
	}
	if err := dropCapabilities(in, at, r.DropCapabilities); err != nil {
		return err
	}
	if err := r.install(in, at); err != nil {
		return err
	}
	_, err = in.call("munmap", at, size)
	return err
}

// setFilter makes the process install a filter, by way of its memory at at.
func setFilter(in *injector, at uint64, program []bpf.RawInstruction, flags uint64) (uint64, error) {
	if e := in.mem.Write(in.tid, at, encodeProgram(in.arch, at, program), false); e != 0 {
		return 0, fmt.Errorf("write the filter: %w", e)
	}
	return in.call("seccomp", unix.SECCOMP_SET_MODE_FILTER, flags, at)
}

// closeFrom closes all descriptors from files on: one by one where close_range(2),
// of Linux 5.9, is refused.
func closeFrom(in *injector, files int) error {
	_, refused := in.call("close_range", uint64(files), 0xffffffff, 0)
	if refused == nil {
		return nil
	}
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", in.tid))
	if err != nil {
		return errors.Join(refused, err)
	}
	for _, entry := range list {
		fd, err := strconv.Atoi(entry.Name())
		if err == nil && fd >= files {
			_, err = in.call("close", uint64(fd))
		}
		if err != nil {
			return errors.Join(refused, err)
		}
	}
	return nil
}

// dropCapabilities takes capabilities from the process and from all that it will
// execute. at is memory of the process for the arguments.
//
// The bounding set can be changed with CAP_SETPCAP only; without it the other
// sets and no_new_privs are enough, because what is not permitted now cannot be
// gained (capabilities(7)).
func dropCapabilities(in *injector, at uint64, drop []int) error {
	if len(drop) == 0 {
		return nil
	}
	const header, data, version = 8, 24, 0x20080522 // _LINUX_CAPABILITY_VERSION_3
	order := binary.NativeEndian
	buf := make([]byte, header+data)
	order.PutUint32(buf, version)
	if e := in.mem.Write(in.tid, at, buf[:header], false); e != 0 {
		return fmt.Errorf("write capabilities: %w", e)
	}
	if _, err := in.call("capget", at, at+header); err != nil {
		return err
	}
	if n, e := in.mem.Read(in.tid, at, buf); e != 0 || n < len(buf) {
		return fmt.Errorf("read capabilities: %w", orFault(e))
	}
	for _, c := range drop {
		if _, err := in.call("prctl", unix.PR_CAPBSET_DROP, uint64(c)); err != nil && !errors.Is(err, unix.EPERM) {
			return err
		}
		// Effective, permitted and inheritable words of the 32 capabilities
		// that c is among.
		for word := range 3 {
			at := header + c/32*12 + word*4
			order.PutUint32(buf[at:], order.Uint32(buf[at:])&^(1<<(c%32)))
		}
	}
	if e := in.mem.Write(in.tid, at, buf, false); e != 0 {
		return fmt.Errorf("write capabilities: %w", e)
	}
	_, err := in.call("capset", at, at+header)
	return err
}

// mapCall is the call that maps memory with its arguments in registers.
func mapCall(arch sysent.Arch) string {
	if arch == sysent.I386 {
		return "mmap2"
	}
	return "mmap"
}

// encodeProgram lays out struct sock_fprog and the instructions behind it, for
// the address at which they will be.
func encodeProgram(arch sysent.Arch, at uint64, program []bpf.RawInstruction) []byte {
	order := binary.NativeEndian
	buf := make([]byte, 16, 16+8*len(program))
	order.PutUint16(buf, uint16(len(program)))
	if arch == sysent.I386 {
		order.PutUint32(buf[4:], uint32(at+16))
	} else {
		order.PutUint64(buf[8:], at+16)
	}
	for _, ins := range program {
		buf = order.AppendUint16(buf, ins.Op)
		buf = append(buf, ins.Jt, ins.Jf)
		buf = order.AppendUint32(buf, ins.K)
	}
	return buf
}

// seize changes from the old way of tracing to PTRACE_SEIZE, without which group
// stops would be swallowed. The tracee ends in a signal-delivery-stop whose
// signal is ours and will not be delivered.
func seize(in *injector, options int) error {
	pid := in.tid
	if e := sys.Ptrace(unix.PTRACE_DETACH, pid, 0, uintptr(unix.SIGSTOP)); e != 0 {
		return fmt.Errorf("detach: %w", e)
	}
	if e := sys.Ptrace(unix.PTRACE_SEIZE, pid, 0, uintptr(options)); e != 0 {
		return &callError{"ptrace", "PTRACE_SEIZE", e}
	}
	continued := false
	for {
		ev, err := waitAny(nil)
		if err != nil {
			return err
		}
		switch {
		case !ev.stopped():
			return fmt.Errorf("the process ended early (%s)", describeStatus(ev.status))
		case ev.kind == evSignal && ev.signal == unix.SIGSTOP && !continued,
			ev.kind == evSignal && ev.signal == unix.SIGCONT && continued:
			return nil
		case ev.kind == evSignal:
			in.held = append(in.held, ev.signal)
		case ev.kind == evGroupStop && !continued:
			continued = true
			_ = unix.Kill(pid, unix.SIGCONT)
		}
		if e := sys.Ptrace(unix.PTRACE_CONT, pid, 0, 0); e != 0 {
			return fmt.Errorf("resume: %w", e)
		}
	}
}
