package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// measureArg is the first argument with which this program runs itself, to be
// the parent of one measured command: what the kernel adds up for its children
// is then that command and nothing else.
const measureArg = "-measure"

// sample is one measurement.
type sample struct {
	CPU    time.Duration // user and system time of the whole tree
	MaxRSS int64         // KiB, of the largest process of the tree
	Status int           // exit status; 128 + signal
	stdout string
}

// job is one command to be measured.
type job struct {
	argv   []string
	dir    string
	pinned bool // to one CPU
	limit  time.Duration
}

// run measures a job once. The whole tree is killed when the time is over.
func (j job) run(ctx context.Context) (sample, error) {
	var s sample
	ctx, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()
	report, theirs, err := os.Pipe()
	if err != nil {
		return s, err
	}
	defer report.Close()
	args := []string{measureArg}
	if j.pinned {
		args = append(args, "-pin")
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe", append(append(args, "--"), j.argv...)...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = j.dir, &stdout, &stderr
	// The one place for temporary files that all columns have.
	cmd.Env = append(os.Environ(), "TMPDIR=/tmp")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	theirs.Close()
	if ctx.Err() != nil {
		return s, fmt.Errorf("run %s: not done after %v: %w", j.argv[0], j.limit, ctx.Err())
	}
	if err != nil {
		return s, fmt.Errorf("run %s: %w\n%s", j.argv[0], err, lastLines(stderr.String()))
	}
	if err := json.NewDecoder(report).Decode(&s); err != nil {
		return s, fmt.Errorf("run %s: report: %w", j.argv[0], err)
	}
	if s.Status != 0 {
		return s, fmt.Errorf("run %s: status %d\n%s", strings.Join(j.argv, " "), s.Status, lastLines(stderr.String()))
	}
	s.stdout = stdout.String()
	return s, nil
}

// measureMain is the other side of run: it starts the command, reaps all its
// descendants, and writes a sample to descriptor 3.
func measureMain(args []string) int {
	s, err := measure(args)
	if err == nil {
		err = json.NewEncoder(os.NewFile(3, "report")).Encode(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: measure:", err)
		return 1
	}
	return 0
}

func measure(args []string) (sample, error) {
	var s sample
	// The affinity belongs to a thread, and fork passes it on.
	runtime.LockOSThread()
	unix.CloseOnExec(3)
	if args[0] == "-pin" {
		args = args[1:]
		if err := pin(); err != nil {
			return s, err
		}
	}
	// A tracee is accounted to its parent and not to its tracer; a daemon whose
	// parent has gone comes to the nearest subreaper (PR_SET_CHILD_SUBREAPER(2const)).
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return s, fmt.Errorf("become subreaper: %w", err)
	}
	argv := args[1:]
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return s, err
	}
	child, err := os.StartProcess(path, argv, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return s, err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ECHILD):
			var usage unix.Rusage
			if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &usage); err != nil {
				return s, fmt.Errorf("getrusage: %w", err)
			}
			s.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
			s.MaxRSS = usage.Maxrss
			return s, nil
		case err != nil:
			return s, fmt.Errorf("wait4: %w", err)
		case pid == child.Pid && status.Signaled():
			s.Status = 128 + int(status.Signal())
		case pid == child.Pid:
			s.Status = status.ExitStatus()
		}
	}
}

// pin binds this thread, and what it forks, to the last CPU it may use: the
// first is where interrupts tend to go.
func pin() error {
	var may, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	last := 0
	for cpu := range len(may) * 64 {
		if may.IsSet(cpu) {
			last = cpu
		}
	}
	one.Set(last)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("sched_setaffinity: %w", err)
	}
	return nil
}

// lastLines returns the end of what a command said.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
