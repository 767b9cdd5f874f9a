package catbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func sh(script string) []string { return []string{"/bin/sh", "-c", script} }

func TestStreams(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out, errs, both bytes.Buffer
	big := strings.Repeat("0123456789abcdef", 1<<16)
	for _, tt := range []struct {
		name      string
		cmd       Command
		got       func() string
		want      string
		violation int
	}{
		{"reader and writers", Command{Args: sh("cat; echo err >&2"), Stdin: strings.NewReader("in\n"), Stdout: &out, Stderr: &errs},
			func() string { return out.String() + errs.String() }, "in\nerr\n", 0},
		{"one writer for both", Command{Args: sh("echo 1; echo 2 >&2; echo 3"), Stdout: &both, Stderr: &both}, both.String, "1\n2\n3\n", 0},
		{"file", Command{Args: sh("echo file; echo again >/dev/stdout"), Stdout: file},
			func() string { text, _ := os.ReadFile(file.Name()); return string(text) }, "again\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := (&Sandbox{DefaultDevices: true}).Run(context.Background(), &tt.cmd)
			if err != nil || res.ExitCode != 0 || res.Refused() != tt.violation {
				t.Fatalf("got %+v, %v", res, err)
			}
			if diff := cmp.Diff(tt.want, tt.got()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("big", func(t *testing.T) {
		var out bytes.Buffer
		_, err := (&Sandbox{}).Run(context.Background(), &Command{Args: []string{"/bin/cat"}, Stdin: strings.NewReader(big), Stdout: &out})
		if err != nil || out.String() != big {
			t.Errorf("got %d bytes, %v; want %d", out.Len(), err, len(big))
		}
	})
	t.Run("closed early by the command", func(t *testing.T) {
		res, err := (&Sandbox{}).Run(context.Background(), &Command{Args: sh("exit 4"), Stdin: strings.NewReader(big)})
		if err != nil || res.ExitCode != 4 {
			t.Errorf("got %+v, %v", res, err)
		}
	})
	t.Run("nothing given", func(t *testing.T) {
		res, err := (&Sandbox{}).Run(context.Background(), &Command{Args: sh("read x; [ $? = 1 ] && echo lost && echo lost >&2")})
		if err != nil || res.ExitCode != 0 {
			t.Errorf("got %+v, %v", res, err)
		}
	})
	t.Run("failing writer", func(t *testing.T) {
		_, err := (&Sandbox{}).Run(context.Background(), &Command{Args: sh("echo x"), Stdout: failing{}})
		if !errors.Is(err, io.ErrShortBuffer) {
			t.Errorf("got error %v, want that of the writer", err)
		}
	})
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortBuffer }

func TestCommandSettings(t *testing.T) {
	extra, err := os.CreateTemp(t.TempDir(), "extra")
	if err != nil {
		t.Fatal(err)
	}
	defer extra.Close()
	dir := t.TempDir()
	var out bytes.Buffer
	_, err = (&Sandbox{}).Run(context.Background(), &Command{Args: sh("echo $A $PWD; echo extra >&3; pwd; ls /proc/self/fd | wc -w"), Dir: dir,
		Env: []string{"A=1", "A=2", "PATH=/usr/bin:/bin", "PWD=/wrong"}, Stdout: &out, ExtraFiles: []*os.File{extra}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("2 "+dir+"\n"+dir+"\n5\n", out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if text := readFile(t, extra.Name()); text != "extra\n" {
		t.Errorf("extra file holds %q", text)
	}
}

func TestProgramThatDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"plain": 0o644, "garbage": 0o755} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\x01garbage"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		args []string
		want error
	}{
		{"nothing in PATH", []string{"no-such-program"}, ErrNotFound},
		{"not executable in PATH", []string{"plain"}, fs.ErrPermission},
		{"missing path", []string{dir + "/none"}, fs.ErrNotExist},
		{"not executable path", []string{dir + "/plain"}, fs.ErrPermission},
		{"directory", []string{dir}, fs.ErrPermission},
		{"no format", []string{dir + "/garbage"}, unix.ENOEXEC},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := (&Sandbox{}).Run(context.Background(), &Command{Args: tt.args, Env: []string{"PATH=" + dir}})
			if res != nil || !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v; want error %v", res, err, tt.want)
			}
		})
	}
	if _, err := (&Sandbox{}).Run(context.Background(), &Command{}); err == nil {
		t.Error("no program: no error")
	}
}

func TestActionStop(t *testing.T) {
	w := newWorld(t, os.Getuid())
	box := w.box()
	box.OnViolation = Stop
	out, res := w.confined(t, box, w.words("mkdir a/new 0755 : mkdir f/new 0755 : mkdir a/late 0755")...)
	if diff := cmp.Diff("mkdir=0", out); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if !res.Stopped || res.Signal != unix.SIGKILL || len(res.Violations) != 1 || res.Violations[0].Allowed {
		t.Errorf("got %+v", res)
	}
}

func TestMaxViolations(t *testing.T) {
	w := newWorld(t, os.Getuid())
	box := w.box()
	box.MaxViolations = 2
	_, res := w.confined(t, box, w.words("mkdir f/1 0755 : mkdir f/2 0755 : mkdir f/3 0755 : mkdir f/1 0755 : mkdir f/4 0755")...)
	if diff := cmp.Diff([]string{"mkdir ~/f/1 (f/1) x2", "mkdir ~/f/2 (f/2)"}, w.report(res)); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
	if res.Dropped != 2 || res.Refused() != 5 {
		t.Errorf("got %d dropped, %d refused", res.Dropped, res.Refused())
	}
}

