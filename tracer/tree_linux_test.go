package tracer

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestTree compares what trees of processes print natively, traced, and with
// every call stopped twice.
func TestTree(t *testing.T) {
	tree := program(t, "tree")
	tests := []struct {
		name string
		argv []string
		// processes is how many the tracer must have counted.
		processes int
	}{
		{"births", []string{tree, "births"}, 9},
		{"threads", []string{tree, "threads"}, 1},
		{"exec from a thread", []string{tree, "exec-from-thread", "/bin/sh", "-c", "echo $0 $(echo sub); exit 6", "x"}, 2},
		{"exec when the first thread has ended", []string{tree, "exec-leader-ended", "/bin/echo", "replaced"}, 1},
		{"exec from a thread, twice", []string{tree, "exec-from-thread", tree, "exec-from-thread", "/bin/echo", "again"}, 1},
		{"exec fails in a thread", []string{tree, "exec-from-thread", "/nonexistent"}, 1},
		{"pipeline", []string{"/bin/sh", "-c", "echo one two | tr ' ' '\\n' | sort -r; exit 3"}, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := native(t, test.argv...).String()
			handlers := []struct {
				name string
				list []Handler
			}{
				{"traced", nil},
				{"watched", []Handler{watchAll()}},
				{"hooks only", []Handler{{Exec: func(*Process) error { return nil }}}},
			}
			for _, h := range handlers {
				got := mustTrace(t, &Tracer{Handlers: h.list}, test.argv...)
				if diff := cmp.Diff(want, got.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", h.name, diff)
				}
				if got.Outcome.Processes != test.processes {
					t.Errorf("%s: %d processes, want %d", h.name, got.Outcome.Processes, test.processes)
				}
			}
		})
	}
}

// TestClone3 checks that only rules take clone3(2) away.
func TestClone3(t *testing.T) {
	tests := []struct {
		name     string
		handlers []Handler
		want     string
	}{
		{"no rules", nil, "clone3 1 exit 9"},
		{"refused", []Handler{{Rules: refuse("clone3", unix.ENOSYS)}}, "clone3 Function not implemented"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := mustTrace(t, &Tracer{Handlers: test.handlers}, program(t, "tree"), "births").Output
			if !strings.Contains(got, test.want) {
				t.Errorf("no %q in\n%s", test.want, got)
			}
		})
	}
}

// TestDaemon checks that a run lasts until the last process has ended.
func TestDaemon(t *testing.T) {
	for _, handlers := range [][]Handler{nil, {watchAll()}} {
		got := mustTrace(t, &Tracer{Handlers: handlers}, program(t, "tree"), "daemon")
		if diff := cmp.Diff("exit status 11\ndaemon wrote\n", got.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// blocking is a tree that does not end by itself.
type blocking struct {
	cmd    *Command
	output func() string
	alive  *os.File // reaches its end when all of the tree is gone
	ready  *os.File // gives a byte when all of the tree is there
	close  func()   // closes the ends that the tree has
}

func newBlocking(t testing.TB, mode string) *blocking {
	t.Helper()
	b := &blocking{}
	b.cmd, b.output = command(t, program(t, "tree"), mode)
	var held, report *os.File
	b.alive, held = pipe(t)
	b.ready, report = pipe(t)
	b.cmd.Files = append(b.cmd.Files, held.Fd(), report.Fd())
	b.close = func() { _, _ = held.Close(), report.Close() }
	return b
}

// checkGone fails unless everything that held the pipe has ended.
func (b *blocking) checkGone(t testing.TB) {
	t.Helper()
	b.close()
	if rest, err := io.ReadAll(b.alive); err != nil || len(rest) > 0 {
		t.Errorf("something of the tree lives: %v, %q", err, rest)
	}
	if got := zombies(t); len(got) > 0 {
		t.Errorf("zombies are left: %v", got)
	}
}

// TestKillOnExit checks that the end of the first process ends all others.
func TestKillOnExit(t *testing.T) {
	b := newBlocking(t, "block-and-end")
	tr := Tracer{KillOnExit: true}
	o, err := tr.Run(t.Context(), b.cmd)
	if err != nil || o.Status.ExitStatus() != 12 {
		t.Errorf("run: %v, %s", err, describeStatus(o.Status))
	}
	b.checkGone(t)
}

// TestCancel cancels trees that do not end by themselves.
func TestCancel(t *testing.T) {
	plain := errors.New("no longer wanted")
	tests := []struct {
		name, mode string
		cause      error
		grace      time.Duration
		want       string
	}{
		{"plain", "block", plain, 0, "killed by SIGKILL\n"},
		{"plain with grace", "block", plain, time.Hour, "killed by SIGKILL\n"},
		{"signal without grace", "term", Interrupt{unix.SIGTERM}, 0, "killed by SIGKILL\n"},
		{"signal that is handled", "term", Interrupt{unix.SIGTERM}, time.Hour, "exit status 13\ngot 15\n"},
		{"signal that some ignore", "block", Interrupt{unix.SIGTERM}, 500 * time.Millisecond, "killed by SIGTERM\n"},
		{"a tree that grows", "grow", plain, 0, "killed by SIGKILL\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBlocking(t, test.mode)
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				var c [1]byte
				_, _ = b.ready.Read(c[:])
				cancel(test.cause)
			}()
			tr := Tracer{Grace: test.grace}
			o, err := tr.Run(ctx, b.cmd)
			if !errors.Is(err, test.cause) {
				t.Errorf("error %v, want %v", err, test.cause)
			}
			if diff := cmp.Diff(test.want, result{Outcome: o, Output: b.output()}.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			b.checkGone(t)
		})
	}
}

// TestCancelledBefore checks that a context that has ended starts nothing.
func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cmd, _ := command(t, "/nonexistent")
	var tr Tracer
	if o, err := tr.Run(ctx, cmd); !errors.Is(err, context.Canceled) || o.PID != 0 {
		t.Errorf("outcome %+v, error %v", o, err)
	}
}

// TestCancelAnytime cancels at every moment of short runs.
func TestCancelAnytime(t *testing.T) {
	for i := range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		b := newBlocking(t, "block")
		var tr Tracer
		if _, err := tr.Run(ctx, b.cmd); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		cancel()
		b.checkGone(t)
	}
}

