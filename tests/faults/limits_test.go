package faults

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// limited is catbox below a shell that sets a limit first.
func (w *world) limited(t testing.TB, limit string, argv ...string) *exec.Cmd {
	t.Helper()
	return w.command(t, append([]string{"/bin/sh", "-c", limit + ` && exec "$@"`, "sh"}, argv...)...)
}

// ended is what a command printed and how it ended.
type ended struct {
	status      int
	out, errors string
}

func finish(t testing.TB, cmd *exec.Cmd) ended {
	t.Helper()
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	err := cmd.Run()
	return ended{exitStatus(t, err), out.String(), errors.String()}
}

// says fails the test unless each text is among the messages.
func (e ended) says(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(e.errors, text) {
			t.Errorf("%q is not said; status %d, standard error:\n%s", text, e.status, e.errors)
		}
	}
}

// TestFewDescriptors starts catbox with few descriptors: it says so, or all is as
// always.
func TestFewDescriptors(t *testing.T) {
	worked := 0
	for n := 3; n <= 40; n++ {
		if testing.Short() && n%5 != 0 {
			continue
		}
		w := newWorld(t)
		got := finish(t, w.limited(t, fmt.Sprintf("ulimit -n %d", n), w.confined(t, guest(t, "load"), w.in, w.out, "1")...))
		switch {
		case got.status == 123 && strings.Count(got.out, "file\n") == 17:
			worked++
		case got.status == 125 && got.out == "":
			got.says(t, "catbox: error: ", "too many open files", "catbox: hint: ", "ulimit -n")
		case got.status == 2 && got.out == "" && strings.Contains(got.errors, "netpollinit"): // of the Go runtime
		default:
			t.Errorf("%d descriptors: status %d\n%s%s", n, got.status, got.out, got.errors)
		}
		w.checkGone(t)
		w.checkOutside(t)
	}
	if worked == 0 {
		t.Error("40 descriptors are not enough")
	}
}

// starved starts a script in catbox, waits for its line "ready" and takes all
// further descriptors from catbox.
func (w *world) starved(t *testing.T, script string, errors io.Writer) (cmd *exec.Cmd, stdin io.WriteCloser, stdout io.Reader) {
	t.Helper()
	cmd = w.command(t, binary(t), "run", "-p", w.in, "--", "/bin/sh", "-c", "echo ready; read line; "+script)
	cmd.Stderr = errors
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if stdout, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil); err != nil {
		t.Fatal(err)
	}
	return cmd, stdin, stdout
}

// TestDescriptorsVanish lets commands go on when catbox has no descriptors left:
// what it cannot look at is refused, and it says why.
func TestDescriptorsVanish(t *testing.T) {
	w := newWorld(t)
	if err := os.Symlink(w.in, filepath.Join(w.in, "link")); err != nil {
		t.Fatal(err)
	}
	var errors bytes.Buffer
	cmd, stdin, stdout := w.starved(t, `(: >in/f) && echo f; (: >in/link/g) && echo g; (: >out/h); exit 5`, &errors)
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(stdout)
	got := ended{exitStatus(t, cmd.Wait()), string(out), errors.String()}
	if got.status != 5 {
		t.Errorf("status %d\n%s", got.status, got.errors)
	}
	for _, name := range []string{"f", "g"} {
		if !strings.Contains(got.out, name) {
			got.says(t, "/"+name+": cannot be checked: ")
		}
	}
	got.says(t, "out/h: cannot be checked: ", "too many open files, see ulimit -n")
	w.checkGone(t)
	w.checkOutside(t)
}

// TestDescriptorsVanishAndEnd ends catbox then, with a command that will not end.
func TestDescriptorsVanishAndEnd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the seconds that a command may take to end")
	}
	w := newWorld(t)
	var errors bytes.Buffer
	cmd, stdin, stdout := w.starved(t, `trap '' TERM; echo ignoring; while :; do read line; done`, &errors)
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, len("ignoring\n"))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(stdout)
	if got := exitStatus(t, cmd.Wait()); got != 128+int(unix.SIGTERM) {
		t.Errorf("exit status %d\n%s", got, errors.String())
	}
	w.checkGone(t)
}

