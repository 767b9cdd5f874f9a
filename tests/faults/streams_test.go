package faults

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBrokenStreams runs catbox with standard streams that are not there, or not of
// use: the command ends as it would have ended, and the rules hold.
func TestBrokenStreams(t *testing.T) {
	const script = `echo one; : >in/made; (: >out/f) 2>/dev/null; ls -l /proc/self/fd >in/fds; exit 3`
	tests := []struct {
		name   string
		shell  string // executes catbox, "$@"
		says   bool   // something can be said on standard error
		output string
	}{
		{"as usual", `exec "$@"`, true, "one\n"},
		{"no input", `exec "$@" <&-`, true, "one\n"},
		{"no output", `exec "$@" >&-`, true, ""},
		{"no errors", `exec "$@" 2>&-`, false, "one\n"},
		{"none of them", `exec "$@" <&- >&- 2>&-`, false, ""},
		{"errors go to a full device", `exec "$@" 2>/dev/full`, false, "one\n"},
		{"nobody reads the errors", `mkfifo p; exec 4<>p 5>p 4<&-; exec "$@" 2>&5 5>&-`, false, "one\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			run := []string{binary(t), "run", "-p", w.in, "--stats", "--", "/bin/sh", "-c", script}
			got := finish(t, w.command(t, append([]string{"/bin/sh", "-c", test.shell, "sh"}, run...)...))
			if got.status != 3 || got.out != test.output {
				t.Errorf("status %d, output %q, want 3, %q\n%s", got.status, got.out, test.output, got.errors)
			}
			if test.says {
				got.says(t, "catbox: refused: open", "catbox: summary: 1 call was refused", "catbox: processes ")
			}
			if _, err := os.Stat(filepath.Join(w.in, "made")); err != nil {
				t.Error(err)
			}
			// What was missing is the null device, so that no file of the command
			// gets its number.
			fds, err := os.ReadFile(filepath.Join(w.in, "fds"))
			if err != nil {
				t.Fatal(err)
			}
			for fd, gone := range map[string]bool{"0": strings.Contains(test.shell, "<&- "), "2": strings.HasSuffix(test.shell, "2>&-")} {
				if gone && !strings.Contains(string(fds), " "+fd+" -> /dev/null\n") {
					t.Errorf("descriptor %s is not the null device:\n%s", fd, fds)
				}
			}
			w.checkGone(t)
			w.checkOutside(t)
		})
	}
}

// TestPaused stops catbox by SIGSTOP several times in the middle of a build, which
// waits then and goes on afterwards.
func TestPaused(t *testing.T) {
	w := newWorld(t)
	cmd := w.command(t, w.confined(t, guest(t, "load"), w.in, w.out, "6")...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout = pipe
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = pipe.Close()
	line, files, pauses := make([]byte, len("file\n")), 0, 0
	for ; ; files++ {
		if _, err := io.ReadFull(r, line); err != nil {
			break
		}
		if files%10 == 5 && pause(t, cmd.Process.Pid) {
			pauses++
		}
	}
	if got := exitStatus(t, cmd.Wait()); got != 123 {
		t.Errorf("exit status %d", got)
	}
	if files != 6*17 || pauses < 5 {
		t.Errorf("%d files, %d pauses", files, pauses)
	}
	if errors.Len() > 0 {
		t.Errorf("standard error:\n%s", errors.String())
	}
	w.checkGone(t)
	w.checkOutside(t)
}

// pause stops a process, lets those that it traces run, and continues it. It
// returns false if the process has ended.
func pause(t *testing.T, pid int) bool {
	t.Helper()
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	const stopped = 5 // CLD_STOPPED
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if info.Code != stopped {
		return false
	}
	for range 1000 { // let the others run
		_, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
	}
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	return true
}
