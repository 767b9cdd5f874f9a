package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
)

// signals passes on what is sent to catbox while commands run.
//
// Nothing is ignored by means of SIG_IGN, which the commands would inherit: a
// signal that is caught has its default action again after execve(2).
type signals struct {
	cancel  context.CancelCauseFunc
	arrived chan os.Signal
	done    chan struct{}

	mu      sync.Mutex
	asked   bool // a SIGTSTP has come that catbox has not followed
	stopped bool // job control has stopped the command
	line    *progress
}

// watchSignals starts to catch signals. The context is cancelled by one that is
// to end the run. Call stop when nothing runs any more.
//
// SIGTTIN and SIGTTOU are left alone: they stop catbox at once, and with it the
// tree it traces, until the group is continued.
func watchSignals(parent context.Context) (context.Context, *signals) {
	ctx, cancel := context.WithCancelCause(parent)
	s := &signals{cancel: cancel, arrived: make(chan os.Signal, 16), done: make(chan struct{})}
	// A broken pipe behind standard error is to be an error of the write that
	// nobody misses, and no reason to abandon the tree.
	catch := []os.Signal{syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGCONT, syscall.SIGPIPE}
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if !signal.Ignored(sig) { // by nohup, or by a shell that started us in the background
			catch = append(catch, sig)
		}
	}
	signal.Notify(s.arrived, catch...)
	go s.loop()
	return ctx, s
}

// around sets what is not to be on the terminal while catbox is stopped.
func (s *signals) around(line *progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = line
}

// stop gives the signals their usual meaning again.
func (s *signals) stop() {
	signal.Stop(s.arrived)
	close(s.done)
	s.cancel(nil)
}

func (s *signals) loop() {
	for {
		select {
		case sig := <-s.arrived:
			s.handle(sig.(syscall.Signal))
		case <-s.done:
			return
		}
	}
}

func (s *signals) handle(sig syscall.Signal) {
	switch sig {
	case syscall.SIGINT, syscall.SIGQUIT:
		// The terminal sends these to the whole group: the commands have them
		// already, and decide.
		if !foreground() {
			s.cancel(catbox.Interrupt{Signal: sig})
		}
	case syscall.SIGTERM, syscall.SIGHUP:
		s.cancel(catbox.Interrupt{Signal: sig})
	case syscall.SIGTSTP:
		s.follow(func() { s.asked = true })
	case syscall.SIGCONT:
		s.mu.Lock()
		s.asked, s.stopped = false, false
		line := s.line
		s.mu.Unlock()
		line.resume()
	}
}

// groupStopped is the hook for a command that job control has stopped. It may
// come before or after the SIGTSTP of catbox.
func (s *signals) groupStopped(unix.Signal) {
	s.follow(func() { s.stopped = true })
}

// follow stops catbox once both are true: the terminal has asked for it, and the
// command has stopped. Not earlier, because a program may put the terminal in
// order first; a stopped tracer would hold it up.
func (s *signals) follow(note func()) {
	s.mu.Lock()
	note()
	both := s.asked && s.stopped
	line := s.line
	if both {
		s.asked, s.stopped = false, false
	}
	s.mu.Unlock()
	if both {
		line.pause()
		_ = unix.Kill(os.Getpid(), unix.SIGSTOP)
	}
}

// foreground reports whether catbox is in the foreground process group of its
// controlling terminal (tcgetpgrp(3)).
func foreground() bool {
	tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer unix.Close(tty)
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
