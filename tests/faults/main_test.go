package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// patience bounds what a test waits for; only a test that fails takes so long.
const patience = 30 * time.Second

// nobody is an ordinary user.
const nobody = 65534

func TestMain(m *testing.M) {
	unix.Umask(0o022)
	code := m.Run()
	_ = os.RemoveAll(programDir())
	os.Exit(code)
}

// programDir returns the directory of the programs of this test run, which every
// user can execute.
var programDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "catbox-faults-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

var building sync.Mutex

// binary builds the command.
func binary(t testing.TB) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	path := filepath.Join(programDir(), "catbox")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.Command(harness.Need(t, "go", "golang-go"), "build", "-o", path, "github.com/catbox-go/catbox/cmd/catbox")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// guest compiles tests/guests/NAME.c.
func guest(t testing.TB, name string) string {
	t.Helper()
	return harness.Guest(t, programDir(), name, "-Wall", "-static", "-pthread")
}

// world is where one run takes place: it may write in, and not out.
type world struct {
	root, in, out string
	marker        string // an environment variable that the run and all of its tree have
}

func newWorld(t testing.TB) *world {
	t.Helper()
	root, err := os.MkdirTemp("", "catbox-fault-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	w := &world{root: root, in: filepath.Join(root, "in"), out: filepath.Join(root, "out"), marker: "CATBOX_FAULTS=" + root}
	for _, dir := range []string{root, w.in, w.out} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil { // a run may be nobody's
			t.Fatal(err)
		}
	}
	return w
}

// command is a program with the marker, ready to be started. It is killed when it
// takes too long.
func (w *world) command(t testing.TB, argv ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Env = []string{w.marker, "PATH=/usr/bin:/bin", "LC_ALL=C", "TMPDIR=" + w.in}
	cmd.Dir = w.root
	return cmd
}

// confined is catbox with the flags that let a command write in.
func (w *world) confined(t testing.TB, argv ...string) []string {
	t.Helper()
	return append([]string{binary(t), "run", "-q", "-p", w.in, "--"}, argv...)
}

// checkOutside fails the test if anything was written outside.
func (w *world) checkOutside(t testing.TB) {
	t.Helper()
	entries, err := os.ReadDir(w.out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s was written", filepath.Join(w.out, e.Name()))
	}
}

// checkGone fails the test if a process of the run lives on, and ends it. One that
// is about to end is waited for.
func (w *world) checkGone(t testing.TB) {
	t.Helper()
	all := w.alive(t)
	if len(all) == 0 {
		return
	}
	for _, pid := range all {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := 0, error(unix.EINTR)
		for errors.Is(err, unix.EINTR) {
			n, err = unix.Poll(poll, int(patience.Milliseconds()))
		}
		if n != 1 {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			t.Errorf("process %d lives on: %q\n%s", pid, command, status)
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		_ = unix.Close(fd)
	}
	if left := w.alive(t); len(left) > 0 {
		t.Errorf("processes %v live on", left)
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// alive lists the processes that have the marker.
func (w *world) alive(t testing.TB) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	for _, file := range files {
		// One that has ended, or is another user's, cannot be read.
		env, err := os.ReadFile(file)
		if err != nil || !slices.Contains(strings.Split(string(env), "\x00"), w.marker) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, pid)
	}
	return list
}

// exitStatus is the exit status of a command that has ended, or 128 and the signal.
func exitStatus(t testing.TB, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}
