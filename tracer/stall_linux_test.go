package tracer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// blocker blocks the tracer's thread in a system call until the stall of it is
// told.
type blocker struct {
	r, w  int
	calls int
	told  []Stall
}

func newBlocker(t *testing.T) *blocker {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(fds[0]), unix.Close(fds[1]) })
	return &blocker{r: fds[0], w: fds[1]}
}

// block is the handler, or what is called by it.
func (b *blocker) block() error {
	b.calls++
	var c [1]byte
	_, err := unix.Read(b.r, c[:])
	return err
}

// stalled is the hook. On a busy machine the tracer may be slow elsewhere, too.
func (b *blocker) stalled(s Stall) {
	if s.In != "read" {
		return
	}
	b.told = append(b.told, s)
	if _, err := unix.Write(b.w, []byte{0}); err != nil {
		panic(err)
	}
}

// TestStalledHandler blocks every kind of handler, and the runs go on after it
// was told.
func TestStalledHandler(t *testing.T) {
	const script = "kill -0 $$; /bin/true; exit 4"
	trap := func(enter, exit func(*Stop) Verdict) Handler {
		return Handler{Rules: stopOn("kill"), Enter: enter, Exit: exit}
	}
	process := func(b *blocker, first bool) func(*Process) error {
		return func(p *Process) error {
			if (p.Parent() == nil) != first {
				return nil
			}
			return b.block()
		}
	}
	tests := []struct {
		name    string
		handler func(b *blocker) Handler
		want    Stall
	}{
		{"Enter", func(b *blocker) Handler {
			return trap(func(*Stop) Verdict { _ = b.block(); return Continue() }, nil)
		}, Stall{Kind: Handling, Stop: "seccomp-stop", Call: "kill"}},
		{"Enter of the notify lane", func(b *blocker) Handler {
			return Handler{Rules: notifyOf("kill"), Enter: func(*Stop) Verdict { _ = b.block(); return Continue() }}
		}, Stall{Kind: Handling, Stop: notifiedStop(), Call: "kill"}},
		{"Exit", func(b *blocker) Handler {
			return trap(func(*Stop) Verdict { return Continue().AtExit() }, func(*Stop) Verdict { _ = b.block(); return Continue() })
		}, Stall{Kind: Handling, Stop: "syscall-exit-stop", Call: "kill"}},
		{"Born of the command", func(b *blocker) Handler { return Handler{Born: process(b, true)} },
			Stall{Kind: Starting}},
		{"Born", func(b *blocker) Handler { return Handler{Born: process(b, false)} },
			Stall{Kind: Handling, Stop: "trap"}},
		{"Exec", func(b *blocker) Handler { return Handler{Exec: process(b, false)} },
			Stall{Kind: Handling, Stop: "exec event"}},
		{"Died", func(b *blocker) Handler {
			died := process(b, false)
			return Handler{Died: func(p *Process, _ unix.WaitStatus) error { return died(p) }}
		}, Stall{Kind: Handling, Stop: "exit"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBlocker(t)
			tr := Tracer{Handlers: []Handler{test.handler(b)}, Stalled: b.stalled, StallAfter: 20 * time.Millisecond}
			got := mustTrace(t, &tr, "/bin/sh", "-c", script)
			if diff := cmp.Diff("exit status 4\n", got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if b.calls != 1 || len(b.told) != 1 {
				t.Fatalf("blocked %d times, told %v", b.calls, b.told)
			}
			test.want.In = "read"
			if diff := cmp.Diff(test.want, b.told[0], cmpopts.IgnoreFields(Stall{}, "Tid", "For")); diff != "" {
				t.Errorf("stall (-want +got):\n%s", diff)
			}
			if s := b.told[0]; s.For < tr.StallAfter || (s.Tid == 0) != (s.Kind == Starting) {
				t.Errorf("stall %+v", s)
			}
		})
	}
}

// TestStalledEach checks that each stall is told, and only stalls.
func TestStalledEach(t *testing.T) {
	b := newBlocker(t)
	var log strings.Builder
	tr := Tracer{Stalled: b.stalled, StallAfter: 20 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Handlers: []Handler{{
			Rules: stopOn("kill"), Enter: func(*Stop) Verdict { _ = b.block(); return Continue() },
		}}}
	got := mustTrace(t, &tr, "/bin/sh", "-c", "kill -0 $$; kill -0 $$; sleep 0.1; kill -0 $$")
	if b.calls != 3 || len(b.told) != 3 {
		t.Errorf("blocked %d times, told %v", b.calls, b.told)
	}
	want := fmt.Sprintf("is in its seccomp-stop of kill, the tracer in read, for %v", b.told[0].For)
	if n := strings.Count(log.String(), "tracer=read"); n != 3 || !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("log:\n%s\nlacks %q (tid %d)", log.String(), want, got.Outcome.PID)
	}
}

