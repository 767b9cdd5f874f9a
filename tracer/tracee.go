package tracer

import (
	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// tracee is one traced thread.
type tracee struct {
	tid     int
	serial  uint64 // of all threads of the run, from 1
	proc    *Process
	stopped bool      // waits for a resume
	last    eventKind // what it was last stopped by
	begun   bool      // its first stop has been seen

	// announced is set when the birth event of the parent has been seen. The
	// kernel may report the first stop of a child before it (ptrace(2)).
	announced bool

	// mayWait is set when the last call that came by the notify lane may wait in the
	// kernel once it runs, and signals may interrupt it then.
	mayWait bool

	call pending
}

// pending is a call whose end somebody waits for.
type pending struct {
	active   bool
	handlers uint64 // bit i: handler i wants the result
	arch     sysent.Arch
	entry    *sysent.Entry
	number   uint32
	args     [6]uint64
	rewrote  int8 // argument to restore, or -1
	replaced bool // another call ran in its place: all arguments are to be restored
	again    bool // another call ran in its place: it is made once more
	mapping  bool // the call was replaced by the mapping of the scratch page
}

// table holds all tracees and processes of a run. It is used on the tracer's
// thread only, except for snapshots of pids, which the run guards.
type table struct {
	byTid   map[int]*tracee
	byPid   map[int]*Process
	mine    func(tid int) bool // whether the kernel knows a thread as traced by us
	sweepAt int                // number of threads at which to look for those that vanished
	born    uint64             // number of threads so far
}

func newTable() table {
	return table{byTid: map[int]*tracee{}, byPid: map[int]*Process{}, mine: sys.Mine, sweepAt: minSweep}
}

// add enters a new thread of proc; a stale entry of the same number is replaced.
func (tb *table) add(tid int, proc *Process) *tracee {
	tb.remove(tid)
	tb.born++
	t := &tracee{tid: tid, serial: tb.born, proc: proc}
	tb.byTid[tid] = t
	proc.threads++
	tb.byPid[proc.pid] = proc
	return t
}

// minSweep is how many threads there may be before the table looks for threads
// that vanished.
const minSweep = 1024

// sweep forgets the threads that are no longer mine, if there are many: a thread
// that executes a program takes the id of the first one of its process, and its
// own vanishes without a status (ptrace(2), "execve(2) under ptrace").
func (tb *table) sweep() {
	if len(tb.byTid) < tb.sweepAt {
		return
	}
	for tid, t := range tb.byTid {
		if tid != t.proc.pid && !tb.mine(tid) {
			tb.remove(tid)
		}
	}
	tb.sweepAt = max(minSweep, 2*len(tb.byTid))
}

// remove forgets a thread.
func (tb *table) remove(tid int) {
	if t := tb.byTid[tid]; t != nil {
		delete(tb.byTid, tid)
		t.proc.threads--
	}
}

// removeProcess forgets a process that ended and any thread of it that ended
// without a status: those that another thread's execve(2) replaced.
func (tb *table) removeProcess(p *Process) {
	p.bury()
	if tb.byPid[p.pid] == p {
		delete(tb.byPid, p.pid)
	}
	if p.threads == 0 {
		return
	}
	for tid, t := range tb.byTid {
		if t.proc == p {
			tb.remove(tid)
		}
	}
}
