package catbox

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// What programs do must not make the tracer grow. Each test would need many times
// its bound if all that it is told were kept.

// most is what a thousand violations may take that are as large as can be.
const most = 64 << 20

// heldBy returns by how many bytes the heap is larger after f than before, while
// what f returns is held.
func heldBy(f func() any) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	held := f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(held)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// descendant makes a process below many others, all with long command lines.
func descendant() *tracer.Process {
	var p *tracer.Process
	for pid := range 40 {
		p = tracer.NewProcess(pid, p, strings.Fields(strings.Repeat("argument ", 400))...)
	}
	return p
}

func TestDistinctViolationsAreBounded(t *testing.T) {
	const calls = 200_000
	filler, p := strings.Repeat("x", 4000), descendant()
	for _, tt := range []struct {
		name string
		make func(i int) Violation
	}{
		{"paths", func(i int) Violation {
			name := "/" + strconv.Itoa(i) + filler
			return Violation{Call: "open", Path: name, Canonical: name, Rule: name}
		}},
		{"abstract names", func(i int) Violation { return Violation{Call: "connect", Address: fmt.Sprint("@", i, filler[:90])} }},
		{"processes outside", func(i int) Violation { return Violation{Call: "kill", Reason: fmt.Sprint("process ", i)} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJournal(0)
			n := heldBy(func() any {
				for i := range calls {
					j.add(tt.make(i), func() []ProcessInfo {
						if i >= defaultMaxViolations {
							return nil // what is not kept need not be made
						}
						return ancestry(p)
					})
				}
				return j
			})
			if n > most || j.dropped != calls-defaultMaxViolations || len(j.list) != defaultMaxViolations {
				t.Errorf("%d bytes are held, %d violations kept, %d dropped", n, len(j.list), j.dropped)
			}
		})
	}
}

// TestDeepNamesAreBounded is refused names that are far longer than any path.
func TestDeepNamesAreBounded(t *testing.T) {
	c := newTestConfiner(t, &Sandbox{})
	p := tracer.NewProcess(os.Getpid(), nil, "test")
	n := heldBy(func() any {
		for i := range 2 * defaultMaxViolations {
			s := tracer.NewStop(p, sysent.AMD64, sysent.ByName("mkdir"), [6]uint64{guestBase}, guestBase, nil)
			c.k.decode(s, s.Call, s.Args)
			at := &place{res: resolve.Result{Kind: resolve.Named, Path: fmt.Appendf(nil, "/%d%s", i, strings.Repeat("/x", 1<<18))}}
			c.violate(c.explain(&c.k, at), unix.EACCES)
		}
		return c
	})
	if n > most || len(c.journal.list) != defaultMaxViolations {
		t.Errorf("%d bytes are held by %d violations", n, len(c.journal.list))
	}
}

// TestStopsAreBounded makes calls on long paths, with rules of both kinds.
func TestStopsAreBounded(t *testing.T) {
	const calls = 10_000
	dir := t.TempDir()
	c := newTestConfiner(t, &Sandbox{Paths: []string{`~^/never/(?:[a-z.]+/?)+\z`, `~(x+x+)+y`}})
	n := heldBy(func() any {
		for i := range calls {
			s := openStop(fmt.Sprintf("%s%s/%d", dir, strings.Repeat("/.", 1900), i), unix.O_CREAT|unix.O_WRONLY)
			if c.enter(s).Continues() {
				t.Fatalf("call %d is allowed", i)
			}
		}
		return c
	})
	if n > most/2 || c.journal.dropped != calls-defaultMaxViolations {
		t.Errorf("%d bytes are held, %d violations dropped", n, c.journal.dropped)
	}
}

func TestCommandLinesAreCut(t *testing.T) {
	for _, tt := range []struct {
		name string
		argv []string
		most int
		want string
	}{
		{"fits", []string{"a", "bc"}, 3 + 2*argumentExpense, `["a" "bc"]`},
		{"a byte too long", []string{"a", "bc"}, 2 + 2*argumentExpense, `["a" "b..."]`},
		{"no room", []string{"a", "bc", "d"}, argumentExpense, `["..."]`},
		{"none", nil, 0, `[]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprintf("%q", cutArgv(tt.argv, tt.most)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	list := ancestry(descendant())
	if len(list) != maxProcesses || len(list[0].Argv) < maxCommand/(argumentExpense+len("argument")) || len(list[1].Argv) > maxAncestor/argumentExpense {
		t.Errorf("%d processes, with %d and %d arguments", len(list), len(list[0].Argv), len(list[1].Argv))
	}
	if list[0].PID != 39 || list[maxProcesses-2].PID != 39-(maxProcesses-2) || list[maxProcesses-1].PID != 0 {
		t.Errorf("got %v", list)
	}
}
