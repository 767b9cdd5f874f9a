package tracer

import (
	"golang.org/x/sys/unix"
)

// eventKind is what a wait status says about a tracee.
type eventKind uint8

const (
	evExited     eventKind = iota // a thread ended by itself
	evKilled                      // a thread was ended by a signal
	evSeccomp                     // seccomp-stop: a call that the filter hands over
	evSyscall                     // syscall-stop; here always the exit of a call
	evSignal                      // signal-delivery-stop
	evGroupStop                   // group-stop: the process is stopped by job control
	evTrap                        // first stop of a newborn, end of a group-stop, or PTRACE_INTERRUPT
	evBirth                       // fork, vfork or clone: the event message is the newborn
	evExec                        // a program was executed: the message is the former thread id
	evUnexpected                  // an event that nobody asked for
	evNotified                    // no wait status: a call that came by the notify lane
)

func (k eventKind) String() string {
	return [...]string{"exit", "death by signal", "seccomp-stop", "syscall-exit-stop", "signal-delivery-stop",
		"group-stop", "trap", "birth event", "exec event", "unexpected event", "notification"}[k]
}

// event is one classified wait status.
type event struct {
	kind   eventKind
	tid    int
	status unix.WaitStatus
	signal unix.Signal // evSignal, evGroupStop
}

// stopped reports whether the tracee waits for a request that resumes it.
func (e event) stopped() bool { return e.kind > evKilled }

// classify turns a wait status of a seized tracee into an event (ptrace(2),
// "Stopped states"). It is pure.
func classify(tid int, status unix.WaitStatus) event {
	e := event{tid: tid, status: status}
	switch {
	case status.Exited():
		e.kind = evExited
	case status.Signaled():
		e.kind = evKilled
	case !status.Stopped():
		e.kind = evUnexpected
	default:
		e.kind, e.signal = classifyStop(status)
	}
	return e
}

func classifyStop(status unix.WaitStatus) (eventKind, unix.Signal) {
	sig := status.StopSignal()
	switch trap := uint32(status) >> 16; trap {
	case 0:
		if sig == unix.SIGTRAP|0x80 {
			return evSyscall, 0
		}
		return evSignal, sig
	case unix.PTRACE_EVENT_SECCOMP:
		return evSeccomp, 0
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		return evBirth, 0
	case unix.PTRACE_EVENT_EXEC:
		return evExec, 0
	case unix.PTRACE_EVENT_STOP:
		switch sig {
		case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
			return evGroupStop, sig
		}
		return evTrap, 0
	}
	return evUnexpected, 0
}
