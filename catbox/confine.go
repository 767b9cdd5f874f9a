package catbox

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// confiner is the handler that holds a run to its policy. It belongs to the
// tracer's thread.
type confiner struct {
	policy   *policy
	backstop *backstop
	removed  map[string]bool // directories of rules that count as removed
	hooks    *Hooks
	journal  *journal
	resolver *resolve.Resolver
	ears     *ears
	fake     *faker    // nil: nothing is faked
	reader   *reader   // nil: everything may be read
	recorder *recorder // nil: nothing is recorded
	sameRoot bool
	stopped  bool // the action Stop ended the run

	identity   *change.Identity // of the tracer
	identities identities       // of threads

	k      call
	change change.Change
	first  place
	second place
	text   [tracer.PathMax]byte
	sock   [maxAddress]byte
}

// place is one path of a call: as passed, and what it means.
type place struct {
	raw  [tracer.PathMax]byte
	path []byte // copy of res.Path, where two places are needed at once
	req  resolve.Request
	res  resolve.Result
}

// errStopped ends a run after a violation with the action Stop.
var errStopped = errors.New("stopped at a violation")

func (c *confiner) handler() tracer.Handler {
	h := tracer.Handler{Name: "confine", Rules: c.rules, Enter: c.enter, Born: noCore, Exec: c.executed, Died: c.died}
	if c.ears != nil {
		h.Exit = c.exit
	}
	return h
}

// executed and died keep what is known of a process up to date.
func (c *confiner) executed(p *tracer.Process) error {
	c.identities.executed(p)
	return nil
}

func (c *confiner) died(p *tracer.Process, _ unix.WaitStatus) error { return c.executed(p) }

// noCore sets the limit of core files of the command, and so of all that it
// starts, to 0: the kernel writes them by itself (core(5)).
func noCore(p *tracer.Process) error {
	if p.Parent() != nil {
		return nil
	}
	// A tracer without CAP_SYS_RESOURCE may not do it to another user.
	if err := unix.Prlimit(p.PID(), unix.RLIMIT_CORE, &unix.Rlimit{}, nil); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("limit core files: %w", err)
	}
	return nil
}

// rules is the Confine column of the table, with three changes: a call that is
// refused with EPERM stops, so that the refusal can be explained; what the
// network rules of the run allow does not stop; and changes of the identity are
// watched where they can succeed.
func (c *confiner) rules(e *sysent.Entry) []sysent.Rule {
	rules := slices.Clone(e.Confine)
	switch {
	case e.ID.Changes() && c.identity.Privileged():
		return []sysent.Rule{{Verb: sysent.Stop}}
	case e.Class == sysent.Net && c.policy.network == NetworkHost && e.Op != sysent.OpBind:
		return nil
	case e.Loopback != nil && c.policy.network == NetworkLoopback:
		rules = slices.Clone(e.Loopback)
	}
	for i := range rules {
		if rules[i].Verb == sysent.Refuse && rules[i].Errno == unix.EPERM {
			rules[i].Verb = sysent.Stop
		}
	}
	return rules
}

// enter decides about one call.
func (c *confiner) enter(s *tracer.Stop) tracer.Verdict {
	k := &c.k
	k.decode(s, s.Call, s.Args)
	if k.entry.Args[1] == sysent.SocketcallArgs {
		if v, done := c.unpack(k); done {
			return v
		}
	}
	if k.refusal() != nil {
		return c.forbidden(k)
	}
	if k.entry.Op.ChangesObject() {
		return c.metadata(k)
	}
	switch k.entry.Class {
	case sysent.Open, sysent.PathWrite, sysent.Owner, sysent.Xattr:
		if k.newPath >= 0 {
			return c.twoPaths(k)
		}
		return c.onePath(k)
	case sysent.Access:
		return c.access(k)
	case sysent.FDMeta:
		return c.descriptor(k)
	case sysent.Net:
		return c.net(k)
	case sysent.Signal:
		return c.signal(k)
	case sysent.ID:
		c.identities.changes(k)
		return tracer.Continue()
	}
	return c.forbidden(k)
}

// forbidden refuses a call that no rule can allow, in the action Report as well:
// it could leave the confinement as a whole.
func (c *confiner) forbidden(k *call) tracer.Verdict {
	return c.refuse(Violation{Call: k.entry.Name, Reason: forbiddenReason(k)}, unix.EPERM, true)
}

func forbiddenReason(k *call) string {
	if rule := k.refusal(); rule != nil {
		switch rule.Why {
		case sysent.OneTracer:
			return "catbox traces all programs here, and a program has one tracer only; run debuggers and strace without catbox"
		case sysent.Untraced:
			return "a process that hides from its tracer is never allowed; for LeakSanitizer set LSAN_OPTIONS=detect_leaks=0"
		}
	}
	switch k.entry.Class {
	case sysent.Mount:
		return "changing what paths mean is never allowed"
	case sysent.Namespace, sysent.Proc:
		return "entering or making a namespace is never allowed"
	case sysent.Trace:
		return "controlling another process is never allowed"
	case sysent.Bypass:
		return "reaching files without a path is never allowed"
	case sysent.Signal:
		return "it reaches all processes of the user and is never allowed"
	case sysent.FDMeta:
		return "this command reaches a terminal or process outside"
	}
	return "it changes the machine and is never allowed"
}

// violate records a violation of the rules and answers what the action says.
func (c *confiner) violate(v Violation, errno unix.Errno) tracer.Verdict {
	return c.refuse(v, errno, false)
}

func (c *confiner) refuse(v Violation, errno unix.Errno, always bool) tracer.Verdict {
	s := c.k.stop
	v.Errno = errno
	v.Allowed = c.policy.action == Report && !always
	v = c.journal.add(v, func() []ProcessInfo { return ancestry(s.Process()) })
	if v.Count == 1 {
		c.recorder.violation(s, &v)
	}
	c.recorder.refused()
	if c.hooks.Violation != nil {
		if err := c.hooks.Violation(v); err != nil {
			s.Abort(err)
		}
	}
	switch {
	case v.Allowed:
		return tracer.Continue()
	case c.policy.action == Stop:
		c.stopped = true
		s.Abort(errStopped)
	}
	return tracer.Deny(errno)
}
