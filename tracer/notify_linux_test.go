package tracer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// notifyOn gives the rules that notify of calls that ask about a path.
func notifyOn(e *sysent.Entry) []sysent.Rule {
	if e.Class == sysent.Stat && e.Arg(sysent.Path) >= 0 || e.Name == "open" || e.Name == "openat" {
		return []sysent.Rule{{Verb: sysent.Notify}}
	}
	return nil
}

// notifyOf gives the rules that notify of some calls.
func notifyOf(names ...string) func(*sysent.Entry) []sysent.Rule {
	return func(e *sysent.Entry) []sysent.Rule {
		if slices.Contains(names, e.Name) {
			return []sysent.Rule{{Verb: sysent.Notify}}
		}
		return nil
	}
}

// notifiedStop is what a stop by the verb Notify is called here.
func notifiedStop() string {
	if notifyPossible() {
		return evNotified.String()
	}
	return evSeccomp.String()
}

// asked reads the path of such a call.
func asked(s *Stop) string {
	var buf [PathMax]byte
	text, e := s.ReadString(s.Args[s.Call.Arg(sysent.Path)], buf[:])
	if e != 0 {
		return e.Error()
	}
	return string(text)
}

// needNotify skips a test that makes no sense without the notify lane.
func needNotify(t *testing.T) {
	t.Helper()
	if !notifyPossible() {
		t.Skip("needs Linux 6.6 on amd64, for the notify lane")
	}
}

// answers is a handler that knows the answers for some paths, and counts the calls that
// came by the notify lane and by a stop.
func answers(known map[string]Verdict, notified, stopped *int) Handler {
	return Handler{Rules: notifyOn, Enter: func(s *Stop) Verdict {
		v, ok := known[asked(s)]
		switch {
		case !ok:
		case s.Notified:
			*notified++
		default:
			*stopped++
		}
		return v
	}}
}

// TestNotify gives each verdict of the notify lane, and takes the lane away in each way
// that there is.
func TestNotify(t *testing.T) {
	guest := program(t, "notify")
	known := map[string]Verdict{"/": Continue(), "/deny": Deny(unix.EDOM), "/answer": Answer(0), "/missing": Continue()}
	want := fmt.Sprintf("exit status 0\n0\n%d\n0\n%d\n", unix.EDOM, unix.ENOENT)
	for _, test := range []struct {
		name    string
		notify  bool
		polls   bool
		another Handler
	}{
		{name: "alone", notify: true},
		{name: "on an older kernel", notify: true, polls: true},
		{name: "beside a handler of other calls", notify: true, another: Handler{Rules: stopOn("kill")}},
		{name: "beside one that stops", another: Handler{Rules: stopAll, Enter: func(*Stop) Verdict { return Continue() }}},
	} {
		t.Run(test.name, func(t *testing.T) {
			notified, stopped := 0, 0
			tr := Tracer{Handlers: []Handler{answers(known, &notified, &stopped), test.another}, polls: test.polls}
			got := mustTrace(t, &tr, guest, "stat", "/", "/deny", "/answer", "/missing")
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			counts := []int{0, len(known)}
			if test.notify && notifyPossible() {
				slices.Reverse(counts)
			}
			if diff := cmp.Diff(counts, []int{notified, stopped}); diff != "" {
				t.Errorf("notified and stopped (-want +got):\n%s", diff)
			}
			if got.Outcome.Calls < uint64(len(known)) || got.Outcome.Stops < got.Outcome.Calls {
				t.Errorf("%d calls, %d stops", got.Outcome.Calls, got.Outcome.Stops)
			}
		})
	}
}

