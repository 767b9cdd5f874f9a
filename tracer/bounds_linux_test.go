package tracer

import (
	"context"
	"log/slog"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tables are the sizes of what a run keeps for each process or thread.
type tables struct{ Tids, Pids, Interrupt, Resting int }

func (r *run) tables() tables {
	return tables{len(r.table.byTid), len(r.table.byPid), len(r.pids), len(r.resting)}
}

// traceInside is trace that returns the run as well.
func traceInside(t *testing.T, tr *Tracer, argv ...string) *run {
	t.Helper()
	return traceWith(t, tr, func(*run) {}, argv...)
}

// traceWith is traceInside with something to be done to the run before it begins.
func traceWith(t *testing.T, tr *Tracer, prepare func(*run), argv ...string) *run {
	t.Helper()
	r, err := tr.newRun(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	prepare(r)
	cmd, output := command(t, argv...)
	go onOwnThread(func() { r.main(cmd) })
	<-r.done
	if r.err != nil || !r.outcome.Status.Exited() {
		t.Errorf("%v, %s\n%s", r.err, describeStatus(r.outcome.Status), output())
	}
	return r
}

// onEvent is a log whose lines are a function that is called on the tracer's
// thread before each event is handled.
type onEvent func(kind string, tid int)

func (onEvent) Enabled(context.Context, slog.Level) bool { return true }
func (f onEvent) WithAttrs([]slog.Attr) slog.Handler     { return f }
func (f onEvent) WithGroup(string) slog.Handler          { return f }
func (f onEvent) Handle(_ context.Context, line slog.Record) error {
	line.Attrs(func(a slog.Attr) bool {
		if a.Key == "tid" {
			f(line.Message, int(a.Value.Int64()))
		}
		return true
	})
	return nil
}

// TestTablesEnd checks that a run forgets every process and thread.
func TestTablesEnd(t *testing.T) {
	crowd, tree := program(t, "crowd"), program(t, "tree")
	tests := []struct {
		name string
		argv []string
	}{
		{"births", []string{tree, "births"}},
		{"threads", []string{tree, "threads"}},
		{"exec from a thread", []string{tree, "exec-from-thread", tree, "exec-leader-ended", "/bin/true"}},
		{"daemon", []string{tree, "daemon"}},
		{"exec from threads", []string{crowd, "reexec", "50"}},
		{"killed groups", []string{crowd, "massacre", "30"}},
		{"stopped and continued", []string{"/bin/sh", "-c",
			"sh -c 'kill -STOP $$' & while grep -q 'State:.[^Z]' /proc/$!/status; do kill -CONT $!; done; wait $!"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, handlers := range [][]Handler{nil, {watchAll()}} {
				r := traceInside(t, &Tracer{Handlers: handlers}, test.argv...)
				if diff := cmp.Diff(tables{}, r.tables()); diff != "" {
					t.Errorf("%d handlers (-want +got):\n%s", len(handlers), diff)
				}
			}
		})
	}
}

// TestTablesEndOfKilled is the same for a tree that is killed, with stopped
// processes in it.
func TestTablesEndOfKilled(t *testing.T) {
	b := newBlocking(t, "block-and-end")
	r, err := (&Tracer{KillOnExit: true}).newRun(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	go onOwnThread(func() { r.main(b.cmd) })
	<-r.done
	if diff := cmp.Diff(tables{}, r.tables()); diff != "" || r.err != nil {
		t.Errorf("error %v (-want +got):\n%s", r.err, diff)
	}
	b.checkGone(t)
}

// TestTablesBounded checks how much is kept for many processes and threads that
// come and go.
func TestTablesBounded(t *testing.T) {
	tests := []struct {
		name, mode, n string
	}{
		{"processes", "processes", "3000"},
		{"threads", "threads", "3000"},
		{"processes that each start the next one", "chain", "3000"},
		{"threads that vanish", "reexec", "1500"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() {
				t.Skip("thousands of processes")
			}
			var r *run
			var most tables
			depth := 0
			count := func(_ string, tid int) {
				now := r.tables()
				most.Tids, most.Pids, most.Interrupt = max(most.Tids, now.Tids), max(most.Pids, now.Pids), max(most.Interrupt, now.Interrupt)
				if th := r.table.byTid[tid]; th != nil {
					ancestors := 0
					for p := th.proc.parent; p != nil; p = p.parent {
						ancestors++
					}
					depth = max(depth, ancestors)
				}
			}
			traceWith(t, &Tracer{Log: slog.New(onEvent(count))}, func(given *run) { r = given }, program(t, "crowd"), test.mode, test.n)
			if most.Tids > minSweep+10 || most.Pids > 100 || most.Interrupt > 100 || depth > 2*maxAncestors {
				t.Errorf("at most %+v, %d ancestors", most, depth)
			}
		})
	}
}

// TestTracedVanished asks for the ids of threads that vanished when they executed
// a program. They may be those of somebody else now.
func TestTracedVanished(t *testing.T) {
	asked, wrong := 0, 0
	var before []int
	tr := Tracer{Handlers: []Handler{{
		Rules: stopOn("execve"),
		Enter: func(s *Stop) Verdict {
			for _, tid := range before {
				asked++
				if s.Traced(tid) {
					wrong++
				}
			}
			if !s.Traced(s.Tid) || !s.Traced(s.Process().PID()) {
				wrong++
			}
			before = append(before, s.Tid)
			return Continue()
		},
	}}}
	mustTrace(t, &tr, program(t, "crowd"), "reexec", "10")
	if asked != 45 || wrong != 0 {
		t.Errorf("asked %d times, %d wrong answers", asked, wrong)
	}
}

// TestReusedID lets the id of each new process be that of a thread that vanished,
// and the birth be told later than its first stop.
func TestReusedID(t *testing.T) {
	var r *run
	reused, born := 0, 0
	stale := func(kind string, tid int) {
		if kind == evTrap.String() && tid != r.root.pid && (r.table.byTid[tid] == nil || !r.table.byTid[tid].begun) {
			r.table.add(tid, r.root).begun = true
			delete(r.table.byPid, tid)
			reused++
		}
	}
	tr := Tracer{Log: slog.New(onEvent(stale)),
		Handlers: []Handler{{Born: func(*Process) error { born++; return nil }}}}
	traceWith(t, &tr, func(given *run) { r = given }, "/bin/sh", "-c", "(exit 1); (exit 2); /bin/true")
	if reused != 2 && reused != 3 || born != reused+1 {
		t.Errorf("%d ids reused, %d processes born", reused, born)
	}
	if diff := cmp.Diff(tables{}, r.tables()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