func TestViolationProcesses(t *testing.T) {
	w := newWorld(t, os.Getuid())
	guest := []string{w.guest, "orphan", ":", "exec", w.guest, "mkdir", "f/new", "0755"}
	_, res := w.confined(t, w.box(), guest[1:]...)
	if len(res.Violations) != 1 {
		t.Fatalf("got %v", w.report(res))
	}
	v := res.Violations[0]
	var argv [][]string
	for _, p := range v.Processes {
		argv = append(argv, p.Argv)
	}
	want := [][]string{{w.guest, "mkdir", "f/new", "0755"}, guest, guest}
	if diff := cmp.Diff(want, argv); diff != "" {
		t.Errorf("command lines (-want +got):\n%s", diff)
	}
	if last := v.Processes[len(v.Processes)-1].PID; last != res.PID || v.PID() != v.Processes[0].PID {
		t.Errorf("the chain ends at %d, the command is %d", last, res.PID)
	}
}

func TestHookErrors(t *testing.T) {
	w := newWorld(t, os.Getuid())
	enough := errors.New("enough")
	box := w.box()
	box.Hooks.Violation = func(Violation) error { return enough }
	res, err := box.Run(context.Background(), &Command{Dir: w.root, Args: append([]string{w.guest}, w.words("mkdir f/new 0755 : mkdir a/late 0755")...)})
	if !errors.Is(err, enough) || res == nil || len(res.Violations) != 1 {
		t.Errorf("got %+v, %v", res, err)
	}
	if _, err := os.Lstat(w.root + "/a/late"); err == nil {
		t.Error("the command went on")
	}
}

func TestKillOnExit(t *testing.T) {
	guest := program(t, "syscalls")
	hold, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = hold.Close(), write.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	res, err := (&Sandbox{KillOnExit: true}).Run(ctx, &Command{Args: sh("(exec 0<&3; exec " + guest + " hold) & exit 6"),
		ExtraFiles: []*os.File{hold}})
	if err != nil || res.ExitCode != 6 {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestCancel(t *testing.T) {
	guest := program(t, "syscalls")
	hold, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = hold.Close(), write.Close() }()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	because := errors.New("changed my mind")
	var pids []int
	box := Sandbox{Hooks: Hooks{ChildInitialized: func(pid int) error {
		if pids = append(pids, pid); len(pids) == 2 {
			cancel(because)
		}
		return nil
	}}}
	_, err = box.Run(ctx, &Command{Args: []string{guest, "child", ":", "hold"}, Stdin: hold})
	if !errors.Is(err, because) {
		t.Errorf("got error %v, want the cause", err)
	}
	for _, pid := range pids {
		if runs(pid) {
			t.Errorf("process %d lives on", pid)
		}
	}
}

// runs reports whether a process is there and no zombie: what its parent did not
// wait for is for init to bury.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return err == nil && !bytes.HasPrefix(state, []byte("Z")) && !bytes.HasPrefix(state, []byte("X"))
}

func TestResultNumbers(t *testing.T) {
	w := newWorld(t, os.Getuid())
	box := w.box()
	box.MeasureUsage = true
	_, res := w.run(t, box, "/bin/sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; /bin/true > /dev/null; /bin/true")
	u := res.Usage
	if u.User+u.System <= 0 || u.User+u.System > patience || u.MaxRSS < 100<<10 || u.MaxRSS > 1<<30 {
		t.Errorf("got usage %+v", u)
	}
	if res.Processes < 2 || res.Calls == 0 || res.Stops < res.Calls {
		t.Errorf("got %d processes, %d calls, %d stops", res.Processes, res.Calls, res.Stops)
	}
}

func TestWrongRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		box  Sandbox
		rule string
	}{
		{"relative", Sandbox{Paths: []string{"/ok", "not/absolute"}}, "not/absolute"},
		{"relative denied", Sandbox{DenyPaths: []string{"not/absolute"}}, "not/absolute"},
		{"dots", Sandbox{Paths: []string{"/a/../b"}}, "/a/../b"},
		{"expression", Sandbox{Paths: []string{"~(x"}}, "~(x"},
		{"empty", Sandbox{Paths: []string{""}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := tt.box.Run(context.Background(), &Command{Args: []string{"/bin/true"}})
			if res != nil || err == nil || !strings.Contains(err.Error(), tt.rule) {
				t.Errorf("got %+v, %v; want an error that names the rule", res, err)
			}
		})
	}
}

func TestViolationJSON(t *testing.T) {
	v := Violation{Call: "openat", Path: "bad\xff", Canonical: "/x/bad\xff", Reason: "outside", Errno: unix.EACCES,
		Processes: []ProcessInfo{{PID: 7, Argv: []string{"cc"}}}, Count: 3}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Call, Errno    string
		PathBytes      []byte `json:"path_bytes"`
		CanonicalBytes []byte `json:"canonical_bytes"`
		Count          int
		Processes      []ProcessInfo
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if string(got.PathBytes) != v.Path || string(got.CanonicalBytes) != v.Canonical || got.Errno != "EACCES" || got.Count != 3 {
		t.Errorf("got %+v from %s", got, text)
	}
	if diff := cmp.Diff(v.Processes, got.Processes); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
}

func TestPrintable(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "/usr/bin/cc", "/usr/bin/cc"},
		{"letters of others", "/home/jürgen/日本", "/home/jürgen/日本"},
		{"empty", "", `""`},
		{"space", "a b", `"a b"`},
		{"newline", "a\nb", `"a\nb"`},
		{"escape sequence", "\x1b[2J", `"\x1b[2J"`},
		{"invalid UTF-8", "\xff", `"\xff"`},
		{"text that turns around", "\u202eabc", `"\u202eabc"`},
		{"quote", `a"b`, `"a\"b"`},
		{"backslash", `a\b`, `"a\\b"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Printable(tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
