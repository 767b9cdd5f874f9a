package faults

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestForkBomb ends catbox by SIGTERM while its command starts as many processes
// as its user may have.
func TestForkBomb(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a user who has no other processes")
	}
	w := newWorld(t)
	cmd := w.ofFew(t, 100, catbox(t), "run", "-p", w.in, "--", guest(t, "crowd"), "bomb")
	var errors bytes.Buffer
	cmd.Stderr = &errors
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for range 50 { // processes have found that there are no more
		if line, err := lines.ReadString('\n'); line != "full\n" {
			t.Fatalf("%q: %v\n%s", line, err, errors.String())
		}
	}
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, lines)
	if got := exitStatus(t, cmd.Wait()); got != 128+int(unix.SIGTERM) {
		t.Errorf("exit status %d\n%s", got, errors.String())
	}
	w.checkGone(t)
}
