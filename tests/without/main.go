// Without runs a command on a machine that lacks something: system calls fail, for
// the command and all that it starts.
//
//	without RULE... -- COMMAND ARG...
//
// A rule is one of
//
//	NAME=ERRNO              the system call NAME fails with ERRNO
//	NAME(ARG,...)=ERRNO     only with these arguments: a number, &BITS for any of
//	                        these bits, _ for anything; the lower 32 bits count
//	/PATTERN=ERRNO          opening a file to read fails, where the path as passed
//	                        matches (path.Match); not for descriptors that stay
//	                        open in programs that are executed
//	capabilities=N,...      root has no others
//	descendants             a process may look into and attach to its descendants
//	                        only, as with Yama's ptrace_scope 1, and root too
//
// Other ABIs than that of this program are left alone. Where a call cannot be
// refused, because the pattern does not match, it runs as if nothing had been asked.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "without:", err)
		status = 120
	}
	os.Exit(status)
}

func run(args []string) (int, error) {
	end := slices.Index(args, "--")
	if end < 0 || end == len(args)-1 {
		return 0, errors.New("usage: without RULE... -- COMMAND ARG..., with at least one argument")
	}
	w, err := parse(args[:end])
	if err != nil {
		return 0, err
	}
	if w.asks() && os.Getenv(childVariable) == "" {
		return w.supervise()
	}
	return 0, w.exec(args[end+1:])
}

// exec installs the filter and becomes the command.
func (w *rules) exec(command []string) error {
	file, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("look up the command: %w", err)
	}
	runtime.LockOSThread() // the filter is that of the thread, and so is the execve(2)
	if err := w.dropCapabilities(); err != nil {
		return err
	}
	program, err := w.program()
	if err != nil {
		return fmt.Errorf("build the filter: %w", err)
	}
	env := os.Environ()
	if w.asks() {
		listener, err := install(program, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
		if err == nil {
			err = handOver(listener)
		}
		if err != nil {
			return err
		}
		env = slices.DeleteFunc(env, func(v string) bool { return v == childVariable+"=1" })
	} else if _, err := install(program, 0); err != nil {
		return err
	}
	return fmt.Errorf("execute %s: %w", file, syscall.Exec(file, command, env))
}