// TestFewProcesses starts catbox where its user may have few processes and threads.
func TestFewProcesses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a user who has no other processes")
	}
	results := map[string]int{}
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 28, 32, 100} {
		if testing.Short() && n%5 != 0 {
			continue
		}
		w := newWorld(t)
		got := finish(t, w.ofFew(t, n, w.confined(t, guest(t, "load"), w.in, w.out, "1")...))
		what := "other"
		switch {
		case got.status == 123 && strings.Count(got.out, "file\n") == 17:
			what = "works"
		case got.status == 123 || got.status >= 6 && got.status <= 9: // the load could not fork
			what = "the load fails"
		case got.status == 125 && got.out == "":
			what = "error"
			got.says(t, "catbox: error: ", "resource temporarily unavailable", "catbox: hint: ", "ulimit -u")
		case got.status == 2:
			what = "runtime"
			got.says(t, "failed to create new OS thread", "ulimit -u")
		default:
			t.Errorf("%d processes: status %d\n%s%s", n, got.status, got.out, got.errors)
		}
		results[what]++
		w.checkGone(t)
		w.checkOutside(t)
	}
	t.Log(results)
	if !testing.Short() && (results["runtime"] == 0 || results["the load fails"] == 0 || results["works"] == 0) {
		t.Errorf("the limit does not do what it is for: %v", results)
	}
}

// ofFew is a command of a user who has no processes, and may have n. Each world has
// one of its own, because processes count until the last trace of them is gone.
func (w *world) ofFew(t testing.TB, n int, argv ...string) *exec.Cmd {
	t.Helper()
	// bash and dash have different letters for it.
	cmd := w.limited(t, fmt.Sprintf("{ ulimit -u %d 2>/dev/null || ulimit -p %d; }", n, n), argv...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: w.user(t), Gid: nobody}}
	return cmd
}

func (w *world) user(t testing.TB) uint32 {
	t.Helper()
	info, err := os.Stat(w.root)
	if err != nil {
		t.Fatal(err)
	}
	return 100000 + uint32(info.ModTime().UnixNano()>>10)%1e9
}

// TestListCannotBeWritten lets the list of violations end in a place without room.
func TestListCannotBeWritten(t *testing.T) {
	const ending = "the commands were ended, because the list would be incomplete"
	tests := []struct {
		name, limit, list, script string
		status                    int
		says                      []string
	}{
		{"full device", ":", "/dev/full", "echo a; echo x >out/a; echo b", 125, []string{"no space left on device", ending}},
		{"full device, nothing refused", ":", "/dev/full", "echo a; echo b", 125, []string{"no space left on device", "hint: the list is incomplete"}},
		{"limit of file size", "ulimit -f 0", "LIST", "echo a; echo x >out/a; echo b", 125, []string{"file too large", ending}},
		{"full file system", ":", "TMPFS", "echo a; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo x >out/$i; done; echo b",
			125, []string{"no space left on device", ending}},
		{"no such directory", ":", "/nonexistent/list", "echo a; echo b", 125, []string{"--violations: open /nonexistent/list: no such file"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			list := strings.ReplaceAll(test.list, "LIST", filepath.Join(w.root, "list"))
			if list == "TMPFS" {
				list = filepath.Join(w.fullTmpfs(t), "list")
			}
			got := finish(t, w.limited(t, test.limit, binary(t), "run", "-q", "--violations", list, "-p", w.in, "--", "/bin/sh", "-c", test.script))
			if got.status != test.status || strings.Contains(got.out, "b") && slices.Contains(test.says, ending) {
				t.Errorf("status %d, output %q", got.status, got.out)
			}
			got.says(t, append(test.says, "catbox: error: --violations: ")...)
			if n := strings.Count(got.errors, "error:"); n != 1 {
				t.Errorf("%d errors:\n%s", n, got.errors)
			}
			w.checkGone(t)
			w.checkOutside(t)
		})
	}
}

// fullTmpfs mounts a file system of one page besides its directory.
func (w *world) fullTmpfs(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(w.root, "tmpfs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Skipf("needs the permission to mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
