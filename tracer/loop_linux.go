package tracer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
)

// errGoexit is the error of a run whose handler or hook called runtime.Goexit.
var errGoexit = errors.New("a hook ended the tracer's goroutine (runtime.Goexit)")

// main is the tracer's thread from the first fork to the last wait.
func (r *run) main(cmd *Command) {
	finished := false
	defer func() {
		if p := recover(); p != nil {
			r.panicked = p
		} else if !finished {
			r.err = errGoexit
		}
		if !finished {
			r.serving.Lock()
			r.killAll()
			r.serving.Unlock()
			r.drain()
			r.lane.stop()
		}
		close(r.done)
	}()
	r.err = r.trace(cmd)
	finished = true
}

// trace launches the command and serves its tree until nothing is left.
func (r *run) trace(cmd *Command) error {
	r.tid.Store(int32(unix.Gettid()))
	if e := sys.QuietStops(); e != 0 {
		return fmt.Errorf("set SA_NOCLDSTOP: %w", e)
	}
	r.progress.begin(int(r.tid.Load()), 0, launching)
	pid, err := r.launch(cmd, r.options)
	if err != nil {
		r.lane.stop()
		return err
	}
	r.progress.begin(int(r.tid.Load()), 0, launching) // what went before is no part of what follows
	r.outcome.PID = pid
	r.root = &Process{pid: pid}
	t := r.admit(pid, r.root)
	t.announced = true
	if err := r.ledger.enter(t, evSignal); err != nil {
		return err
	}
	r.begin(t)
	r.resume(t, unix.PTRACE_CONT, 0)
	r.progress.end()
	r.lane.start(r)
	var usage *unix.Rusage // the kernel adds it up for each stop, too
	if r.MeasureUsage {
		usage = &r.usage.last
	}
	var slice timeslice
	for {
		slice.renew()
		ev, err := waitAny(usage)
		if errors.Is(err, unix.ECHILD) {
			break
		}
		if err != nil {
			r.killAll()
			return err
		}
		r.serve(ev)
	}
	r.lane.stop()
	if err := r.ledger.check(); err != nil && r.err == nil {
		r.err = err
	}
	r.outcome.Usage = r.usage.total
	r.outcome.Stops, r.outcome.Notified = r.ledger.stops+r.notified, r.notified
	return r.err
}

// serve handles one event.
func (r *run) serve(ev event) {
	if r.lane != nil {
		r.serving.Lock()
		defer r.serving.Unlock()
	}
	if cause := r.cancelled.Load(); cause != nil && !r.dying {
		r.fail(*cause)
	}
	r.progress.begin(int(r.tid.Load()), ev.tid, uint64(ev.kind)+1)
	r.dispatch(ev)
	r.progress.end()
}

// dispatch acts on one event.
func (r *run) dispatch(ev event) {
	if r.debug {
		r.Log.LogAttrs(context.Background(), slog.LevelDebug, ev.kind.String(),
			slog.Int("tid", ev.tid), slog.String("signal", unix.SignalName(ev.signal)))
	}
	t := r.table.byTid[ev.tid]
	if !ev.stopped() {
		r.ended(ev, t)
		return
	}
	if t != nil && t.begun && (ev.kind == evTrap || ev.kind == evGroupStop) && r.replaced(t) {
		r.table.remove(t.tid)
		t = nil
	}
	if t == nil {
		t = r.adopt(ev.tid)
	}
	if t.last == evGroupStop {
		r.rests(t.tid, false)
	}
	if err := r.ledger.enter(t, ev.kind); err != nil {
		r.fail(err)
		return
	}
	switch ev.kind {
	case evSeccomp:
		r.enter(t)
	case evSyscall:
		r.exit(t)
	case evSignal:
		r.shield(t)
		r.resume(t, unix.PTRACE_CONT, ev.signal)
	case evGroupStop:
		r.groupStop(t, ev.signal)
	case evBirth:
		r.birth(t, ev.status.TrapCause() == unix.PTRACE_EVENT_FORK)
	case evExec:
		r.executed(t)
	default:
		r.begin(t)
		r.resume(t, unix.PTRACE_CONT, 0)
	}
	if t.stopped {
		r.fail(fmt.Errorf("internal error: tid %d: its %s was not resumed", t.tid, ev.kind))
	}
}

// resume ends the stop of t. ESRCH says that it was killed meanwhile: its status
// follows.
func (r *run) resume(t *tracee, request int, sig unix.Signal) {
	e := sys.Ptrace(request, t.tid, 0, uintptr(sig))
	if err := r.ledger.leave(t, e == unix.ESRCH); err != nil {
		r.fail(err)
	} else if e != 0 && e != unix.ESRCH {
		r.fail(fmt.Errorf("resume tid %d: %w", t.tid, e))
	}
}

// vanished books a stop whose tracee did not answer a request.
func (r *run) vanished(t *tracee, what string, e unix.Errno) {
	if err := r.ledger.leave(t, true); err != nil {
		r.fail(err)
	} else if e != unix.ESRCH {
		r.fail(fmt.Errorf("tid %d: %s: %w", t.tid, what, e))
	}
}

// groupStop keeps a process that job control stopped as it is: PTRACE_LISTEN
// lets it see SIGCONT and nothing else.
func (r *run) groupStop(t *tracee, sig unix.Signal) {
	r.rests(t.tid, true)
	r.resume(t, unix.PTRACE_LISTEN, 0)
	if t.tid == r.root.pid && r.GroupStop != nil {
		r.GroupStop(sig)
	}
}

// fail ends the run with err, or with an earlier error.
func (r *run) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.dying = true
	r.killAll()
}

// killAll sends SIGKILL to every process. What is born meanwhile reports itself
// and is killed then.
func (r *run) killAll() {
	r.killed.Store(true)
	for pid := range r.table.byPid {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// drain reaps what was killed.
func (r *run) drain() {
	for {
		ev, err := waitAny(nil)
		if err != nil {
			return
		}
		if ev.stopped() {
			_ = unix.Kill(ev.tid, unix.SIGKILL)
			_ = sys.Ptrace(unix.PTRACE_CONT, ev.tid, 0, 0)
		}
	}
}

// timeslice gives the processor back to the Go scheduler before it takes it.
//
// A goroutine that has run for 10 ms without passing through the scheduler is
// preempted by runtime.retake at each look of the monitor thread, be it in a
// system call or not, and gets its processor back the slow way: a tenth of the
// time of a stop. Passing through it in time costs less.
type timeslice struct{ begun time.Time }

func (s *timeslice) renew() {
	const most = 8 * time.Millisecond
	if now := time.Now(); now.Sub(s.begun) > most {
		runtime.Gosched()
		s.begun = now
	}
}
