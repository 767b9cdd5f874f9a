package tracer

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

// firstFake is above every id that the kernel gives (PID_MAX_LIMIT is 1<<22), so
// that requests and signals for these ids reach nobody.
const (
	firstFake = 1 << 23
	fakeIDs   = 24 // few, so that they are used again soon
)

// FuzzEvents serves a run with events, without processes. The first byte says
// whether they come in an order that the kernel can give or in any.
func FuzzEvents(f *testing.F) {
	f.Add([]byte{0})
	for op := range byte(simulatedOps) { // each operation in a grown tree, in several orders
		for which := range byte(6) {
			f.Add([]byte{0, opFork, 0, opServe, 0, opServe, 0, opThread, 1, opServe, 1, opServe, 0, opThread, 2, op, 4 * which, opServe, which,
				op, 1 + 5*which, opServe, 0, opServe, 1, op, which, opFork, 0, opExec, 1, opServe, 1})
		}
	}
	for stop := range byte(6) {
		f.Add([]byte{0, opStop, 4 * stop, opServe, 0})
	}
	for _, birth := range []byte{opFork, opThread, opVfork} {
		// The child ends before its birth is reported, seen and not; and a thread
		// takes the id of its process.
		f.Add([]byte{0, birth, 0, opServe, 1, opKill, 0, opServe, 1, opServe, 0, opFork, 0})
		f.Add([]byte{0, birth, 0, opServe, 1, opExit, 0, opServe, 1, opServe, 0, opFork, 0})
		f.Add([]byte{0, birth, 0, opServe, 0, opKill, 0, opServe, 0, opServe, 0, birth, 0})
		f.Add([]byte{0, birth, 0, opServe, 0, opServe, 0, opExec, 1, opServe, 0, opFork, 0, opServe, 0})
	}
	for _, word := range []uint32{0x80137f, 0x3057f, 0x4057f, 0x857f, 0x137f, 0x100, 0x9, 0xffff, 0x7057f} {
		f.Add([]byte{1, byte(word), byte(word >> 8), byte(word >> 16), 0, 1, byte(word), byte(word >> 8), byte(word >> 16), 1, 2})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		c := &census{t: t, born: map[*Process]int{}, died: map[*Process]int{}}
		r := c.run()
		if data[0]&1 == 0 {
			newSimulation(r, c).play(data[1:])
			return
		}
		for data = data[1:]; len(data) >= 5; data = data[5:] {
			word := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16
			checkClassify(t, word)
			tid := firstFake + int(data[3])%fakeIDs
			other := firstFake + int(data[4])%fakeIDs
			r.table.mine = func(int) bool { return data[4]&0x20 != 0 }
			r.kernel = lookups{
				message: func(int) (uint64, unix.Errno) {
					return uint64(other), unix.Errno(data[4] & 0x80 >> 7 * byte(unix.ESRCH))
				},
				isThread: func(int, int) bool { return data[4]&0x40 != 0 },
				family:   func(int) (int, int) { return other, firstFake + int(data[4]>>2)%fakeIDs },
			}
			r.dispatch(classify(tid, unix.WaitStatus(word)))
			c.checkTable(r)
		}
	})
}

// census counts what the handlers of a run are told.
type census struct {
	t          *testing.T
	born, died map[*Process]int
}

// run returns a run with its command, as after the launch.
func (c *census) run() *run {
	c.t.Helper()
	h := Handler{
		Born: func(p *Process) error { c.born[p]++; return nil },
		Died: func(p *Process, _ unix.WaitStatus) error {
			if c.died[p]++; c.born[p] != 1 || c.died[p] != 1 {
				c.t.Errorf("process %d was born %d times and died %d times", p.pid, c.born[p], c.died[p])
			}
			return nil
		},
	}
	r := &run{Tracer: &Tracer{Handlers: []Handler{h}}, table: newTable(), pids: map[int]struct{}{}, resting: map[int]struct{}{}} // without a filter
	r.root = &Process{pid: firstFake}
	t := r.admit(firstFake, r.root)
	t.announced = true
	r.begin(t)
	return r
}

// checkTable checks what holds after every event, whatever it was.
func (c *census) checkTable(r *run) {
	t := c.t
	t.Helper()
	threads, waiting := map[*Process]int{}, uint64(0)
	for tid, th := range r.table.byTid {
		threads[th.proc]++
		if th.tid != tid {
			t.Fatalf("thread %d is entered as %d", th.tid, tid)
		}
		if th.stopped {
			waiting++
		}
	}
	if waiting > 0 && r.err == nil {
		t.Fatalf("%d threads wait, and nobody says so", waiting)
	}
	if l := r.ledger; l.stops != l.resumed+l.gone+waiting && r.err == nil {
		t.Fatalf("%d stops, %d resumed, %d gone, %d waiting", l.stops, l.resumed, l.gone, waiting)
	}
	for p, n := range threads {
		if p.threads != n {
			t.Fatalf("process %d has %d threads, counted are %d", p.pid, n, p.threads)
		}
	}
	for pid, p := range r.table.byPid {
		if p.pid != pid || p.dead {
			t.Fatalf("process %d is entered as %d, dead %t", p.pid, pid, p.dead)
		}
	}
	for p, n := range c.born {
		if n != 1 {
			t.Fatalf("process %d was born %d times", p.pid, n)
		}
	}
}

// checkEnd checks what holds when the last process has ended.
func (c *census) checkEnd(r *run, processes int) {
	t := c.t
	t.Helper()
	if err := errors.Join(r.err, r.ledger.check()); err != nil {
		t.Fatal(err)
	}
	if len(r.table.byTid)+len(r.table.byPid)+len(r.pids) > 0 {
		t.Fatalf("left are the threads %v, the processes %v, the ids %v", r.table.byTid, r.table.byPid, r.pids)
	}
	if r.outcome.Processes > processes {
		t.Fatalf("%d processes are counted, there were %d", r.outcome.Processes, processes)
	}
	for p := range c.born {
		if c.died[p] != 1 {
			t.Fatalf("process %d was born and died %d times", p.pid, c.died[p])
		}
	}
}
