package fallback

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
)

const (
	statusError    = 125
	statusNotFound = 127
)

// mounts puts p into a mount namespace with other mounts, each a type, a directory
// and options.
func (p *place) mounts(t testing.TB, mounts ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to mount")
	}
	p.before = append(append(append(helper(t, "mounted"), strconv.Itoa(p.uid)), mounts...), "--")
	p.attr.Credential = nil
	p.attr.Unshareflags = unix.CLONE_NEWNS
}

func TestMounts(t *testing.T) {
	tests := []struct {
		name   string
		mounts []string
		pidNS  bool
	}{
		{"processes of others cannot be read", []string{"proc", "/proc", "hidepid=1"}, false},
		{"processes of others are hidden", []string{"proc", "/proc", "hidepid=2"}, false},
		{"only what can be traced is shown", []string{"proc", "/proc", "hidepid=4"}, false},
		{"processes only", []string{"proc", "/proc", "subset=pid"}, false},
		{"a pid namespace", []string{"proc", "/proc", ""}, true},
		{"no /sys", []string{"tmpfs", "/sys", ""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			forUsers(t, func(t *testing.T, p *place) {
				p.mounts(t, tt.mounts...)
				if tt.pidNS {
					p.attr.Cloneflags = unix.CLONE_NEWPID
				}
				p.works(t)
			})
		})
	}
}

func TestNoDevices(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		p.mounts(t, "tmpfs", "/dev", "")
		o := p.run(t, "run", "-p", "in", "--", "/bin/sh", "-c", "echo text >in/file && cat in/file; echo x >out/file")
		if o.out != "text\n" || !strings.Contains(o.err, "catbox: refused: openat ") {
			t.Errorf("exit status %d\n%s%s", o.status, o.out, o.err)
		}
	})
}

func TestNoProc(t *testing.T) {
	const message, hint = "/proc is not the procfs of this pid namespace", "mount -t proc proc /proc"
	t.Run("not mounted", func(t *testing.T) {
		forUsers(t, func(t *testing.T, p *place) {
			p.mounts(t, "tmpfs", "/proc", "")
			p.says(t, statusError, message, hint)
			if o := p.run(t, "doctor"); o.status != 1 || !strings.Contains(o.out, message) || !strings.Contains(o.out, "-> "+hint) {
				t.Errorf("the doctor, exit status %d:\n%s%s", o.status, o.out, o.err)
			}
		})
	})
	t.Run("of others", func(t *testing.T) {
		forUsers(t, func(t *testing.T, p *place) {
			p.mounts(t)
			p.attr.Cloneflags = unix.CLONE_NEWPID
			p.says(t, statusError, message, hint)
		})
	})
}

func TestTemporaryFiles(t *testing.T) {
	const hint = "set TMPDIR to a directory where you may write, or do without: --private-tmp=false"
	without := func(t *testing.T, p *place, message string) {
		t.Helper()
		p.says(t, statusError, "private temporary directory: ", message, hint)
		p.works(t, "--private-tmp=false")
	}
	t.Run("missing", func(t *testing.T) {
		forUsers(t, func(t *testing.T, p *place) {
			p.setenv("TMPDIR", p.root+"/none")
			without(t, p, "no such file or directory")
		})
	})
	t.Run("read-only", func(t *testing.T) {
		forUsers(t, func(t *testing.T, p *place) {
			p.mounts(t, "tmpfs", filepath.Join(p.root, "tmp"), "ro")
			without(t, p, "read-only file system")
		})
	})
	t.Run("noexec", func(t *testing.T) {
		forUsers(t, func(t *testing.T, p *place) {
			p.mounts(t, "tmpfs", filepath.Join(p.root, "tmp"), "noexec,mode=1777")
			p.works(t)
			o := p.run(t, "run", "--", "/bin/sh", "-c", `cp /bin/true "$TMPDIR/true" && "$TMPDIR/true"`)
			if o.status != 126 || !strings.Contains(o.err, "ermission denied") { // of the shell, as without catbox
				t.Errorf("exit status %d\n%s", o.status, o.err)
			}
		})
	})
}

func TestEnvironment(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		p.setenv("HOME")
		p.works(t)
		p.setenv("PATH")
		if o := p.run(t, "run", "--", "sh", "-c", "echo began"); o.status != statusNotFound || !strings.Contains(o.err, "hint: give its path, or set PATH") {
			t.Errorf("without PATH: exit status %d\n%s", o.status, o.err)
		}
		p.env = nil
		p.setenv("TMPDIR", p.root+"/tmp")
		if o := p.run(t, "run", "-p", "in", "--", "/bin/sh", "-c", "echo text >in/file"); o.status != 0 || o.err != "" {
			t.Errorf("without anything: exit status %d\n%s", o.status, o.err)
		}
	})
}

// TestTraced runs catbox below somebody who traces it and all that it starts.
func TestTraced(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := p.command(t, ctx, "run", "-p", "in", "--", "/bin/sh", "-c", "echo began")
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var outer tracer.Tracer
		o, err := outer.Run(ctx, &tracer.Command{Path: cmd.Path, Args: cmd.Args, Env: cmd.Env, Dir: cmd.Dir,
			Files: []uintptr{r.Fd(), w.Fd(), w.Fd()}, SysProcAttr: cmd.SysProcAttr})
		_ = w.Close()
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		if _, err := said.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		if o.Status.ExitStatus() != statusError || strings.Contains(said.String(), "began") ||
			!strings.Contains(said.String(), "catbox is itself traced by ") || !strings.Contains(said.String(), "one tracer only; run it outside") {
			t.Errorf("exit status %d:\n%s", o.Status.ExitStatus(), said.String())
		}
	})
}

// TestNested runs catbox inside of catbox.
func TestNested(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		o := p.run(t, "run", "-p", ".", "--", catbox(t), "run", "-p", "in", "--", "/bin/sh", "-c", "echo began")
		if o.status != statusError || o.out != "" || !strings.Contains(o.err, "catbox is itself traced by catbox (pid ") {
			t.Errorf("exit status %d\n%s%s", o.status, o.out, o.err)
		}
	})
}
