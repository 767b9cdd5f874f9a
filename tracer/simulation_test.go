package tracer

import (
	"slices"

	"golang.org/x/sys/unix"
)

// simulation makes events as the kernel does: each thread waits until its event
// has been served, a birth stops parent and child, whose events come in any order,
// a death takes the event with it that nobody has seen, and the first thread of a
// process is reported as ended after all others (ptrace(2)).
type simulation struct {
	r       *run
	c       *census
	threads []*simulated
	events  []simulatedEvent

	processes int
}

// simulated is a thread.
type simulated struct {
	tid, pid, parent int // parent is a process
	waits            bool
	dead             bool
}

// simulatedEvent is an event that has not been served.
type simulatedEvent struct {
	thread  *simulated
	status  unix.WaitStatus
	message int
}

// The operations of a simulation.
const (
	opServe = iota
	opFork
	opThread
	opVfork
	opExec
	opStop
	opExit
	opKill
	simulatedOps
)

func newSimulation(r *run, c *census) *simulation {
	s := &simulation{r: r, c: c, processes: 1, threads: []*simulated{{tid: firstFake, pid: firstFake}}}
	r.table.mine = func(tid int) bool { return s.find(tid) != nil }
	r.kernel.isThread = func(pid, tid int) bool { th := s.find(tid); return th != nil && th.pid == pid }
	r.kernel.family = func(tid int) (int, int) {
		if th := s.find(tid); th != nil {
			return th.pid, th.parent
		}
		return tid, 0
	}
	return s
}

func (s *simulation) find(tid int) *simulated {
	for _, th := range s.threads {
		if th.tid == tid {
			return th
		}
	}
	return nil
}

// play takes two bytes for each operation, then ends everything.
func (s *simulation) play(data []byte) {
	for ; len(data) >= 2; data = data[2:] {
		s.step(int(data[0])%simulatedOps, int(data[1]))
	}
	for len(s.threads) > 0 {
		for _, th := range s.threads {
			s.kill(th.pid)
		}
		s.serve(0)
	}
	s.c.checkEnd(s.r, s.processes)
}

func (s *simulation) step(op, which int) {
	if op == opServe {
		s.serve(which)
		return
	}
	th := s.running(which)
	if th == nil {
		return
	}
	switch op {
	case opFork:
		s.birth(th, unix.PTRACE_EVENT_FORK, false)
	case opVfork:
		s.birth(th, unix.PTRACE_EVENT_VFORK, false)
	case opThread:
		s.birth(th, unix.PTRACE_EVENT_CLONE, true)
	case opExec:
		s.exec(th)
	case opStop:
		words := []uint32{0x857f, 0x117f, 0x57f, 0x80137f, 0x80057f, 0x7057f}
		s.report(th, words[which/4%len(words)], 0)
	case opExit:
		if th.tid != th.pid { // the first one ends with its process
			s.end(th, uint32(which)<<8)
		}
	case opKill:
		s.kill(th.pid)
	}
}

// running returns one of the threads that wait for nothing.
func (s *simulation) running(which int) *simulated {
	free := slices.DeleteFunc(slices.Clone(s.threads), func(th *simulated) bool { return th.waits || th.dead })
	if len(free) == 0 {
		return nil
	}
	return free[which%len(free)]
}

func (s *simulation) report(th *simulated, status uint32, message int) {
	th.waits = true
	s.events = append(s.events, simulatedEvent{th, unix.WaitStatus(status), message})
}

// birth makes a child, or a thread of the same process.
func (s *simulation) birth(th *simulated, event uint32, thread bool) {
	tid := firstFake + 1
	for s.find(tid) != nil || s.named(tid) {
		tid++
	}
	if tid >= firstFake+fakeIDs {
		return
	}
	child := &simulated{tid: tid, pid: tid, parent: th.pid}
	if thread {
		child.pid, child.parent = th.pid, th.parent
	} else {
		s.processes++
	}
	s.threads = append(s.threads, child)
	s.report(th, 0x57f|event<<16, tid)
	s.report(child, 0x80057f, 0) // PTRACE_EVENT_STOP
}

// named reports whether an event that has not been served names tid. The kernel
// gives a number again when all others have had their turn.
func (s *simulation) named(tid int) bool {
	return slices.ContainsFunc(s.events, func(e simulatedEvent) bool { return e.message == tid })
}

// exec ends the other threads; the caller gets the id of the process.
func (s *simulation) exec(th *simulated) {
	for _, other := range slices.Clone(s.threads) {
		if other.pid != th.pid || other == th {
			continue
		}
		if other.tid == th.pid { // the first one, which is not reported
			s.forget(other)
		} else {
			s.end(other, uint32(unix.SIGKILL))
		}
	}
	former := th.tid
	th.tid = th.pid
	s.report(th, 0x4057f, former)
}

// kill ends all threads of a process.
func (s *simulation) kill(pid int) {
	for _, th := range s.threads {
		if th.pid == pid {
			s.end(th, uint32(unix.SIGKILL))
		}
	}
}

// end ends a thread, and what it has to say.
func (s *simulation) end(th *simulated, status uint32) {
	if th.dead {
		return
	}
	s.drop(th)
	th.dead = true
	s.report(th, status, 0)
}

// drop takes an event away that was not served.
func (s *simulation) drop(th *simulated) {
	s.events = slices.DeleteFunc(s.events, func(e simulatedEvent) bool { return e.thread == th })
}

func (s *simulation) forget(th *simulated) {
	s.drop(th)
	s.threads = slices.DeleteFunc(s.threads, func(o *simulated) bool { return o == th })
}

// serve hands an event to the run.
func (s *simulation) serve(which int) {
	ready := slices.DeleteFunc(slices.Clone(s.events), func(e simulatedEvent) bool { return e.thread.dead && !s.last(e.thread) })
	if len(ready) == 0 {
		return
	}
	e := ready[which%len(ready)]
	s.events = slices.DeleteFunc(s.events, func(o simulatedEvent) bool { return o.thread == e.thread })
	e.thread.waits = false
	tid := e.thread.tid
	if e.thread.dead {
		s.forget(e.thread)
	}
	s.r.kernel.message = func(int) (uint64, unix.Errno) { return uint64(e.message), 0 }
	s.c.t.Logf("thread %d of process %d: %s, message %d", tid, e.thread.pid, classify(tid, e.status).kind, e.message)
	s.r.dispatch(classify(tid, e.status))
	s.c.checkTable(s.r)
	for tid, th := range s.r.table.byTid {
		replaced := e.status.TrapCause() == unix.PTRACE_EVENT_EXEC && e.message == tid
		// Without that event, the end of the process tells.
		if s.find(tid) == nil && (replaced || s.find(th.proc.pid) == nil) {
			s.c.t.Fatalf("thread %d is entered and does not exist", tid)
		}
	}
}

// last reports whether the end of a thread can be reported: that of the first one
// only when the others are gone.
func (s *simulation) last(th *simulated) bool {
	return th.tid != th.pid || !slices.ContainsFunc(s.threads, func(o *simulated) bool { return o.pid == th.pid && o != th })
}
