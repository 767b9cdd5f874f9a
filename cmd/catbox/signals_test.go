package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/catbox-go/catbox/tests/harness"
)

// catbox returns the command with these arguments; the test binary is catbox
// under that name.
func catbox(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Args = append([]string{"catbox"}, args...)
	return cmd
}

func exitStatus(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// underShell returns catbox, executed by a shell that sets before what a Go
// program cannot: signals that are ignored. It has no terminal, and TMPDIR is tmp.
func underShell(t *testing.T, tmp, before string, args ...string) *exec.Cmd {
	t.Helper()
	link := filepath.Join(tmp, "catbox")
	if err := os.Symlink(catbox(t).Path, link); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", before + `exec "$@"`, "sh", link}, args...)...)
	shell.Env = append(os.Environ(), "TMPDIR="+tmp)
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return shell
}

// TestSignals sends a signal to catbox, which is not in the foreground of a
// terminal.
func TestSignals(t *testing.T) {
	const trap = `trap 'echo trapped; exit 0' TERM HUP INT QUIT; `
	tests := []struct {
		name   string
		signal syscall.Signal
		before string // in the shell that executes catbox
		script string
		want   int
		output string
	}{
		{"SIGTERM is passed on", syscall.SIGTERM, "", trap, 143, "trapped\n"},
		{"SIGHUP is passed on", syscall.SIGHUP, "", trap, 129, "trapped\n"},
		{"SIGINT is passed on", syscall.SIGINT, "", trap, 130, "trapped\n"},
		{"SIGQUIT is passed on", syscall.SIGQUIT, "", trap, 131, "trapped\n"},
		{"default action", syscall.SIGTERM, "", "", 143, ""},
		{"an ignored SIGHUP stays ignored", syscall.SIGHUP, "trap '' HUP;", "", 0, "woken\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tmp := t.TempDir()
			shell := underShell(t, tmp, tt.before, "run", "--private-tmp", "-c", tt.script+`echo ready; read line && echo woken`)
			stdin, err := shell.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := shell.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := shell.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(stdout)
			if line, err := out.ReadString('\n'); line != "ready\n" {
				t.Fatalf("read %q: %v", line, err)
			}
			if err := shell.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if tt.want == 0 {
				if _, err := io.WriteString(stdin, "wake up\n"); err != nil {
					t.Fatal(err)
				}
			}
			rest, err := io.ReadAll(out)
			if err != nil {
				t.Fatal(err)
			}
			if got := exitStatus(t, shell.Wait()); got != tt.want {
				t.Errorf("exit status %d, want %d", got, tt.want)
			}
			if string(rest) != tt.output {
				t.Errorf("output %q, want %q", rest, tt.output)
			}
			if left, _ := filepath.Glob(filepath.Join(tmp, "catbox-*")); len(left) > 0 {
				t.Errorf("private directory left: %v", left)
			}
		})
	}
}

// terminal is a shell with job control in a terminal of its own.
type terminal struct {
	t    *testing.T
	file *os.File
	seen bytes.Buffer
}

// TestJobControl types what a person would: Ctrl-Z, fg, Ctrl-C.
func TestJobControl(t *testing.T) {
	bash := harness.Need(t, "bash", "bash")
	term := newTerminal(t, bash)
	term.expect("prompt> ")

	// Stopped and continued, the command goes on where it was.
	term.send("$CATBOX run -c 'echo rea''dy; read line; echo \"got $line\"; exit 4'; echo \"status $?\"\r")
	term.expect("ready\r\n")
	term.send("\x1a")
	term.expect("Stopped")
	term.expect("prompt> ")
	term.send("fg\r")
	term.expect("read line")
	term.send("hello\r")
	term.expect("got hello\r\n")
	term.expect("prompt> ")
	term.send("echo \"after $?\"\r")
	term.expect("after 4\r\n")
	term.expect("prompt> ")

	// Ctrl-C is for the command to decide about.
	term.send("$CATBOX run -c 'trap \"echo caught; exit 6\" INT; echo rea''dy; read line'; echo \"status $?\"\r")
	term.expect("ready\r\n")
	term.send("\x03")
	term.expect("caught\r\n")
	term.expect("status 6\r\n")
	term.expect("prompt> ")

	// It ends one that has no opinion, and several.
	term.send("$CATBOX run -c 'echo rea''dy; read line' -c 'echo never'; echo \"status $?\"\r")
	term.expect("ready\r\n")
	term.send("\x03")
	term.expect("status 130\r\n")
	if n := strings.Count(term.seen.String(), "never"); n != 1 { // the echo of the line
		t.Errorf("the next command has run after Ctrl-C:\n%s", term.seen.String())
	}
}

// newTerminal starts an interactive shell, with catbox as $CATBOX. A shell that is
// killed after a minute hangs up, which ends a read that waits in vain.
func newTerminal(t *testing.T, shell string) *terminal {
	t.Helper()
	link := filepath.Join(t.TempDir(), "catbox")
	if err := os.Symlink(catbox(t).Path, link); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, shell, "--norc", "--noprofile", "-i")
	cmd.Env = append(os.Environ(), "PS1=prompt> ", "TERM=dumb", "CATBOX="+link, "HISTFILE=")
	file, err := pty.Start(cmd)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = file.Close()
		_ = cmd.Wait()
	})
	return &terminal{t: t, file: file}
}

func (p *terminal) send(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.file, text); err != nil {
		p.t.Fatal(err)
	}
}

// expect reads until the text has come.
func (p *terminal) expect(text string) {
	p.t.Helper()
	var got []byte
	var one [1]byte
	for !bytes.HasSuffix(got, []byte(text)) {
		if _, err := p.file.Read(one[:]); err != nil {
			p.t.Fatalf("waiting for %q: %v; the terminal shows:\n%s", text, err, p.seen.String())
		}
		got = append(got, one[0])
		p.seen.WriteByte(one[0])
	}
}
