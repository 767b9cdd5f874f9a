package catbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/pathrules"
	"github.com/catbox-go/catbox/tracer"
)

// Run runs cmd and returns when the last process of its tree has ended.
//
// The error is for machinery: a rule that is wrong, a program that cannot be
// started ([ErrNotFound], fs.ErrPermission or an errno, see also
// [tracer.LaunchError]), tracing that is not possible here, a hook that failed,
// or the cause of a cancelled ctx; then the tree is gone as well. If the command
// has run, the Result is not nil even with an error, other than a [StallError]. That
// the command failed, or that something was refused, is no error.
//
// Run is safe for concurrent use: each run has its own thread.
func (s *Sandbox) Run(ctx context.Context, cmd *Command) (*Result, error) {
	io, err := cmd.connect()
	if err != nil {
		return nil, err
	}
	res, err := s.run(ctx, cmd, io)
	if abandoned(err) {
		io.abandon()
		return nil, err
	}
	if ioErr := io.finish(); err == nil {
		err = ioErr
	}
	runtime.KeepAlive(io)
	return res, err
}

func (s *Sandbox) run(ctx context.Context, cmd *Command, io *streams) (res *Result, err error) {
	tcmd, err := cmd.tracerCommand(io)
	if err != nil {
		return nil, err
	}
	c, err := s.newConfiner(cmd, io.files)
	if err != nil {
		return nil, err
	}
	c.recorder.starts(tcmd)
	var ruleset *os.File
	defer func() {
		if !abandoned(err) { // or they may be in use
			c.resolver.Close()
			_ = ruleset.Close()
		}
	}()
	if err := s.checkLevel(&c.backstop.assessment); err != nil {
		return nil, err
	}
	if ruleset, err = c.backstop.ruleset(); err != nil {
		return nil, err
	}
	t := tracer.Tracer{
		Ruleset:      ruleset,
		Handlers:     s.handlers(c),
		KillOnExit:   s.KillOnExit,
		MeasureUsage: s.MeasureUsage || c.recorder != nil,
		Grace:        s.Grace,
		GroupStop:    s.Hooks.GroupStop,
		Stalled:      s.Hooks.Stalled,
		StallAfter:   s.StallAfter,
		Log:          s.Log,
	}
	if s.Network != NetworkHost {
		t.DropCapabilities = []int{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}
	}
	out, err := t.Run(ctx, tcmd)
	if out.PID == 0 {
		return nil, explainLaunch(tcmd.Path, err)
	}
	c.removeRoots()
	res = newResult(&out, c.journal)
	res.Assessment = c.backstop.assessment
	if c.fake != nil {
		res.Ownership = c.fake.db
	}
	if errors.Is(err, errStopped) {
		res.Stopped, err = true, nil
	}
	return res, err
}

// handlers returns the features of a run in the order in which they are asked.
func (s *Sandbox) handlers(c *confiner) []tracer.Handler {
	list := []tracer.Handler{s.Hooks.handler()}
	if c.recorder != nil {
		list = append(list, c.recorder.handler())
	}
	if s.Fakeroot == FakerootLie {
		list = append(list, lie()) // first, or the confiner would stop what it answers
	}
	if c.reader != nil {
		list = append(list, c.reader.handler())
		if c.reader.hidden != nil {
			list = append(list, (&lister{c: c, hidden: c.reader.hidden}).handler())
		}
	}
	list = append(list, c.handler())
	if c.fake != nil {
		list = append(list, c.fake.handler())
	}
	return list
}

// abandoned reports whether a run has ended with its thread still at work.
func abandoned(err error) bool {
	var stall *StallError
	return errors.As(err, &stall)
}

func (s *Sandbox) newConfiner(cmd *Command, stdio []*os.File) (*confiner, error) {
	p, err := s.newPolicy(stdio)
	if err != nil {
		return nil, err
	}
	resolver, err := resolve.New()
	if err != nil {
		return nil, err
	}
	identity, err := identityOf(os.Getpid())
	if err != nil {
		resolver.Close()
		return nil, fmt.Errorf("read the own identity: %w", err)
	}
	if s.blind {
		if p.paths, err = pathrules.Compile([]string{"/"}, nil); err != nil {
			resolver.Close()
			return nil, err
		}
	}
	chroot := cmd.SysProcAttr != nil && cmd.SysProcAttr.Chroot != ""
	c := &confiner{policy: p, backstop: s.backstop(p, cmd.byRoot()), removed: map[string]bool{}, hooks: &s.Hooks, journal: newJournal(s.MaxViolations),
		resolver: resolver, ears: newEars(s.Network), identity: identity, identities: identities{known: map[*tracer.Process]map[uint64]*change.Identity{}}, sameRoot: !chroot}
	c.fake = s.newFaker(c, cmd)
	c.recorder = s.newRecorder(c)
	if c.reader, err = s.newReader(c); err != nil {
		resolver.Close()
		return nil, err
	}
	return c, nil
}

// explainLaunch puts the program into the error of a launch that failed.
func explainLaunch(path string, err error) error {
	var launch *tracer.LaunchError
	if errors.As(err, &launch) {
		return fmt.Errorf("start %s: %w", Printable(path), err)
	}
	return err
}

// handler is the hooks as a handler of the tracer. Hooks that are not set cost
// nothing.
func (h *Hooks) handler() tracer.Handler {
	th := tracer.Handler{Name: "hooks"}
	if h.ChildInitialized != nil {
		th.Born = func(p *tracer.Process) error { return h.ChildInitialized(p.PID()) }
	}
	if h.ChildDied != nil || h.ChildDiedUnexpectedly != nil {
		th.Died = h.died
	}
	return th
}

func (h *Hooks) died(p *tracer.Process, status unix.WaitStatus) error {
	if status.Signaled() && h.ChildDiedUnexpectedly != nil {
		if err := h.ChildDiedUnexpectedly(p.PID()); err != nil {
			return err
		}
	}
	if h.ChildDied != nil {
		return h.ChildDied(p.PID(), status)
	}
	return nil
}