// TestStalledPanic checks where a panic of the hook ends.
func TestStalledPanic(t *testing.T) {
	failure := errors.New("hook failed")
	b := newBlocker(t)
	tr := Tracer{StallAfter: 20 * time.Millisecond, Stalled: func(s Stall) { b.stalled(s); panic(failure) },
		Handlers: []Handler{{Born: func(*Process) error { return b.block() }}}}
	cmd, _ := command(t, "/bin/true")
	if panicked, err := runCatching(t.Context(), &tr, cmd); !panicked || !errors.Is(err, failure) {
		t.Errorf("error %v, panic %t", err, panicked)
	}
}

// TestStalledLost takes the status of a stopped thread away from the run, as a
// host program does that waits for children that are not its own.
func TestStalledLost(t *testing.T) {
	failure := errors.New("a status was lost")
	ctx, cancel := context.WithCancelCause(t.Context())
	parent := 0
	tr := Tracer{StallAfter: 20 * time.Millisecond,
		Handlers: []Handler{{
			Rules: stopAll, // so that the parent stops after its child was born, too
			Born: func(p *Process) error {
				if p.Parent() == nil {
					return nil
				}
				parent = p.Parent().PID()
				var status unix.WaitStatus
				_, err := unix.Wait4(parent, &status, unix.WALL, nil)
				return err
			},
		}},
		Stalled: func(s Stall) {
			if s.Kind == Lost {
				cancel(fmt.Errorf("%w of %d", failure, s.Tid))
			}
		}}
	cmd, _ := command(t, "/bin/sh", "-c", "(exit 3) & while :; do kill -0 $$; done")
	_, err := tr.Run(ctx, cmd)
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), fmt.Sprintf("lost of %d", parent)) {
		t.Errorf("error %v", err)
	}
}

// TestStalledCancel cancels a run that is blocked for good: it is abandoned, and
// nothing of the tree runs on.
func TestStalledCancel(t *testing.T) {
	cause := errors.New("no longer wanted")
	tests := []struct {
		name    string
		handler func(block func(*Process) error) Handler
		want    Stall
	}{
		{"started", func(block func(*Process) error) Handler {
			return Handler{Rules: stopOn("pause"), Enter: func(s *Stop) Verdict { _ = block(s.Process()); return Continue() }}
		}, Stall{Kind: Handling, Stop: "seccomp-stop", Call: "pause", In: "read"}},
		{"starting", func(block func(*Process) error) Handler { return Handler{Born: block} },
			Stall{Kind: Starting, In: "read"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, tree := newBlocker(t), newBlocking(t, "block")
			ctx, cancel := context.WithCancelCause(t.Context())
			tr := Tracer{StallAfter: 50 * time.Millisecond, Handlers: []Handler{test.handler(func(*Process) error {
				cancel(cause)
				return b.block()
			})}}
			o, err := tr.Run(ctx, tree.cmd)
			var stall *StallError
			if !errors.As(err, &stall) || !errors.Is(err, cause) || o.PID != 0 {
				t.Fatalf("outcome %+v, error %v", o, err)
			}
			if diff := cmp.Diff(test.want, stall.Stall, cmpopts.IgnoreFields(Stall{}, "Tid", "For")); diff != "" {
				t.Errorf("stall (-want +got):\n%s", diff)
			}
			if err := unix.Close(b.w); err != nil { // the end of the block
				t.Fatal(err)
			}
			tree.close()
			if rest, err := io.ReadAll(tree.alive); err != nil || len(rest) > 0 {
				t.Errorf("something of the tree lives: %v, %q", err, rest)
			}
			eventually(t, "the thread of the run has reaped its tree", func() bool { return len(zombies(t)) == 0 })
		})
	}
}

