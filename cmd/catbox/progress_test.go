package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/tests/harness"
)

// inTerminal runs catbox, which records, in a terminal of 60 columns and 10 rows.
func inTerminal(t *testing.T, script string) (*terminal, func() int) {
	t.Helper()
	dir := t.TempDir()
	cmd := catbox(t, "run", "--record", filepath.Join(dir, "record"), "-p", dir, "-c", script)
	cmd.Env = append(os.Environ(), "TERM=xterm")
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 10, Cols: 60})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	limit := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }) // which ends a read that waits in vain
	t.Cleanup(func() { limit.Stop() })
	return &terminal{t: t, file: file}, func() int { return exitStatus(t, cmd.Wait()) }
}

// rest reads until nobody has the terminal any more.
func (p *terminal) rest() string {
	_, _ = io.Copy(&p.seen, p.file) // EIO at the end
	return p.seen.String()
}

// TestProgress shows that the status line is in the last row and takes nothing from
// what the command writes.
func TestProgress(t *testing.T) {
	const script = `printf 'first\npar'; read x; i=0; while [ $i -lt 30 ]; do echo "line $i"; i=$((i+1)); done; read x; echo end; exit 3`
	term, wait := inTerminal(t, script)
	term.expect("first\r\npar")
	before := strings.Clone(term.seen.String())
	term.expect(" violations\x1b8")

	now := newScreen(t, 60, 10)
	now.write(term.seen.String())
	last := string(now.rows[9])
	if !regexp.MustCompile(`^catbox: \d+:\d\d, 1 process, \d+ files, 0 violations$`).MatchString(last) {
		t.Errorf("the last row is %q", last)
	}
	if now.row != 1 || now.col != 3 || before != "first\r\npar" {
		t.Errorf("the cursor is in row %d, column %d behind %q", now.row, now.col, before)
	}

	term.send("tial\r")
	term.expect("line 29\r\n")
	term.send("x\r")
	all := term.rest()
	if status := wait(); status != 3 {
		t.Errorf("status %d, want 3", status)
	}
	end := newScreen(t, 60, 10)
	end.write(all)
	want := []string{"first", "partial"}
	for i := range 30 {
		want = append(want, "line "+strconv.Itoa(i))
	}
	want = append(want, "x", "end")
	if diff := cmp.Diff(want, end.lines()); diff != "" {
		t.Errorf("what is on the terminal (-want +got):\n%s", diff)
	}
	if end.regions != 0 || end.saves != 0 {
		t.Errorf("left behind: %d regions, %d positions", end.regions, end.saves)
	}
}

// TestProgressEnds changes the size of the terminal, and ends the run by a signal.
func TestProgressEnds(t *testing.T) {
	term, wait := inTerminal(t, "echo $PPID; read x")
	var pid strings.Builder
	term.expect("\r\n")
	pid.WriteString(strings.TrimSpace(term.seen.String()))
	term.expect("\x1b[1;9r")
	if err := pty.Setsize(term.file, &pty.Winsize{Rows: 20, Cols: 60}); err != nil {
		t.Fatal(err)
	}
	term.expect("\x1b[r")
	term.expect("\x1b[1;19r")
	number, err := strconv.Atoi(pid.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(number, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	all := term.rest()
	if status := wait(); status != 143 {
		t.Errorf("status %d, want 143", status)
	}
	if set, reset := len(regexp.MustCompile(`\x1b\[1;\d+r`).FindAllString(all, -1)), strings.Count(all, "\x1b[r"); set != 2 || reset != 2 {
		t.Errorf("%d regions were set and %d reset in %q", set, reset, all)
	}
}

// TestProgressJobControl checks that the shell gets back the whole terminal.
func TestProgressJobControl(t *testing.T) {
	term := newTerminal(t, harness.Need(t, "bash", "bash"))
	term.expect("prompt> ")
	if err := pty.Setsize(term.file, &pty.Winsize{Rows: 10, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	term.send("TERM=xterm $CATBOX run --record /dev/null -c 'echo rea''dy; read line; echo \"got $line\"'; echo \"status $?\"\r")
	term.expect("ready\r\n")
	term.expect("\x1b[1;9r")
	term.send("\x1a")
	term.expect("\x1b[r")
	term.expect("Stopped")
	term.expect("prompt> ")
	term.send("fg\r")
	term.expect("\x1b[1;9r")
	term.send("hello\r")
	term.expect("got hello\r\n")
	term.expect("\x1b[r")
	term.expect("prompt> ")
}
