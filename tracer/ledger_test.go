package tracer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	type step func(*ledger, *tracee) error
	enter := func(l *ledger, t *tracee) error { return l.enter(t, evSeccomp) }
	resume := func(l *ledger, t *tracee) error { return l.leave(t, false) }
	vanish := func(l *ledger, t *tracee) error { return l.leave(t, true) }
	check := func(l *ledger, _ *tracee) error { return l.check() }
	tests := []struct {
		name  string
		steps []step
		want  string // of the last step; the others give no error
	}{
		{"nothing", []step{check}, ""},
		{"resumed", []step{enter, resume, check}, ""},
		{"gone", []step{enter, vanish, check}, ""},
		{"twice", []step{enter, resume, enter, vanish, check}, ""},
		{"not resumed", []step{enter, check}, "1 stops, 0 resumed, 0 gone"},
		{"stops twice", []step{enter, enter}, "seccomp-stop while its seccomp-stop was not resumed"},
		{"resumed twice", []step{enter, resume, resume}, "resumed twice after its seccomp-stop"},
		{"resumed when gone", []step{enter, vanish, resume}, "resumed twice"},
		{"never stopped", []step{resume}, "resumed twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var l ledger
			thread := &tracee{tid: 5}
			last := len(test.steps) - 1
			for i, do := range test.steps[:last] {
				if err := do(&l, thread); err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
			}
			err := test.steps[last](&l, thread)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("last step: error %v, want %q", err, test.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	tb := newTable()
	one, two := &Process{pid: 10}, &Process{pid: 20}
	type state struct{ Tids, Pids, ThreadsOfOne, ThreadsOfTwo int }
	steps := []struct {
		name string
		do   func()
		want state
	}{
		{"a process", func() { tb.add(10, one) }, state{1, 1, 1, 0}},
		{"two threads", func() { tb.add(11, one); tb.add(12, one) }, state{3, 1, 3, 0}},
		{"another process", func() { tb.add(20, two) }, state{4, 2, 3, 1}},
		{"a thread ends", func() { tb.remove(11) }, state{3, 2, 2, 1}},
		{"it ends again", func() { tb.remove(11) }, state{3, 2, 2, 1}},
		{"its number is used by the other", func() { tb.add(12, two) }, state{3, 2, 1, 2}},
		{"a process with a thread left", func() { tb.removeProcess(two) }, state{1, 1, 1, 0}},
		{"the first thread, then its process", func() { tb.remove(10); tb.removeProcess(one) }, state{0, 0, 0, 0}},
	}
	for _, step := range steps {
		step.do()
		got := state{len(tb.byTid), len(tb.byPid), one.threads, two.threads}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	if !one.dead || !two.dead {
		t.Error("a removed process is not dead")
	}
}

// TestSlots checks who may use which page for rewritten strings.
func TestSlots(t *testing.T) {
	t.Parallel()
	r := &run{table: newTable()}
	p := &Process{pid: 1}
	for tid := 1; tid <= slotCount+1; tid++ {
		r.table.add(tid, p)
	}
	take := func(tid, want int, wantFree bool) {
		t.Helper()
		if got, free := r.acquire(p, tid); free != wantFree || free && got != want {
			t.Errorf("slot of thread %d: %d %t, want %d %t", tid, got, free, want, wantFree)
		}
	}
	for tid := 1; tid <= slotCount; tid++ {
		take(tid, tid-1, true)
	}
	take(slotCount+1, 0, false) // all are taken
	take(3, 2, true)            // its own again
	r.release(p, 7)
	take(slotCount+1, 6, true)
	r.table.remove(9) // it died inside its call
	take(7, 8, true)
}
