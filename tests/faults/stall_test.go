package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stalled is catbox that waits for somebody to read its list of violations.
type stalled struct {
	*world
	cmd    *exec.Cmd
	lines  *os.File // the other end of the list
	errors *bufio.Reader
}

const refusals = 60

// newStalled starts catbox with a list of violations that is a full pipe, and
// returns when it has said so.
func newStalled(t *testing.T) *stalled {
	t.Helper()
	s := &stalled{world: newWorld(t)}
	path := filepath.Join(s.root, "list")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.lines, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.lines.Close() })
	if _, err := unix.FcntlInt(s.lines.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do i=$((i+1)); (: >%s/$i) 2>/dev/null; done; exit 4`, refusals, s.out)
	s.cmd = s.command(t, binary(t), "run", "-q", "--violations", path, "--", "/bin/sh", "-c", script)
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.errors = bufio.NewReader(stderr)
	var said string
	for i := range 2 {
		line, err := s.errors.ReadString('\n')
		if err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		said += line
	}
	for _, want := range []string{"catbox: warning: no progress: tid ", " is in its seccomp-stop of open", " (sh)\n", "catbox: hint: "} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said:\n%s", want, said)
		}
	}
	return s
}

// TestStallIsTold lets catbox wait for the reader of the violations, then reads.
func TestStallIsTold(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds to be told")
	}
	s := newStalled(t)
	if err := s.lines.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	list, err := io.ReadAll(s.lines)
	if err != nil {
		t.Error(err)
	}
	rest, _ := io.ReadAll(s.errors)
	if got := exitStatus(t, s.cmd.Wait()); got != 4 {
		t.Errorf("exit status %d", got)
	}
	if n := bytes.Count(list, []byte(`"call"`)); n != refusals || bytes.Contains(rest, []byte("warning")) {
		t.Errorf("%d lines, standard error: %s", n, rest)
	}
	s.checkGone(t)
	s.checkOutside(t)
}

// TestStallIsEnded ends catbox while it waits in vain.
func TestStallIsEnded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds to be told and ended")
	}
	s := newStalled(t)
	if err := s.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(s.errors)
	if got := exitStatus(t, s.cmd.Wait()); got != 128+int(unix.SIGTERM) {
		t.Errorf("exit status %d", got)
	}
	if !strings.Contains(string(rest), "catbox: error: interrupted by SIGTERM, and the run does not end: tid ") {
		t.Errorf("standard error: %s", rest)
	}
	s.checkGone(t)
	s.checkOutside(t)
}

// TestHungFileSystem lets a command make a file on a file system that does not
// answer, until it is gone.
func TestHungFileSystem(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds to be told")
	}
	w := newWorld(t)
	dir := filepath.Join(w.in, "hung")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	// Nobody reads the requests of the kernel from this (fuse(4)).
	fuse, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs the permission to open /dev/fuse: %v", err)
	}
	defer fuse.Close()
	if err := unix.Mount("hung", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse.Fd())); err != nil {
		t.Skipf("needs the permission to mount a FUSE file system: %v", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	cmd := w.command(t, binary(t), "run", "-p", w.in, "--", "/bin/sh", "-c", "(: >in/hung/a/b); (: >in/made); (: >out/f); exit 7")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	said, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(said, "catbox: warning: no progress: tid ") || !strings.Contains(said, " is in its seccomp-stop of open") ||
		!strings.Contains(said, ", the tracer in ") {
		t.Errorf("said %q: %v", said, err)
	}
	t.Log(said)
	if err := fuse.Close(); err != nil { // the file system is gone
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	if got := exitStatus(t, cmd.Wait()); got != 7 || !strings.Contains(string(rest), "1 call was refused") {
		t.Errorf("exit status %d\n%s", got, rest)
	}
	if _, err := os.Stat(filepath.Join(w.in, "made")); err != nil {
		t.Error(err)
	}
	w.checkGone(t)
	w.checkOutside(t)
}
