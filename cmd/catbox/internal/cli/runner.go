package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tracer"
)

// grace is how long the tree may take to end after a signal to catbox.
const grace = 5 * time.Second

// begin prepares catbox to run something, and returns the context for that.
func begin(ctx context.Context) context.Context {
	reserveThreads()
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// run runs the commands of the flags and leaves the exit status in a.status.
func (a *app) run(ctx context.Context, f *runFlags, args []string) (err error) {
	ctx = begin(ctx)
	commands, err := f.commands(args)
	if err != nil {
		return err
	}
	box, err := f.sandbox()
	if err != nil {
		return err
	}
	template, err := f.template(a)
	if err != nil {
		return err
	}
	closeStore, err := f.fakeroot.open(box)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	ctx, signals := watchSignals(ctx)
	defer signals.stop()
	if f.privateTmp && !f.ownTmp(box) {
		tmp, err := newPrivateTmp()
		if err != nil {
			return err
		}
		// Last, so that what is still open in it is not written to after it.
		defer func() {
			if !abandoned(err) {
				err = errors.Join(err, tmp.remove())
			}
		}()
		box.Paths = append(box.Paths, tmp.dir)
		template.Env = tmp.export(template.Env)
	}
	report, err := a.newReport(f, box)
	if err != nil {
		return err
	}
	if err := report.guard(box); err != nil {
		return err
	}
	rec, err := f.record.open(f, box, template, commands)
	if err != nil {
		return err
	}
	box.Hooks = catbox.Hooks{Violation: report.violation, GroupStop: signals.groupStopped, Stalled: a.stalled}
	line := a.newProgress(f, box)
	signals.around(line)
	err = a.sequence(ctx, box, template, commands, report)
	line.stop()
	if abandoned(err) {
		return err
	}
	status := a.status
	if err != nil {
		status, _ = explain(err)
	}
	return errors.Join(err, rec.close(status, err), report.finish(status))
}

// sequence runs one command after the other until one fails.
func (a *app) sequence(ctx context.Context, box *catbox.Sandbox, template *catbox.Command, commands [][]string, report *report) error {
	start := time.Now()
	defer func() { report.wall = time.Since(start) }()
	refused := false
	for _, args := range commands {
		cmd := *template
		cmd.Args = args
		res, err := box.Run(ctx, &cmd)
		if res != nil {
			report.add(res)
		}
		if err != nil {
			return withInterpreter(err, &cmd)
		}
		refused = refused || res.Refused() > 0
		switch {
		case res.Stopped:
			a.status = exitRefused
		case res.Signal != 0:
			a.status = exitSignal + int(res.Signal)
		default:
			a.status = res.ExitCode
		}
		if a.status != 0 {
			return nil
		}
	}
	if refused {
		a.status = exitRefused
	}
	return nil
}

// withInterpreter marks the ENOENT of execve(2) for a program that is there:
// what is missing is the interpreter or loader that it names.
func withInterpreter(err error, cmd *catbox.Command) error {
	var launch *tracer.LaunchError
	if !errors.As(err, &launch) || launch.Step != "exec" || !errors.Is(launch.Err, unix.ENOENT) {
		return err
	}
	file := cmd.Args[0]
	if strings.Contains(file, "/") { // the others were found by the look-up
		if !filepath.IsAbs(file) {
			file = filepath.Join(cmd.Dir, file)
		}
		if _, statErr := os.Stat(file); statErr != nil {
			return err
		}
	}
	return &interpreterError{err}
}

// template is the command without its arguments: directory, environment and
// descriptors.
func (f *runFlags) template(a *app) (*catbox.Command, error) {
	dir, err := f.directory()
	if err != nil {
		return nil, err
	}
	files, err := keptFiles(f.keepFDs)
	if err != nil {
		return nil, err
	}
	env := os.Environ()
	if dir != "" {
		env = setenv(env, "PWD", dir)
	}
	return &catbox.Command{Dir: dir, Env: env, Stdin: a.in, Stdout: a.out, Stderr: a.err,
		ExtraFiles: files}, nil
}

// setenv replaces a variable: of two equal names programs disagree which counts.
func setenv(env []string, name, value string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, name+"=") })
	return append(env, name+"="+value)
}

const maxKeptFD = 1023

// keptFiles returns the files for descriptors 3, 4, ... of the command, with nil
// for those that it does not get.
func keptFiles(numbers []int) ([]*os.File, error) {
	var files []*os.File
	for _, n := range numbers {
		if n < 0 || n > maxKeptFD {
			return nil, usagef("", "--keep-fd %d: not between 0 and %d", n, maxKeptFD)
		}
		// What catbox was given has not the flag close-on-exec, or it would not be
		// here; what the Go runtime has opened has it.
		flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			return nil, usagef(fmt.Sprintf("open it in the shell: catbox run --keep-fd %d ... %d<FILE", n, n),
				"--keep-fd %d: the descriptor is not open", n)
		}
		if n < 3 {
			continue // these are handed over in any case
		}
		for len(files) <= n-3 {
			files = append(files, nil)
		}
		if files[n-3] == nil {
			files[n-3] = os.NewFile(uintptr(n), fmt.Sprintf("descriptor %d", n))
		}
	}
	return files, nil
}
