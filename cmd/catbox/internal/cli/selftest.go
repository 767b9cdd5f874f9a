package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/record"
)

// selfTestTime bounds each command of the self-test.
const selfTestTime = 20 * time.Second

// selfTest confines a few commands and reports whether confinement works.
func selfTest(ctx context.Context) []finding {
	if ctx == nil {
		ctx = context.Background()
	}
	dir, err := os.MkdirTemp("", "catbox-doctor-")
	if err != nil {
		return []finding{bad("self-test", err.Error(), "set TMPDIR to a directory where you may write")}
	}
	defer os.RemoveAll(dir)
	t := trial{dir: dir}
	for _, sub := range []string{"allowed", "refused"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return []finding{bad("self-test", err.Error(), "")}
		}
	}
	var list []finding
	if runtime.GOARCH == "amd64" {
		list = append(list, run32(filepath.Join(dir, "elf32")))
	}
	return append(list, t.write(ctx, "allowed", true), t.write(ctx, "refused", false), t.reach(ctx), t.notify(ctx))
}

// trial is a directory in which only "allowed" may be written.
type trial struct{ dir string }

func (t trial) box() *catbox.Sandbox {
	return &catbox.Sandbox{Paths: []string{filepath.Join(t.dir, "allowed")}, DefaultDevices: true, KillOnExit: true}
}

func (t trial) run(ctx context.Context, script string) (*catbox.Result, error) {
	return t.runIn(ctx, t.box(), script)
}

func (t trial) runIn(ctx context.Context, box *catbox.Sandbox, script string) (*catbox.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, selfTestTime)
	defer cancel()
	return box.Run(ctx, &catbox.Command{Args: []string{"/bin/sh", "-c", script}, Dir: t.dir})
}

// write lets a shell write into a directory and compares what happens with what
// should.
func (t trial) write(ctx context.Context, where string, allowed bool) finding {
	name := where + " write"
	res, err := t.run(ctx, "echo x >"+where+"/file")
	if err != nil {
		return t.broken(name, err)
	}
	_, err = os.Lstat(filepath.Join(t.dir, where, "file"))
	written := err == nil
	const remedy = "please report it with the output of catbox doctor --json"
	switch {
	case written != allowed && allowed:
		return bad(name, "the file was not written", remedy)
	case written != allowed:
		return bad(name, "the file was written all the same", remedy)
	case !allowed && len(res.Violations) != 1:
		return bad(name, "failed, but was not reported", remedy)
	case allowed:
		return good(name, "works")
	}
	return good(name, "fails and is explained")
}

// reach lets a shell signal this process, which is outside.
func (t trial) reach(ctx context.Context) finding {
	const name = "signal outside"
	res, err := t.run(ctx, "kill -URG $PPID")
	if err != nil {
		return t.broken(name, err)
	}
	if res.Refused() == 0 {
		return bad(name, "was sent all the same", "please report it with the output of catbox doctor --json")
	}
	return good(name, "fails and is explained")
}

// notify records a shell that reads a file, and sees by which way the tracer is told.
func (t trial) notify(ctx context.Context) finding {
	const name = "notify lane"
	box := t.box()
	box.Record = record.NewWriter(io.Discard, record.Run{}, record.Options{})
	res, err := t.runIn(ctx, box, ". /dev/null")
	if err == nil {
		err = box.Record.Close(record.Status{})
	}
	switch {
	case err != nil:
		return t.broken(name, err)
	case res.Notified == 0:
		return warn(name, "not used: records of builds stop programs by ptrace, which takes longer",
			"use Linux 6.6 or newer on amd64, and allow seccomp listeners and pidfd_getfd in the profile of the container")
	}
	return good(name, "works")
}

func (t trial) broken(name string, err error) finding {
	if errors.Is(err, context.DeadlineExceeded) {
		return bad(name, "did not end within "+selfTestTime.String(), "look for what stops processes, for example a frozen control group")
	}
	_, hints := explain(err)
	remedy := "see the lines above"
	switch {
	case len(hints) > 0 && hints[0] != askDoctor:
		remedy = hints[0]
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS):
		remedy = allowCall
	}
	return bad(name, err.Error(), remedy)
}
