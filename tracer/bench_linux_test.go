package tracer

import (
	"runtime"
	"strconv"
	"testing"
)

// trapped counts getppid calls that a handler lets run.
func trapped(calls *int, v Verdict) *Tracer {
	return &Tracer{Handlers: []Handler{{
		Rules: stopOn("getppid"),
		Enter: func(s *Stop) Verdict { *calls++; return v },
		Exit:  func(*Stop) Verdict { return Continue() },
	}}}
}

// allocations is how many objects a run of a guest with n trapped calls makes.
func allocations(t *testing.T, v Verdict, n int) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	calls := 0
	tr, guest := trapped(&calls, v), program(t, "memory", "-static")
	cmd, _ := command(t, guest, strconv.Itoa(n))
	runtime.ReadMemStats(&before)
	if _, err := tr.Run(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if calls != n {
		t.Fatalf("%d stops, want %d", calls, n)
	}
	return after.Mallocs - before.Mallocs
}

// TestStopsAllocateNothing compares a short run with a long one: what each stop
// would allocate is in the difference.
func TestStopsAllocateNothing(t *testing.T) {
	amd64Only(t)
	tests := []struct {
		name    string
		verdict Verdict
	}{
		{"continue", Continue()},
		{"answer", Answer(1)},
		{"at exit", Continue().AtExit()},
	}
	const long = 5000
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			allocations(t, test.verdict, 1)
			base := allocations(t, test.verdict, 1)
			got := allocations(t, test.verdict, long+1)
			// The runtime itself allocates now and then.
			if got > base+long/50 {
				t.Errorf("%d allocations for 1 stop, %d for %d", base, got, long+1)
			}
		})
	}
}

// BenchmarkStop is the time of one trapped call, with the guest's part of it.
func BenchmarkStop(b *testing.B) {
	amd64Only(b)
	benchmarks := []struct {
		name    string
		verdict Verdict
	}{
		{"continue", Continue()},
		{"answer", Answer(1)},
		{"exit", Continue().AtExit()},
	}
	guest := program(b, "memory", "-static")
	for _, bench := range benchmarks {
		b.Run(bench.name, func(b *testing.B) {
			calls := 0
			tr := trapped(&calls, bench.verdict)
			cmd, _ := command(b, guest, strconv.Itoa(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := tr.Run(b.Context(), cmd); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkProgress is what telling the watchdog adds to a stop.
func BenchmarkProgress(b *testing.B) {
	var p progress
	for b.Loop() {
		p.begin(1, 4711, uint64(evSeccomp)+1)
		p.calls(0, 257)
		p.end()
	}
}