// TestNotifyTooMuch asks for more than the lane can give.
func TestNotifyTooMuch(t *testing.T) {
	needNotify(t)
	guest := program(t, "notify")
	for name, v := range map[string]Verdict{"at exit": Continue().AtExit(), "rewrite": Rewrite(0, nil), "replace": Replace(0), "retry": Retry()} {
		t.Run(name, func(t *testing.T) {
			tr := Tracer{Handlers: []Handler{{Rules: notifyOn, Rewrites: true, Enter: func(*Stop) Verdict { return v }}}}
			got := trace(t, &tr, guest, "stat", "/")
			if got.Err == nil || !strings.Contains(got.Err.Error(), "more about") {
				t.Errorf("error %v", got.Err)
			}
		})
	}
	t.Run("kill", func(t *testing.T) {
		tr := Tracer{Handlers: []Handler{{Rules: notifyOn, Enter: func(*Stop) Verdict { return Kill() }}}}
		if got := trace(t, &tr, guest, "stat", "/"); !errors.Is(got.Err, ErrKilled) || got.Output != "" {
			t.Errorf("error %v, output %q", got.Err, got.Output)
		}
	})
	t.Run("panic", func(t *testing.T) {
		defer func() {
			if p := recover(); p != "of a handler" {
				t.Errorf("panic %v", p)
			}
		}()
		tr := Tracer{Handlers: []Handler{{Rules: notifyOn, Enter: func(*Stop) Verdict { panic("of a handler") }}}}
		trace(t, &tr, guest, "stat", "/")
	})
}

// waitsIn reports whether a process sleeps in one of these calls.
func waitsIn(pid int, state byte, names ...string) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	number, err := strconv.Atoi(strings.SplitN(string(text), " ", 2)[0])
	if err != nil {
		return false
	}
	e := abis()[0].Lookup(uint32(number))
	return e != nil && slices.Contains(names, e.Name) && stateOf(fmt.Sprintf("/proc/%d", pid)) == state
}

// TestNotifySignal sends a signal to a program whose call waits for the listener. Its
// handler has no SA_RESTART, and still the call does not fail: stat(2) never does so.
func TestNotifySignal(t *testing.T) {
	needNotify(t)
	guest := program(t, "notify")
	dir := t.TempDir()
	r, w := pipe(t)
	tr := Tracer{Handlers: []Handler{{Rules: notifyOn, Enter: func(s *Stop) Verdict {
		pid, err := strconv.Atoi(filepath.Base(asked(s)))
		if filepath.Dir(asked(s)) != dir || err != nil {
			return Continue()
		}
		// The lane is busy with the parent: the child has to wait for it.
		if _, err := w.Write([]byte{0}); err != nil {
			t.Error(err)
		}
		eventually(t, "the child asks", func() bool { return waitsIn(pid, 'S', "newfstatat", "stat") })
		if err := unix.Kill(pid, unix.SIGUSR1); err != nil {
			t.Error(err)
		}
		eventually(t, "the signal interrupts it", func() bool { return stateOf(fmt.Sprintf("/proc/%d", pid)) == 't' })
		return Continue()
	}}}}
	cmd, output := command(t, guest, "signal", dir)
	cmd.Files = append(cmd.Files, r.Fd())
	o, err := tr.Run(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("exit status 0\nerrno 0, signals 1\n", result{o, output(), nil}.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNotifyWaits sends a signal to a program that waits for the other end of a FIFO,
// as it may: that call fails.
func TestNotifyWaits(t *testing.T) {
	needNotify(t)
	guest := program(t, "notify")
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	opens := make(chan int, 1)
	tr := Tracer{Handlers: []Handler{{Rules: notifyOn, Enter: func(s *Stop) Verdict {
		if asked(s) != fifo {
			return Continue()
		}
		opens <- s.Tid
		return Continue().Waits()
	}}}}
	go func() {
		pid := <-opens
		for !waitsIn(pid, 'S', "openat", "open") {
			if unix.Kill(pid, 0) != nil {
				return
			}
		}
		_ = unix.Kill(pid, unix.SIGUSR1)
	}()
	got := mustTrace(t, &tr, guest, "open", fifo)
	if diff := cmp.Diff(fmt.Sprintf("exit status 0\nerrno %d, signals 1\n", unix.EINTR), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
