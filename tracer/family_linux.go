package tracer

import (
	"bytes"
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
)

// admit enters a thread; a process among them can be reached by interrupt.
func (r *run) admit(tid int, p *Process) *tracee {
	if tid == p.pid {
		r.mu.Lock()
		r.pids[tid] = struct{}{}
		r.mu.Unlock()
		r.outcome.Processes++
	}
	r.table.sweep()
	return r.table.add(tid, p)
}

// lookups are what a run asks about births. Tests answer in place of the kernel.
type lookups struct {
	message  func(tid int) (uint64, unix.Errno)  // of a ptrace event
	isThread func(pid, tid int) bool             // whether tid belongs to process pid
	family   func(tid int) (pid int, parent int) // the process of a thread, and what started it
}

func kernelLookups() lookups {
	return lookups{message: sys.GetEventMsg, isThread: isThread, family: family}
}

// birth handles the announcement of a child by its parent t.
func (r *run) birth(t *tracee, fork bool) {
	msg, e := r.kernel.message(t.tid)
	if e != 0 {
		r.vanished(t, "read the id of a new process", e)
		return
	}
	tid := int(msg)
	switch child := r.table.byTid[tid]; {
	case child != nil && child.begun && !child.announced:
		child.announced = true
	case r.table.mine(tid): // or it came and went before its announcement
		r.announce(t, tid, fork)
	}
	r.resume(t, unix.PTRACE_CONT, 0)
}

// announce enters a child whose first stop is still to come.
func (r *run) announce(t *tracee, tid int, fork bool) {
	p := t.proc
	if fork || !r.kernel.isThread(p.pid, tid) {
		p.remember()
		p = t.proc.child(tid)
		// A copy of the memory, with the scratch page in it. Another thread may
		// have mapped it after the copy was made: then the child gets its own.
		if fork && t.proc.threads == 1 {
			p.scratch = t.proc.scratch
		}
	}
	r.admit(tid, p).announced = true
}

// isThread asks with a signal that is none: tgkill(2) finds the thread in its own
// process only.
func isThread(pid, tid int) bool {
	err := unix.Tgkill(pid, tid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}

// adopt enters a thread that stopped before its birth was announced. Its parent
// may have been killed, so the announcement may never come.
func (r *run) adopt(tid int) *tracee {
	pid, ppid := r.kernel.family(tid)
	if p := r.table.byPid[pid]; p != nil && pid != tid {
		return r.admit(tid, p)
	}
	parent := r.table.byPid[ppid]
	if parent == nil {
		parent = r.root
	}
	parent.remember()
	return r.admit(tid, parent.child(pid))
}

// replaced reports whether a thread that was seen before is another one now, of
// another process, because its id vanished without a status and was used again.
func (r *run) replaced(t *tracee) bool {
	pid, parent := r.kernel.family(t.tid)
	return pid != t.proc.pid && parent != 0
}

// family reads from /proc; a thread that is gone is its own process, started by 0.
func family(tid int) (pid, parent int) {
	var buf [512]byte // both stand at the beginning
	status := procFile(tid, "status", buf[:])
	return statusField(status, "Tgid:", tid), statusField(status, "PPid:", 0)
}

// statusField returns a number from /proc/PID/status.
func statusField(status []byte, name string, missing int) int {
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok {
			if n, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil {
				return n
			}
		}
	}
	return missing
}

// begin handles the first stop of a thread.
func (r *run) begin(t *tracee) {
	if t.begun {
		return
	}
	t.begun = true
	if t.tid != t.proc.pid || t.proc.begun {
		return
	}
	t.proc.begun = true
	for i := range r.Handlers {
		if born := r.Handlers[i].Born; born != nil {
			r.check(born(t.proc))
		}
	}
	if r.dying {
		r.killAll()
	}
}

// executed handles a new program. If a thread other than the first executed it,
// that thread continues under the id of the process, and the others end. Its
// former id may belong to a newborn of another process by now.
func (r *run) executed(t *tracee) {
	msg, e := r.kernel.message(t.tid)
	if e != 0 {
		r.vanished(t, "read the former thread id", e)
		return
	}
	if former := r.table.byTid[int(msg)]; former != nil && former != t && former.proc == t.proc {
		t.call = former.call
		r.table.remove(former.tid)
	}
	call := t.call
	t.proc.scratch, t.proc.known, t.call = 0, false, pending{rewrote: -1}
	for i := range r.Handlers {
		if exec := r.Handlers[i].Exec; exec != nil {
			r.check(exec(t.proc))
		}
	}
	if call.active { // and has succeeded: it needs no stop at its end
		r.report(t, &call, 0)
	}
	r.resume(t, unix.PTRACE_CONT, 0)
}

// check ends the run if a hook failed.
func (r *run) check(err error) {
	if err != nil {
		r.fail(err)
	}
}

// ended handles the end of a thread, t is nil for one that was never seen.
func (r *run) ended(ev event, t *tracee) {
	if t == nil {
		return
	}
	if t.stopped {
		r.check(r.ledger.leave(t, true))
	}
	if t.last == evGroupStop {
		r.rests(ev.tid, false)
	}
	r.table.remove(ev.tid)
	if p := t.proc; p.pid == ev.tid {
		r.processEnded(p, ev.status)
	}
}

func (r *run) processEnded(p *Process, status unix.WaitStatus) {
	r.mu.Lock()
	delete(r.pids, p.pid)
	r.mu.Unlock()
	r.table.removeProcess(p)
	r.usage.add(p)
	for i := range r.Handlers {
		if died := r.Handlers[i].Died; died != nil && p.begun {
			r.check(died(p, status))
		}
	}
	if p != r.root {
		return
	}
	r.outcome.Status = status
	if r.KillOnExit {
		r.dying = true
	}
	if r.dying {
		r.killAll()
	}
}
