package tracer

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// TestSignals compares what a program prints about signals, stops and
// interrupted calls natively, traced, and with every call stopped twice.
func TestSignals(t *testing.T) {
	guest := program(t, "signals")
	for _, mode := range []string{"interrupted", "stopped-sleep", "jobs", "infos"} {
		t.Run(mode, func(t *testing.T) {
			handlers := map[string][]Handler{
				"traced":  nil,
				"watched": {watchAll()},
				"trapped": {{Rules: stopAll, Enter: func(*Stop) Verdict { return Continue() }}},
			}
			var all sync.WaitGroup
			got := make(map[string]*result)
			for name, list := range handlers {
				r := &result{}
				got[name] = r
				all.Go(func() { *r = trace(t, &Tracer{Handlers: list}, guest, mode) })
			}
			want := native(t, guest, mode).String()
			all.Wait()
			for name, r := range got {
				if r.Err != nil {
					t.Errorf("%s: %v", name, r.Err)
				}
				if diff := cmp.Diff(want, r.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// screen is a terminal with a shell in it.
type screen struct {
	t      *testing.T
	master *os.File
	seen   []byte // what is not yet expected
}

// newScreen starts an interactive shell, whose command $T is the tracer.
func newScreen(t *testing.T, env ...string) *screen {
	t.Helper()
	harness.Need(t, "bash", "bash")
	cmd := exec.Command("bash", "--norc", "--noprofile", "-i")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PS1=<prompt>", "PS2=", "TERM=dumb", "HISTFILE=", "LC_ALL=C", "HOME="+cmd.Dir)
	cmd.Env = append(cmd.Env, env...)
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	// Package pty leaves the descriptor blocking, which honours no deadline.
	pollable := dup(t, master.Fd())
	_ = master.Close()
	master = pollable
	t.Cleanup(func() {
		_ = master.Close() // the shell and its jobs get SIGHUP
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &screen{t: t, master: master}
	s.expect("<prompt>")
	return s
}

// expect reads until text has appeared.
func (s *screen) expect(text string) {
	s.t.Helper()
	if err := s.master.SetReadDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	var buf [4096]byte
	for {
		if _, rest, ok := bytes.Cut(s.seen, []byte(text)); ok {
			s.seen = rest
			return
		}
		n, err := s.master.Read(buf[:])
		s.seen = append(s.seen, buf[:n]...)
		if err != nil {
			s.t.Fatalf("waiting for %q: %v\n%s", text, err, s.seen)
		}
	}
}

func (s *screen) send(text string) {
	s.t.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// TestJobControl plays a user who stops and continues a traced program.
func TestJobControl(t *testing.T) {
	guest := program(t, "signals")
	for _, watch := range []string{"", "1"} {
		t.Run(fmt.Sprintf("watch %q", watch), func(t *testing.T) {
			s := newScreen(t, guestVar+"=command", "CATBOX_TEST_WATCH="+watch)
			s.send(selfPath(t) + " " + guest + " terminal; echo 'sta'tus=$?\n")
			s.expect("<ready>")
			for range 3 {
				s.send("\x1a")
				s.expect("Stopped")
				s.expect("<prompt>")
				s.send("fg\n")
				s.expect("<continued>")
			}
			s.send("abc\n")
			s.expect("<line 4>")
			if err := pty.Setsize(s.master, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
				t.Fatal(err)
			}
			s.expect("<size 30 100>")
			s.send("\x1a")
			s.expect("Stopped")
			s.expect("<prompt>")
			// In the background it continues, reads, and is stopped by SIGTTIN.
			s.send("bg\n")
			s.expect("<continued>")
			s.send("until jobs | grep Stop''ped; do :; done; fg\n")
			s.expect("Stopped")
			s.expect("<continued>")
			s.send("quit\n")
			s.expect("<prompt>")
			s.send("echo 'en'd=$?\n")
			s.expect("end=7")
		})
	}
}

// TestStopFromOutside stops and continues a traced program alone, as somebody in
// another terminal would; the tracer does not stop with it.
func TestStopFromOutside(t *testing.T) {
	var stops []unix.Signal
	pid := 0
	tr := Tracer{
		Handlers: []Handler{{Born: func(p *Process) error { pid = p.PID(); return nil }}},
		GroupStop: func(sig unix.Signal) {
			stops = append(stops, sig)
			if err := unix.Kill(pid, unix.SIGCONT); err != nil {
				t.Error(err)
			}
		},
	}
	cmd, output := command(t, "/bin/sh", "-c", "kill -STOP $$; echo one; kill -TSTP $$; echo two")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // SIGTSTP stops no orphaned group
	if _, err := tr.Run(t.Context(), cmd); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff("one\ntwo\n", output()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]unix.Signal{unix.SIGSTOP, unix.SIGTSTP}, stops); diff != "" {
		t.Errorf("stops (-want +got):\n%s", diff)
	}
}

// selfPath is the test binary, for a shell that runs in another directory.
func selfPath(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
