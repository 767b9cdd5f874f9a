package tracer

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
)

// grows returns by how many bytes the heap is larger after f than before. What f
// returns is kept until then.
func grows(f func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestDaemonChainsAreForgotten makes chains of processes of which each starts the
// next one and ends, with long command lines.
func TestDaemonChainsAreForgotten(t *testing.T) {
	const generations, alive = 50_000, 50
	command := &Process{pid: 1, argv: []byte("command\x00")}
	chain := func(sleeper int) *Process {
		p := command
		for i := range generations {
			c := p.child(2 + i)
			c.argv = fmt.Appendf(nil, "%d\x00%s", i, bytes.Repeat([]byte{'x'}, maxArgv-16))
			if i%sleeper != 0 || i/sleeper >= alive {
				p.bury()
			}
			p = c
		}
		return p
	}
	for _, sleeper := range []int{generations, 1000, maxAncestors} {
		t.Run(fmt.Sprintf("each %dth lives on", sleeper), func(t *testing.T) {
			var last *Process
			if n := grows(func() any { last = chain(sleeper); return last }); n > 1<<20 {
				t.Errorf("the heap has grown by %d bytes", n)
			}
			length, end := 0, last
			for ; end.Parent() != nil; end = end.Parent() {
				length++
			}
			if length > maxAncestors+1 || end != command {
				t.Errorf("%d ancestors are known, the last is process %d", length, end.pid)
			}
			if near := last.Parent(); near.pid != last.pid-1 || len(near.argv) > maxDeadArgv {
				t.Errorf("the parent is process %d, with %d bytes of command line", near.pid, len(near.argv))
			}
		})
	}
}

// TestLivingAncestorsAreKept makes a deep chain of processes that are all alive.
func TestLivingAncestorsAreKept(t *testing.T) {
	t.Parallel()
	const deep = 10 * maxAncestors
	p := &Process{pid: 0}
	for pid := 1; pid <= deep; pid++ {
		p = p.child(pid)
	}
	for want := deep; p != nil; p, want = p.Parent(), want-1 {
		if p.pid != want {
			t.Fatalf("got process %d, want %d", p.pid, want)
		}
	}
}
