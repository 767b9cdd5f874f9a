package tracer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// pathOf reads the path of a trapped openat(2).
func pathOf(s *Stop) string {
	var buf [PathMax]byte
	text, e := s.ReadString(s.Args[1], buf[:])
	if e != 0 {
		return e.Error()
	}
	return string(text)
}

// onPath is a handler of openat(2) that acts on one path and lets others run.
func onPath(path string, act func(*Stop) Verdict) Handler {
	return Handler{
		Rules:    stopOn("openat"),
		Rewrites: true,
		Enter: func(s *Stop) Verdict {
			if pathOf(s) == path {
				return act(s)
			}
			return Continue()
		},
	}
}

// TestRegisters checks what each verdict gives the program and that it keeps all
// other registers and the red zone.
func TestRegisters(t *testing.T) {
	amd64Only(t)
	guest := program(t, "registers", "-static")
	dir := t.TempDir()
	file, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	for _, name := range []string{file, other} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	missing := filepath.Join(dir, "missing")
	always := func(v Verdict) func(*Stop) Verdict { return func(*Stop) Verdict { return v } }
	exit := func(h Handler, f func(*Stop) Verdict) Handler {
		h.Exit = f
		return h
	}
	tests := []struct {
		name    string
		handler Handler
		path    string
		want    string
	}{
		{"continue", onPath(file, always(Continue())), file, "ok"},
		{"continue to an error", onPath(missing, always(Continue())), missing, "ENOENT"},
		{"deny", onPath(file, always(Deny(unix.EDOM))), file, "EDOM"},
		{"deny at exit", onPath(file, always(Deny(unix.EDOM).AtExit())), file, "EDOM"},
		{"answer", onPath(missing, always(Answer(77))), missing, "ok"},
		{"rewrite", onPath(missing, always(Rewrite(1, []byte(other)))), missing, "ok"},
		{"rewrite to an error", onPath(file, always(Rewrite(1, []byte(missing)))), file, "ENOENT"},
		{"rewrite of a bad pointer's register", onPath(file, always(Rewrite(1, nil))), file, "ENOENT"},
		{"rewrite too long", onPath(file, always(Rewrite(1, make([]byte, PathMax)))), file, "ENAMETOOLONG"},
		{"longest rewrite", onPath(file, always(Rewrite(1, []byte(strings.Repeat("/", PathMax-2-len(other))+other)))), file, "ok"},
		{"rewrite and result", exit(onPath(missing, always(Rewrite(1, []byte(other)).AtExit())), always(Continue())), missing, "ok"},
		{"result", exit(onPath(file, always(Continue().AtExit())), always(Continue())), file, "ok"},
		{"replaced result", exit(onPath(file, always(Continue().AtExit())), always(Deny(unix.EXDEV))), file, "EXDEV"},
		{"replaced error", exit(onPath(missing, always(Continue().AtExit())), always(Answer(88))), missing, "ok"},
		{"rewrite, replaced result", exit(onPath(missing, always(Rewrite(1, []byte(other)).AtExit())), always(Deny(unix.EXDEV))), missing, "EXDEV"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := mustTrace(t, &Tracer{Handlers: []Handler{test.handler}}, guest, test.path, test.path)
			line := fmt.Sprintf("%s: result %s, registers kept, red zone kept\n", test.path, test.want)
			if diff := cmp.Diff(line+line, got.Output); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRewrite opens another file in a process with threads, forks and programs.
func TestRewrite(t *testing.T) {
	guest := program(t, "opens")
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	contents := map[string]string{"file": "original", "other": "other"}
	for i := range 16 {
		contents[fmt.Sprintf("file.%d", i)] = "wrong"
		contents[fmt.Sprintf("file.%d.other", i)] = fmt.Sprint(i)
	}
	for name, text := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rewrite := Handler{Rules: stopOn("openat"), Rewrites: true, Enter: func(s *Stop) Verdict {
		switch path := pathOf(s); {
		case path == file:
			return Rewrite(1, []byte(filepath.Join(dir, "other")))
		case strings.HasPrefix(path, file):
			return Rewrite(1, []byte(path+".other"))
		}
		return Continue()
	}}
	tests := []struct{ mode, want string }{
		{"all", "fork before the first: other\nfirst: other\nsecond: other\nfork: other\nvfork: other\n" +
			"after vfork: other\nafter exec: other\n"},
		{"threads", "threads: 0 wrong\n"},
		{"forking-threads", "forking threads: 0 wrong\n"},
	}
	for _, test := range tests {
		for _, handlers := range [][]Handler{{rewrite}, {watchAll(), rewrite}} {
			t.Run(fmt.Sprint(test.mode, " ", len(handlers)), func(t *testing.T) {
				got := mustTrace(t, &Tracer{Handlers: handlers}, guest, test.mode, file)
				if diff := cmp.Diff("exit status 0\n"+test.want, got.String()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestRewriteExec starts another program than the one that was asked for.
func TestRewriteExec(t *testing.T) {
	results := map[int64]int{}
	h := Handler{
		Rules: stopOn("execve"), Rewrites: true,
		Enter: func(s *Stop) Verdict {
			var buf [PathMax]byte
			switch path, _ := s.ReadString(s.Args[0], buf[:]); string(path) {
			case "/bin/false":
				return Rewrite(0, []byte("/bin/true")).AtExit()
			case "/bin/true":
				return Rewrite(0, []byte("/nonexistent")).AtExit()
			}
			return Continue()
		},
		Exit: func(s *Stop) Verdict { results[s.Value]++; return Continue() },
	}
	got := mustTrace(t, &Tracer{Handlers: []Handler{h}}, "/bin/sh", "-c",
		"/bin/false && /bin/false; echo $?; (exec /bin/true) 2>/dev/null; echo $?; exec /bin/false")
	if diff := cmp.Diff("exit status 0\n0\n127\n", got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[int64]int{0: 3, -int64(unix.ENOENT): 1}, results); diff != "" {
		t.Errorf("results of execve (-want +got):\n%s", diff)
	}
}

// TestHandlerOrder checks who is asked and who sees the result.
func TestHandlerOrder(t *testing.T) {
	amd64Only(t)
	var got []string
	handler := func(name string, enter, exit Verdict) Handler {
		return Handler{
			Name:  name,
			Rules: stopOn("getpgid"),
			Enter: func(s *Stop) Verdict {
				got = append(got, fmt.Sprintf("enter %s %s %d", name, s.Call.Name, s.Args[0]))
				return enter
			},
			Exit: func(s *Stop) Verdict {
				got = append(got, fmt.Sprintf("exit %s %d", name, s.Value))
				return exit
			},
		}
	}
	run := func(handlers ...Handler) []string {
		got = nil
		mustTrace(t, &Tracer{Handlers: handlers}, program(t, "memory", "-static"), "pgid")
		return got
	}
	watch, pass := Continue().AtExit(), Continue()
	other := Handler{Rules: stopOn("getsid"), Enter: func(*Stop) Verdict { t.Error("asked for another call"); return Kill() }}
	tests := []struct {
		name     string
		handlers []Handler
		want     []string
	}{
		{"all continue", []Handler{handler("a", pass, pass), other, handler("b", pass, pass)},
			[]string{"enter a getpgid 1234567", "enter b getpgid 1234567"}},
		{"the first refuses", []Handler{handler("a", Deny(unix.EPERM), pass), handler("b", watch, pass)},
			[]string{"enter a getpgid 1234567"}},
		{"the second refuses", []Handler{handler("a", watch, pass), handler("b", Deny(unix.EPERM), pass)},
			[]string{"enter a getpgid 1234567", "enter b getpgid 1234567", "exit a -1"}},
		{"one watches", []Handler{handler("a", pass, pass), handler("b", watch, pass)},
			[]string{"enter a getpgid 1234567", "enter b getpgid 1234567", "exit b -3"}},
		{"results are handed on", []Handler{handler("a", watch, Answer(5)), handler("b", watch, pass)},
			[]string{"enter a getpgid 1234567", "enter b getpgid 1234567", "exit a -3", "exit b 5"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, run(test.handlers...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := (&Tracer{Handlers: make([]Handler, 65)}).Run(t.Context(), &Command{Path: "/bin/true"}); err == nil {
		t.Error("65 handlers were accepted")
	}
}

// TestConditions checks that a handler sees only what its own rules stop.
func TestConditions(t *testing.T) {
	amd64Only(t)
	asked := map[string]int{}
	handler := func(name string, arg uint64) Handler {
		return Handler{
			Rules: func(e *sysent.Entry) []sysent.Rule {
				if e.Name != "access" {
					return nil
				}
				return []sysent.Rule{{Verb: sysent.Stop, When: []sysent.Cond{{Arg: 1, Mask: 0xffffffff, Value: arg}}}}
			},
			Enter: func(s *Stop) Verdict {
				asked[fmt.Sprint(name, s.Args[1])]++
				return Continue()
			},
		}
	}
	r := mustTrace(t, &Tracer{Handlers: []Handler{handler("a", 3), handler("b", 5)}}, program(t, "memory", "-static"))
	if diff := cmp.Diff(map[string]int{"a3": 1, "b5": 1}, asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if r.Outcome.Calls != 2 {
		t.Errorf("%d calls were decided, want 2", r.Outcome.Calls)
	}
}

// TestRestartsAreNotReported checks that Exit sees no result that the program
// does not see.
func TestRestartsAreNotReported(t *testing.T) {
	reads, entries := map[int64]int{}, 0
	h := Handler{
		Rules: stopOn("read", "nanosleep", "clock_nanosleep", "poll", "pause", "wait4", "rt_sigsuspend", "select", "pselect6"),
		Enter: func(s *Stop) Verdict {
			if s.Call.Name == "read" {
				entries++
			}
			return Continue().AtExit()
		},
		Exit: func(s *Stop) Verdict {
			if s.Value <= restartLast && s.Value >= restartFirst {
				t.Errorf("%s: result %d was reported", s.Call.Name, s.Value)
			}
			if s.Call.Name == "read" {
				reads[s.Value]++
			}
			return Continue()
		},
	}
	mustTrace(t, &Tracer{Handlers: []Handler{h}}, program(t, "signals"), "interrupted")
	if diff := cmp.Diff(map[int64]int{1: 1}, reads); diff != "" {
		t.Errorf("results of read (-want +got):\n%s", diff)
	}
	if entries < 2 { // and once more for each restart
		t.Errorf("read was entered %d times", entries)
	}
}

// TestSpecialCalls traps calls that change the registers or the process itself.
func TestSpecialCalls(t *testing.T) {
	got := mustTrace(t, &Tracer{Handlers: []Handler{watchAll()}}, "/bin/sh", "-c",
		"trap 'echo trapped' USR1; kill -USR1 $$; (kill -KILL $$) ; echo not reached")
	if diff := cmp.Diff("killed by SIGKILL\ntrapped\n", got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