// TestHooksEndTheRun checks every way in which a hook or handler ends a run.
func TestHooksEndTheRun(t *testing.T) {
	failure := errors.New("hook failed")
	fail := func(*Process) error { return failure }
	later := func(p *Process) error {
		if p.Parent() != nil {
			return failure
		}
		return nil
	}
	trap := func(enter func(*Stop) Verdict) Handler { return Handler{Rules: stopOn("pause"), Enter: enter} }
	tests := []struct {
		name    string
		handler Handler
		want    error
		panics  bool
	}{
		{"Born", Handler{Born: fail}, failure, false},
		{"Born of a child", Handler{Born: later}, failure, false},
		{"Died", Handler{Died: func(p *Process, _ unix.WaitStatus) error { return later(p) }}, failure, false},
		{"Abort", trap(func(s *Stop) Verdict { s.Abort(failure); return Continue() }), failure, false},
		{"Abort and Deny", trap(func(s *Stop) Verdict { s.Abort(failure); return Deny(unix.EPERM) }), failure, false},
		{"Kill", trap(func(*Stop) Verdict { return Kill() }), ErrKilled, false},
		{"panic", trap(func(*Stop) Verdict { panic(failure) }), failure, true},
		{"panic in Born", Handler{Born: func(*Process) error { panic(failure) }}, failure, true},
		{"panic in Died", Handler{Died: func(p *Process, _ unix.WaitStatus) error { panic(failure) }}, failure, true},
		{"Goexit", trap(func(*Stop) Verdict { runtime.Goexit(); return Verdict{} }), errGoexit, false},
		{"Goexit in Born", Handler{Born: func(*Process) error { runtime.Goexit(); return nil }}, errGoexit, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBlocking(t, "block")
			tr := Tracer{Handlers: []Handler{test.handler}}
			panicked, err := runCatching(t.Context(), &tr, b.cmd)
			if !errors.Is(err, test.want) || panicked != test.panics {
				t.Errorf("error %v, panic %t, want %v, %t", err, panicked, test.want, test.panics)
			}
			b.checkGone(t)
		})
	}
}

// runCatching runs cmd and returns the error, or what it panicked with.
func runCatching(ctx context.Context, tr *Tracer, cmd *Command) (panicked bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err, _ = p.(error)
			panicked = true
		}
	}()
	_, err = tr.Run(ctx, cmd)
	return false, err
}

// TestExecHookEndsTheRun is apart because the blocking tree executes nothing.
func TestExecHookEndsTheRun(t *testing.T) {
	failure := errors.New("hook failed")
	tr := Tracer{Handlers: []Handler{{Exec: func(p *Process) error {
		if argv := p.Argv(); len(argv) == 2 && argv[1] == "marked" {
			return failure
		}
		return nil
	}}}}
	got := trace(t, &tr, "/bin/sh", "-c", "/bin/echo before; /bin/echo marked; /bin/echo after")
	if !errors.Is(got.Err, failure) || got.Output != "before\n" {
		t.Errorf("error %v, output %q", got.Err, got.Output)
	}
}

// TestTracerDies kills the program that traces: nothing of the tree may live on.
func TestTracerDies(t *testing.T) {
	b := newBlocking(t, "block")
	cmd := exec.Command("/proc/self/exe", b.cmd.Args...)
	cmd.Env = append(os.Environ(), guestVar+"=command")
	for _, fd := range b.cmd.Files[3:] {
		cmd.ExtraFiles = append(cmd.ExtraFiles, dup(t, fd))
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range cmd.ExtraFiles {
		_ = f.Close()
	}
	var c [1]byte
	if _, err := io.ReadFull(b.ready, c[:]); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	b.checkGone(t)
}

// TestProcess checks what hooks see of the processes.
func TestProcess(t *testing.T) {
	type event struct {
		What   string
		Argv   string
		Parent bool
		Status string
	}
	var got []event
	note := func(what string, p *Process, status string) {
		got = append(got, event{what, strings.Join(p.Argv(), " "), p.Parent() != nil, status})
	}
	tr := Tracer{Handlers: []Handler{{
		Born: func(p *Process) error { note("born", p, ""); return nil },
		Exec: func(p *Process) error { note("exec", p, ""); return nil },
		Died: func(p *Process, s unix.WaitStatus) error { note("died", p, describeStatus(s)); return nil },
	}}}
	mustTrace(t, &tr, "/bin/sh", "-c", "/bin/false; kill -TERM $$")
	shell := "/bin/sh -c /bin/false; kill -TERM $$"
	want := []event{
		{"born", shell, false, ""},
		{"born", shell, true, ""},
		{"exec", "/bin/false", true, ""},
		{"died", "/bin/false", true, "exit status 1"},
		{"died", shell, false, "killed by SIGTERM"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
