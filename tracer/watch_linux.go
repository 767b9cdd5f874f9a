package tracer

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// stallLooks is how often the watchdog looks in Tracer.StallAfter. It counts looks
// rather than compares times, so that a pause of the whole program is no stall.
const stallLooks = 4

func (t *Tracer) stallAfter() time.Duration { return cmp.Or(t.StallAfter, 5*time.Second) }

// watchdog reports when a run does not get on. It is a goroutine of its own,
// because the tracer's thread is what may be blocked.
type watchdog struct {
	*run
	period  time.Duration // between two looks
	seen    work
	looks   int // that have found the same
	next    int // of them, to do more than count
	told    bool
	suspect int              // thread that was stopped at the last look
	lost    map[int]struct{} // threads that it has told about
}

// watch starts a watchdog, if somebody wants to know, and returns the function
// that ends it.
func (r *run) watch(ctx context.Context) (end func()) {
	if r.Stalled == nil && (r.Log == nil || !r.Log.Enabled(ctx, slog.LevelWarn)) {
		return func() {}
	}
	w := watchdog{run: r, period: r.stallAfter() / stallLooks, lost: map[int]struct{}{}}
	stop, panicked := make(chan struct{}), make(chan any)
	go func() {
		defer func() { panicked <- recover() }()
		w.watch(stop)
	}()
	return func() {
		close(stop)
		if p := <-panicked; p != nil {
			panic(p)
		}
	}
}

func (w *watchdog) watch(stop <-chan struct{}) {
	timer := time.NewTimer(w.period)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
			w.look()
			timer.Reset(w.period)
		}
	}
}

// look compares what the tracer's thread is at with what it was at before.
func (w *watchdog) look() {
	now := work(w.progress.now.Load())
	if now != w.seen {
		w.seen, w.looks, w.next, w.told, w.suspect = now, 0, stallLooks, false, 0
		return
	}
	w.looks++
	if w.told || w.looks < w.next {
		return
	}
	s := w.progress.describe(now)
	if s.Kind == Lost && !w.findStuck(&s) {
		return
	}
	if s.Kind == Starting || s.Kind == Handling {
		s.In = w.kernelCall()
	}
	if work(w.progress.now.Load()) != now {
		return
	}
	s.For = time.Duration(w.looks) * w.period
	w.told = true
	w.tell(s)
}

func (w *watchdog) tell(s Stall) {
	if w.Log != nil {
		w.Log.LogAttrs(context.Background(), slog.LevelWarn, "no progress: "+s.String(),
			slog.Int("tid", s.Tid), slog.String("stop", s.Stop), slog.String("call", s.Call),
			slog.String("tracer", s.In), slog.Duration("for", s.For))
	}
	if w.Stalled != nil {
		w.Stalled(s)
	}
}

// findStuck looks for a thread for which the tracer waits in vain. If there is
// none, it is the programs that wait, as programs do.
func (w *watchdog) findStuck(s *Stall) bool {
	w.mu.Lock()
	pids, known := slices.Sorted(maps.Keys(w.pids)), maps.Clone(w.resting)
	w.mu.Unlock()
	if w.killed.Load() && len(pids) > 0 {
		s.Kind, s.Tid = Dying, pids[0]
		return true
	}
	maps.Copy(known, w.lost)
	suspect := 0
	for _, pid := range pids {
		if suspect = stoppedThread(pid, known); suspect != 0 {
			break
		}
	}
	if suspect == 0 { // it may be a long sleep: look again, but more and more seldom
		w.suspect, w.next = 0, 2*w.looks
		return false
	}
	if suspect != w.suspect { // its status may be on the way, but not for a whole period
		w.suspect = suspect
		return false
	}
	s.Tid = suspect
	w.lost[suspect] = struct{}{}
	return true
}

// stoppedThread returns a thread of the process that is in a ptrace-stop and not
// known to be, or 0.
func stoppedThread(pid int, known map[int]struct{}) int {
	tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/[0-9]*")
	for _, task := range tasks {
		tid, _ := strconv.Atoi(filepath.Base(task))
		if _, ok := known[tid]; !ok && stateOf(task) == 't' {
			return tid
		}
	}
	return 0
}

// stateOf returns the state of a thread (proc_pid_stat(5)), or 0.
func stateOf(task string) byte {
	stat, err := os.ReadFile(task + "/stat")
	// The name before it is in parentheses and may contain anything.
	at := bytes.LastIndexByte(stat, ')') + 2
	if err != nil || at < 2 || at >= len(stat) {
		return 0
	}
	return stat[at]
}

// kernelCall names the system call that the tracer is in, or returns ""
// if it is in none or the kernel does not tell (proc_pid_syscall(5)).
func (r *run) kernelCall() string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", r.progress.by.Load()))
	if err != nil {
		return ""
	}
	first, _, _ := bytes.Cut(text, []byte(" "))
	number, err := strconv.ParseUint(string(first), 10, 32)
	if err != nil { // "running"
		return ""
	}
	if e := abis()[0].Lookup(uint32(number)); e != nil {
		return e.Name
	}
	return "system call " + string(first)
}

// rests notes that a thread is in a group-stop, in which nothing resumes it but
// SIGCONT, or that it no longer is.
func (r *run) rests(tid int, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if yes {
		r.resting[tid] = struct{}{}
	} else {
		delete(r.resting, tid)
	}
}
