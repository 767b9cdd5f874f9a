package tracer

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// commandHelper is a small command that traces its arguments, with its own
// descriptors 0 to 4. It stops itself when job control stops both it and the
// traced program, as a shell expects from a job, and ends with the exit status
// of the program.
func commandHelper() int {
	tr := Tracer{GroupStop: jobControl()}
	if os.Getenv("CATBOX_TEST_WATCH") != "" {
		tr.Handlers = []Handler{watchAll()}
	}
	cmd := &Command{Path: os.Args[1], Args: os.Args[1:], Env: []string{"PATH=/usr/bin:/bin"}}
	for fd := range uintptr(5) {
		if _, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err == nil {
			cmd.Files = append(cmd.Files, fd)
		}
	}
	o, err := tr.Run(context.Background(), cmd)
	if err != nil {
		fmt.Println("run:", err)
		return 125
	}
	return o.Status.ExitStatus()
}

// jobControl returns a GroupStop hook that stops this process if it got a stop
// signal as well. The signals are caught rather than obeyed, because the traced
// program decides whether they stop it; signal and group-stop come in any order.
func jobControl() func(unix.Signal) {
	var mu sync.Mutex
	var asked, stopped bool
	update := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		f()
		if asked && stopped {
			asked, stopped = false, false
			_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
		}
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
	go func() {
		for range signals {
			update(func() { asked = true })
		}
	}()
	return func(unix.Signal) { update(func() { stopped = true }) }
}
