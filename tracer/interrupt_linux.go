package tracer

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
)

// interrupt ends the tree from another goroutine and waits until it is gone.
//
// The tracer's thread is blocked in wait4 and is woken by the deaths. An
// interrupted tree may end by itself first. If it is blocked in something else, and
// does not get on, interrupt gives up with a StallError.
func (r *run) interrupt(cause error) error {
	var i Interrupt
	if errors.As(cause, &i) && i.Signal != unix.SIGKILL && r.Grace > 0 {
		r.signalAll(i.Signal)
		timer := time.NewTimer(r.Grace)
		defer timer.Stop()
		select {
		case <-r.done:
			if r.err == nil {
				r.err = cause
			}
			return nil
		case <-timer.C:
		}
	}
	r.cancelled.Store(&cause)
	r.killed.Store(true)
	var seen work
	for tries := 0; ; tries++ {
		r.signalAll(unix.SIGKILL)
		timer := time.NewTimer(killPeriod)
		select {
		case <-r.done:
			timer.Stop()
			if r.err == nil {
				r.err = cause
			}
			return nil
		case <-timer.C: // the command may not have been started yet: again
		}
		if now := work(r.progress.now.Load()); now != seen || now.kind() == waiting {
			seen, tries = now, 0
		} else if waited := time.Duration(tries) * killPeriod; waited >= r.stallAfter() {
			s := r.progress.describe(now)
			s.In, s.For = r.kernelCall(), waited
			return &StallError{Cause: cause, Stall: s}
		}
	}
}

// killPeriod is the time between two attempts to kill the tree.
const killPeriod = 10 * time.Millisecond

// signalAll sends a signal to every process of the tree.
func (r *run) signalAll(sig unix.Signal) {
	r.mu.Lock()
	pids, tracer := slices.Collect(maps.Keys(r.pids)), int(r.tid.Load())
	r.mu.Unlock()
	for _, pid := range pids {
		signalTracee(pid, tracer, sig)
	}
}

// signalTracee signals one process. The pid was read under a lock but may be
// reused before it is signalled, so it is pinned by a pidfd and then checked to be
// a tracee of this run. Where there are no pidfds it is only checked.
func signalTracee(pid, tracer int, sig unix.Signal) {
	send := func(sig unix.Signal) { _ = unix.Kill(pid, sig) }
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case err == nil:
		defer unix.Close(fd)
		send = func(sig unix.Signal) {
			if err := unix.PidfdSendSignal(fd, sig, nil, 0); errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
				_ = unix.Kill(pid, sig)
			}
		}
	case errors.Is(err, unix.ESRCH):
		return
	}
	if !isTracee(pid, tracer) {
		return
	}
	send(sig)
	if sig != unix.SIGKILL { // a stopped process takes no other signal
		send(unix.SIGCONT)
	}
}

// isTracee reports whether a process is a tracee of the thread tracer, or, if there
// are no descriptors left to look, of any thread of this program.
func isTracee(pid, tracer int) bool {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) {
		return sys.Ours(pid)
	}
	return err == nil && statusField(status, "TracerPid:", 0) == tracer
}
