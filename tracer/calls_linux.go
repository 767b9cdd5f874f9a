package tracer

import (
	"math/bits"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// enter handles a seccomp-stop: it asks the handlers and does what they say.
//
// A tracee can add a filter of its own that stops any call (seccomp(2)), so a
// call that no handler asked for simply continues; the kernel runs all filters
// again afterwards.
func (r *run) enter(t *tracee) {
	if e := sys.GetSyscallInfo(t.tid, &r.info); e != 0 {
		r.vanished(t, "read the call", e)
		return
	}
	arch, known := sysent.ArchOf(r.info.Arch)
	if !known || r.info.Op != sys.OpSeccomp {
		r.resume(t, unix.PTRACE_CONT, 0)
		return
	}
	number := uint32(r.info.Number)
	r.progress.calls(arch, number)
	s := r.at(t, arch, arch.Lookup(number), r.info.Args)
	v, interested := r.ask(s, number)
	if r.dying {
		v = Verdict{}
	}
	switch v.kind {
	case verdictAnswer:
		r.answer(t, r.answered(s, interested, v.result))
	case verdictRewrite:
		r.rewrite(t, s, number, v, interested)
	case verdictReplace:
		r.replace(t, s, number, uint32(v.result), interested)
	case verdictRetry:
		r.retry(t, s, number)
	case verdictKill:
		r.fail(ErrKilled)
		r.resume(t, unix.PTRACE_CONT, 0)
	default:
		if interested == 0 {
			r.resume(t, unix.PTRACE_CONT, 0)
			return
		}
		t.call = pending{active: true, handlers: interested, arch: arch, entry: s.Call,
			number: number, args: s.Args, rewrote: -1}
		r.resume(t, unix.PTRACE_SYSCALL, 0)
	}
}

// at fills the Stop of the run with a call of t.
func (r *run) at(t *tracee, arch sysent.Arch, entry *sysent.Entry, args [6]uint64) *Stop {
	s := &r.stop
	s.Tid, s.Thread, s.Arch, s.Call, s.Args, s.Value, s.Notified, s.proc = t.tid, t.serial, arch, entry, args, 0, false, t.proc
	s.mem = &r.mem
	return s
}

// ask collects the verdict and the handlers that want the result.
func (r *run) ask(s *Stop, number uint32) (v Verdict, interested uint64) {
	asked := false
	for i, chain := range r.chains.chains(s.Arch, number) {
		h := &r.Handlers[i]
		if h.Enter == nil || !wants(chain, &s.Args) {
			continue
		}
		asked = true
		v = h.Enter(s)
		if v.atExit {
			interested |= 1 << i
		}
		if v.final() {
			break
		}
	}
	if asked {
		r.outcome.Calls++
	}
	return v, interested
}

// answered shows the answer that a handler gave to those before it that want the
// result of the call.
func (r *run) answered(s *Stop, interested uint64, result int64) int64 {
	if interested == 0 {
		return result
	}
	s.Value = result
	r.show(s, interested)
	return s.Value
}

// answer ends a call at its entry with a result.
func (r *run) answer(t *tracee, result int64) {
	e := r.regs.load(t.tid)
	if e == 0 {
		e = r.regs.skip(t.tid, result)
	}
	if e != 0 {
		r.vanished(t, "write the result of a call", e)
		return
	}
	r.resume(t, unix.PTRACE_CONT, 0)
}

// replace lets the call number with the arguments of s.Replacement run in place
// of the one at the seccomp-stop of t.
func (r *run) replace(t *tracee, s *Stop, was, number uint32, interested uint64) {
	e := r.regs.load(t.tid)
	if e == 0 {
		e = r.regs.replace(t.tid, s.Arch, number, s.Replacement)
	}
	if e != 0 {
		r.vanished(t, "replace a call", e)
		return
	}
	t.call = pending{active: true, handlers: interested, arch: s.Arch, entry: s.Call,
		number: was, args: s.Args, rewrote: -1, replaced: true}
	r.resume(t, unix.PTRACE_SYSCALL, 0)
}

// retryPause is how long a program waits, in milliseconds, before it makes a call
// again.
const retryPause = 5

// retry turns the call at the seccomp-stop of t into one that only waits, or where
// none can without memory gives the processor away. At its end the call is made again.
func (r *run) retry(t *tracee, s *Stop, number uint32) {
	wait, ok := callNumber("poll", s.Arch)
	if !ok {
		wait, ok = callNumber("sched_yield", s.Arch)
	}
	e := unix.ENOSYS
	if ok {
		if e = r.regs.load(t.tid); e == 0 {
			e = r.regs.replace(t.tid, s.Arch, wait, [6]uint64{0, 0, retryPause})
		}
	}
	if e != 0 {
		r.vanished(t, "retry a call", e)
		return
	}
	t.call = pending{active: true, arch: s.Arch, entry: s.Call, number: number, args: s.Args, rewrote: -1, again: true}
	r.resume(t, unix.PTRACE_SYSCALL, 0)
}

// retried handles the end of that waiting. If a signal came, the kernel is told that
// it interrupted the call itself: a handler without SA_RESTART makes it fail then.
func (r *run) retried(t *tracee, call *pending, value int64) unix.Errno {
	if e := r.regs.load(t.tid); e != 0 {
		return e
	}
	if value >= restartFirst && value <= restartLast {
		return r.regs.interrupt(t.tid, call.arch, call.number, call.args)
	}
	return r.regs.rewind(t.tid, call.arch, call.number, call.args)
}

// exit handles the end of a call that somebody waits for.
func (r *run) exit(t *tracee) {
	call := t.call
	t.call = pending{rewrote: -1}
	if !call.active {
		r.resume(t, unix.PTRACE_CONT, 0)
		return
	}
	r.progress.calls(call.arch, call.number)
	if e := sys.GetSyscallInfo(t.tid, &r.info); e != 0 {
		r.vanished(t, "read the result of a call", e)
		return
	}
	if e := r.finish(t, &call, int64(r.info.Number)); e != 0 {
		r.vanished(t, "end a call", e)
		return
	}
	r.resume(t, unix.PTRACE_CONT, 0)
}

// Results between these are no results: the kernel interrupted the call and will
// restart it or turn them into EINTR (kernel include/linux/errno.h).
const (
	restartFirst  = -516
	restartAlways = -513 // ERESTARTNOINTR
	restartLast   = -512 // ERESTARTSYS
)

func (r *run) finish(t *tracee, call *pending, value int64) unix.Errno {
	switch {
	case call.mapping:
		return r.mapped(t, call, value)
	case call.again:
		return r.retried(t, call, value)
	}
	result, changed := value, false
	if value < restartFirst || value > restartLast {
		result, changed = r.report(t, call, value)
	}
	if call.rewrote < 0 && !changed && !call.replaced {
		return 0
	}
	if e := r.regs.load(t.tid); e != 0 {
		return e
	}
	if call.replaced {
		for i, v := range call.args {
			r.regs.restoreArg(call.arch, i, v)
		}
	}
	if call.rewrote >= 0 {
		r.release(t.proc, t.tid)
		r.regs.restoreArg(call.arch, int(call.rewrote), call.args[call.rewrote])
	}
	if changed {
		r.regs.setResult(result)
	}
	return r.regs.store(t.tid)
}

// report shows a result to the handlers that asked for it.
func (r *run) report(t *tracee, call *pending, value int64) (result int64, changed bool) {
	s := r.at(t, call.arch, call.entry, call.args)
	s.Value = value
	changed = r.show(s, call.handlers)
	return s.Value, changed
}

// show shows s.Value to a set of handlers, the first one first, and changes it as
// they say.
func (r *run) show(s *Stop, handlers uint64) (changed bool) {
	for set := handlers; set != 0; set &= set - 1 {
		h := &r.Handlers[bits.TrailingZeros64(set)]
		if h.Exit == nil {
			continue
		}
		if v := h.Exit(s); v.kind == verdictAnswer {
			s.Value, changed = v.result, true
		} else if v.kind == verdictKill {
			r.fail(ErrKilled)
		}
	}
	return changed
}
