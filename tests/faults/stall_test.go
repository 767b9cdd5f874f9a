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
	s.cmd = s.command(t, catbox(t), "run", "-q", "--violations", path, "--", "/bin/sh", "-c", script)
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
