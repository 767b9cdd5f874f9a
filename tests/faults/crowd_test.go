package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestForkBomb ends catbox by SIGTERM while its command starts as many processes
// as its user may have.
func TestForkBomb(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a user who has no other processes")
	}
	w := newWorld(t)
	cmd := w.ofFew(t, 100, binary(t), "run", "-p", w.in, "--", guest(t, "crowd"), "bomb")
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

// TestManyAlive lets a command have ten thousand processes at once.
func TestManyAlive(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand processes")
	}
	const processes = 10000
	tests := []struct {
		name   string
		end    func(cmd *exec.Cmd, stdin io.Closer) error
		status int
		output string
	}{
		{"they end", func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() }, 0, "all ended\n"},
		{"they are ended", func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(unix.SIGTERM) }, 128 + int(unix.SIGTERM), ""},
		{"catbox is killed", func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Kill() }, 128 + int(unix.SIGKILL), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			cmd := w.command(t, w.confined(t, guest(t, "crowd"), "alive", fmt.Sprint(processes))...)
			var errors bytes.Buffer
			cmd.Stderr = &errors
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(stdout)
			line, err := lines.ReadString('\n')
			if strings.HasPrefix(line, "only ") {
				_ = cmd.Wait()
				t.Skipf("needs a machine that allows %d processes: %s", processes, line)
			}
			if err != nil || line != "alive\n" {
				t.Fatalf("%q: %v\n%s", line, err, errors.String())
			}
			born, memory := time.Since(start), peakMemory(t, cmd.Process.Pid)
			if err := test.end(cmd, stdin); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(lines)
			if got := exitStatus(t, cmd.Wait()); got != test.status || string(rest) != test.output {
				t.Errorf("exit status %d, output %q\n%s", got, rest, errors.String())
			}
			t.Logf("born in %v, gone after %v; catbox used %d KiB", born, time.Since(start)-born, memory)
			if memory > 100<<10 {
				t.Errorf("catbox used %d KiB", memory)
			}
			w.checkGone(t)
		})
	}
}

// peakMemory returns the most memory that a process had, in KiB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var memory int
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &memory); err != nil {
		t.Fatal(err)
	}
	return memory
}

// TestManyInTurn lets a command start a hundred thousand processes and threads, one
// after the other.
func TestManyInTurn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a hundred thousand processes and threads")
	}
	base := 0
	turns := []struct{ mode, n, end string }{
		{"processes", "100", "ended\n"},
		{"processes", "40000", "ended\n"},
		{"threads", "60000", "ended\n"},
		{"reexec", "3000", "ended\n"},
		{"chain", "3000", "end of the chain\n"},
	}
	for _, turn := range turns {
		w := newWorld(t)
		cmd := w.command(t, w.confined(t, "/bin/sh", "-c", `"$@"; status=$?; echo ended; read line; exit $status`, "sh", guest(t, "crowd"), turn.mode, turn.n)...)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(stdout)
		for line := ""; line != turn.end; {
			if line, err = lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		memory := peakMemory(t, cmd.Process.Pid)
		t.Logf("%s %s: %v, %d KiB", turn.mode, turn.n, time.Since(start), memory)
		if _, err := io.WriteString(stdin, "end\n"); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, lines)
		if got := exitStatus(t, cmd.Wait()); got != 0 {
			t.Errorf("exit status %d", got)
		}
		if base == 0 {
			base = memory
		} else if memory > base+16<<10 {
			t.Errorf("%s %s: catbox used %d KiB, and %d KiB for a few processes", turn.mode, turn.n, memory, base)
		}
		w.checkGone(t)
	}
}
