package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tracer"
)

// Exit statuses besides those of the command. A signal n is 128+n, as in a shell.
const (
	exitRefused       = 123 // the command ended with 0, but calls were refused
	exitError         = 125 // catbox itself failed
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128
)

const exitText = `Exit status:

  0        the command ended with 0 and nothing was refused
  1..255   the command's own status
  123      the command ended with 0, but something was refused, or logged with
           --collect-only, or ended the run with --on-violation stop
  125      catbox failed: wrong flags or rules, tracing is not possible
  126      the command was found but cannot be executed
  127      the command was not found
  128+N    signal N ended the command, or catbox was told to end by it`

// explain returns the exit status for an error that ended catbox, and what the
// user can do about it.
func explain(err error) (status int, hints []string) {
	if u, ok := isUsage(err); ok {
		if u.hint != "" {
			hints = []string{u.hint}
		}
		return exitError, hints
	}
	if t, ok := isTask(err); ok {
		if t.hint != "" {
			hints = []string{t.hint}
		}
		return exitTask, hints
	}
	var interrupt catbox.Interrupt
	if errors.As(err, &interrupt) {
		return exitSignal + int(interrupt.Signal), nil
	}
	var launch *tracer.LaunchError
	var interpreter *interpreterError
	var list *listError
	switch {
	case errors.As(err, &interpreter):
		return exitNotExecutable, []string{"the interpreter in its first line, or its dynamic loader, does not exist"}
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return exitError, []string{"catbox itself needs about twenty open files: raise the limit with ulimit -n, or see /proc/sys/fs/file-nr"}
	case errors.As(err, &list):
		return exitError, []string{list.hint()}
	case errors.As(err, &launch):
		return explainLaunch(launch)
	case errors.Is(err, catbox.ErrBelowLevel):
		return exitError, []string{"catbox doctor says what this machine gives; docs/threat-model.md says what each level promises"}
	case errors.Is(err, catbox.ErrNoProc):
		return exitError, []string{mountProc}
	case errors.Is(err, catbox.ErrNotFound):
		return exitNotFound, []string{"give its path, or set PATH"}
	case isCommandError(err):
		return exitNotExecutable, []string{"check its permissions with ls -l"}
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS):
		return exitError, []string{askDoctor}
	}
	return exitError, nil
}

// interpreterError is an error of starting a program whose interpreter is
// missing.
type interpreterError struct{ err error }

func (e *interpreterError) Error() string { return e.err.Error() }
func (e *interpreterError) Unwrap() error { return e.err }

// isCommandError reports whether the library found the program but may not
// execute it; it says so before anything is started.
func isCommandError(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && path.Op == "execute"
}

// explainLaunch tells an execve(2) that failed from confinement that is not
// possible here: both happen in the new process before the program runs.
func explainLaunch(e *tracer.LaunchError) (status int, hints []string) {
	if e.Step != "exec" {
		return exitError, []string{launchHint(e)}
	}
	switch {
	case errors.Is(e.Err, unix.ENOENT), errors.Is(e.Err, unix.ENOTDIR):
		return exitNotFound, nil
	case errors.Is(e.Err, unix.ENOEXEC):
		return exitNotExecutable, []string{"it is no program of this machine; a script needs a first line such as #!/bin/sh"}
	case errors.Is(e.Err, unix.EAGAIN), errors.Is(e.Err, unix.ENOMEM):
		return exitError, []string{"no more processes can be started; see ulimit -u"}
	case errors.Is(e.Err, unix.E2BIG):
		return exitNotExecutable, []string{"the arguments and the environment are too long"}
	}
	return exitNotExecutable, []string{"check its permissions with ls -l, and that it is not on a file system mounted noexec"}
}

// mountProc is the hint for a /proc that is of no use.
const mountProc = "mount -t proc proc /proc, as the first process of a pid namespace does"

// askDoctor is the hint where nothing better is known.
const askDoctor = "catbox doctor says what is missing on this machine"

// launchHint says why a command cannot be confined here.
func launchHint(e *tracer.LaunchError) string {
	call := e.Call()
	if who := tracedBy(); who != "" && (call == "" || call == "ptrace") {
		return "catbox is itself traced by " + who + ", and a process has one tracer only; run it outside"
	}
	if f := yama(); f.Level == levelBad && call == "ptrace" {
		return f.Detail + "; " + f.Remedy
	}
	switch {
	case call == "":
		return askDoctor
	case call == "ptrace":
		return "a seccomp filter or a security module refuses ptrace: allow it in the profile of the container (docker run --cap-add=SYS_PTRACE)"
	case errors.Is(e.Err, unix.EPERM), errors.Is(e.Err, unix.EACCES):
		return "a seccomp filter or a security module refuses " + call + ": allow it in the profile of the container"
	case errors.Is(e.Err, unix.ENOSYS):
		return call + " is not there: use a newer kernel, or allow it in the seccomp profile of the container"
	case call == "seccomp":
		return "use a kernel with CONFIG_SECCOMP_FILTER"
	}
	return askDoctor
}

// tracedBy names the process that traces this one, or is "".
func tracedBy() string {
	pid := statusField("TracerPid")
	if pid == "" || pid == "0" {
		return ""
	}
	name, err := os.ReadFile("/proc/" + pid + "/comm")
	if err != nil {
		return "process " + pid
	}
	return catbox.Printable(strings.TrimSpace(string(name))) + " (pid " + pid + ")"
}

// statusField returns a field of /proc/self/status (proc_pid_status(5)), or "".
func statusField(name string) string {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
