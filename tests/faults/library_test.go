package faults

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/catbox-go/catbox/catbox"
)

// blocked is a sandbox whose hook for violations blocks until it is released.
type blocked struct {
	*world
	box     catbox.Sandbox
	command catbox.Command
	out     bytes.Buffer
	blocks  chan struct{} // gets one for each call of the hook
	release chan struct{}
}

func newBlocked(t *testing.T) *blocked {
	t.Helper()
	b := &blocked{world: newWorld(t), blocks: make(chan struct{}, 8), release: make(chan struct{})}
	b.box = catbox.Sandbox{Paths: []string{b.in}, DefaultDevices: true, StallAfter: 50 * time.Millisecond}
	b.box.Hooks.Violation = func(catbox.Violation) error {
		b.blocks <- struct{}{}
		<-b.release
		return nil
	}
	b.command = catbox.Command{Args: []string{"/bin/sh", "-c", "echo one; (: >../out/f) 2>/dev/null; echo two; exit 6"},
		Dir: b.in, Env: []string{b.marker, "PATH=/usr/bin:/bin"}, Stdout: &b.out}
	return b
}

// TestHookThatBlocks lets a hook block until the stall is told.
func TestHookThatBlocks(t *testing.T) {
	b := newBlocked(t)
	var told []catbox.Stall
	b.box.Hooks.Stalled = func(s catbox.Stall) {
		select {
		case <-b.blocks:
			told = append(told, s)
			close(b.release)
		default: // the machine is slow
		}
	}
	res, err := b.box.Run(t.Context(), &b.command)
	if err != nil || res.ExitCode != 6 || b.out.String() != "one\ntwo\n" {
		t.Errorf("result %+v, error %v, output %q", res, err, b.out.String())
	}
	if len(told) != 1 || told[0].Stop != "seccomp-stop" || told[0].Call == "" || told[0].For < b.box.StallAfter {
		t.Errorf("told %+v", told)
	}
	b.checkGone(t)
	b.checkOutside(t)
}

// TestHookThatBlocksForGood cancels a run whose hook does not return.
func TestHookThatBlocksForGood(t *testing.T) {
	b := newBlocked(t)
	cause := errors.New("no longer wanted")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-b.blocks
		cancel(cause)
	}()
	res, err := b.box.Run(ctx, &b.command)
	var stall *catbox.StallError
	if res != nil || !errors.Is(err, cause) || !errors.As(err, &stall) {
		t.Errorf("result %+v, error %v", res, err)
	}
	b.checkGone(t) // the hook still blocks
	b.checkOutside(t)
	close(b.release)
}