// TestWatchdog drives a watchdog by hand.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	var told []Stall
	tr := Tracer{Stalled: func(s Stall) { told = append(told, s) }}
	r, err := tr.newRun(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	w := watchdog{run: r, period: time.Second, lost: map[int]struct{}{}}
	r.pids[os.Getpid()] = struct{}{} // a process that is not stopped
	r.tid.Store(-1)
	mount := sysent.ByName("mount")
	number, _ := mount.Number(abis()[0])
	steps := []struct {
		name  string
		do    func()
		looks int
		want  []Stall
	}{
		{"nothing has begun", func() {}, 50, nil},
		{"start", func() { r.progress.begin(1, 0, launching) }, stallLooks, nil},
		{"start lasts", func() {}, 1, []Stall{{Kind: Starting, For: stallLooks * time.Second}}},
		{"start lasts longer", func() {}, 50, nil},
		{"waiting", func() { r.progress.end() }, 50, nil},
		{"a stop", func() { r.progress.begin(1, 7, uint64(evSignal)+1) }, stallLooks, nil},
		{"another stop", func() { r.progress.end(); r.progress.begin(1, 7, uint64(evSignal)+1) }, stallLooks, nil},
		{"it lasts", func() {}, 50, []Stall{{Kind: Handling, Tid: 7, Stop: "signal-delivery-stop", For: stallLooks * time.Second}}},
		{"a call, not read", func() { r.progress.begin(1, 8, uint64(evSeccomp)+1) }, stallLooks, nil},
		{"a call", func() { r.progress.calls(abis()[0], number) }, 50,
			[]Stall{{Kind: Handling, Tid: 8, Stop: "seccomp-stop", Call: "mount", For: stallLooks * time.Second}}},
		{"the call of an earlier stop", func() { r.progress.begin(1, 1<<22, uint64(evSyscall)+1) }, 50,
			[]Stall{{Kind: Handling, Tid: 1 << 22, Stop: "syscall-exit-stop", For: stallLooks * time.Second}}},
		{"killed", func() { r.progress.end(); r.killed.Store(true) }, 50,
			[]Stall{{Kind: Dying, Tid: os.Getpid(), For: stallLooks * time.Second}}},
	}
	for _, step := range steps {
		told = nil
		step.do()
		for range step.looks {
			w.look()
		}
		if diff := cmp.Diff(step.want, told); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// TestGroupStopIsNoStall looks for stuck threads while job control has stopped
// the command, which the kernel shows as stopped for the tracer.
func TestGroupStopIsNoStall(t *testing.T) {
	stopped := 0
	var r *run
	tr := Tracer{Stalled: func(Stall) {}}
	tr.GroupStop = func(unix.Signal) {
		stopped++
		pid := r.root.pid
		task := fmt.Sprintf("/proc/%d/task/%d", pid, pid)
		eventually(t, "stopped", func() bool { return stateOf(task) == 't' })
		w := watchdog{run: r, lost: map[int]struct{}{}}
		var s Stall
		first, second := w.findStuck(&s), w.findStuck(&s)
		if first || second {
			t.Errorf("a stall: %v", s)
		}
		if got := stoppedThread(pid, nil); got != pid {
			t.Errorf("thread %d is stopped", got)
		}
		_ = unix.Kill(pid, unix.SIGCONT)
	}
	r, err := tr.newRun(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	cmd, _ := command(t, "/bin/sh", "-c", "kill -STOP $$; kill -STOP $$; exit 4")
	go onOwnThread(func() { r.main(cmd) })
	<-r.done
	if stopped != 2 || r.outcome.Status.ExitStatus() != 4 || len(r.resting) > 0 {
		t.Errorf("stopped %d times, %s, resting %v", stopped, describeStatus(r.outcome.Status), r.resting)
	}
}
