package tracer

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/seccomp"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// notifier is the notify lane of a run: a thread that answers the calls for which
// handlers have the verb sysent.Notify.
//
// Such a call waits in the kernel for the listener of the filter (seccomp_unotify(2)),
// and no ptrace request is needed to learn what it is and to let it run. What makes it
// several times cheaper than a ptrace-stop is that both sides are woken on the CPU that
// the other is about to leave.
//
// It serves while it holds run.serving, as the tracer's thread does: handlers are never
// called at the same time.
type notifier struct {
	listener int
	tid      int // of its thread
	started  bool
	mem      *sys.Memory
	polls    bool // a wait does not end by itself when nobody is left
	got      sys.Notification
	done     chan struct{}
}

// notifyPossible reports whether this machine has the notify lane: Linux 6.6. Where a
// signal can make a waiting call fail, it is not used: see run.shield.
func notifyPossible() bool { return shields && kernelSince(6, 6) && sys.NotifySizes() }

// notifyEnds reports whether the kernel ends the wait of a listener that has lost
// everybody: Linux 6.11.
func notifyEnds() bool { return kernelSince(6, 11) }

// kernelSince reports whether the kernel calls itself at least this version.
func kernelSince(major, minor int) bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	var have [2]int
	_, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &have[0], &have[1])
	return err == nil && (have[0] > major || have[0] == major && have[1] >= minor)
}

// reachable reports whether another thread than the tracer's can do what the lane
// needs: take the listener from the process, and read its memory.
func reachable(in *injector) bool {
	const none = 1<<31 - 1
	_, err := sys.TakeDescriptor(in.tid, none)
	return errors.Is(err, unix.EBADF) && in.mem.ByVM(in.tid, in.saved.pc())
}

// install gives the process the filter, with the notify lane if that is possible.
// Memory at at holds the filter.
func (r *run) install(in *injector, at uint64) error {
	if r.notifying != nil && reachable(in) {
		if fd, err := setFilter(in, at, r.notifying, sys.NotifyFlags); err == nil {
			return r.listen(in, int(fd))
		} // a listener of somebody else is there (EBUSY), or somebody refuses one
	}
	// SPEC_ALLOW: without it kernels before 5.16 slow the whole program down by
	// mitigations that an unfiltered one does not have (seccomp(2)).
	_, err := setFilter(in, at, r.program, unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
	return err
}

// listen takes the listener from the process.
func (r *run) listen(in *injector, fd int) error {
	listener, err := sys.TakeDescriptor(in.tid, fd)
	if err != nil {
		return &callError{"pidfd_getfd", "take the listener of the filter", err}
	}
	_ = sys.NotifySync(listener)
	r.lane = &notifier{listener: listener, mem: &r.mem, polls: r.polls || !notifyEnds(), done: make(chan struct{})}
	_, err = in.call("close", uint64(fd))
	return err
}

// start starts the thread of the lane, if there is one. It ends when no process of the run
// is left.
func (l *notifier) start(r *run) {
	if l == nil {
		return
	}
	l.started = true
	go func() {
		runtime.LockOSThread()
		l.tid = unix.Gettid()
		finished := false
		defer func() {
			if p := recover(); p != nil || !finished {
				r.serving.Lock()
				if r.panicked = p; p == nil {
					r.err = errGoexit
				}
				r.dying = true
				r.killAll()
				r.serving.Unlock()
				_ = unix.Close(l.listener) // whoever waits is killed
			}
			close(l.done)
		}()
		l.serve(r)
		finished = true
		_ = unix.Close(l.listener)
	}()
}

// stop waits for the end of the lane, if there is one; all processes are gone.
func (l *notifier) stop() {
	switch {
	case l == nil:
	case l.started:
		<-l.done
	default:
		_ = unix.Close(l.listener)
	}
}

func (l *notifier) serve(r *run) {
	var slice timeslice
	for {
		slice.renew()
		if l.polls && sys.NotifyEnded(l.listener, true) {
			return
		}
		switch e := sys.Receive(l.listener, &l.got); e {
		case 0:
			l.answer(r)
		case unix.EINTR:
		case unix.ENOENT:
			if sys.NotifyEnded(l.listener, false) {
				return
			}
		default:
			r.serving.Lock()
			r.fail(fmt.Errorf("receive a call from the filter: %w", e))
			r.serving.Unlock()
			return
		}
	}
}

// answer decides about the call that was received. If its thread is gone meanwhile,
// nobody gets the answer.
func (l *notifier) answer(r *run) {
	v, result := l.decide(r)
	if v.kind == verdictAnswer {
		_ = sys.Respond(l.listener, l.got.ID, result)
	} else {
		_ = sys.LetRun(l.listener, l.got.ID)
	}
}

// decide asks the handlers. A thread that the tracer is at work with makes no call of
// its own: that runs.
func (l *notifier) decide(r *run) (v Verdict, result int64) {
	r.serving.Lock()
	defer r.serving.Unlock()
	n := &l.got
	t := r.table.byTid[int(n.Tid)]
	arch, known := sysent.ArchOf(n.Arch)
	if t == nil || t.call.active || r.dying || !known {
		return Verdict{}, 0
	}
	r.notified++
	number := uint32(n.Number)
	r.progress.begin(l.tid, t.tid, uint64(evNotified)+1)
	r.progress.calls(arch, number)
	defer r.progress.end()
	s := r.at(t, arch, arch.Lookup(number), n.Args)
	s.Notified, s.mem = true, l
	v, interested := r.ask(s, number)
	t.mayWait = v.waits
	switch {
	case v.kind == verdictAnswer:
		return v, r.answered(s, interested, v.result)
	case v.kind == verdictKill:
		r.fail(ErrKilled)
	case v.kind != verdictContinue || interested != 0:
		r.fail(fmt.Errorf("internal error: a handler asks for more about %s than the notify lane can give", s.Call.Name))
	}
	return v, 0
}

// Read implements memory. The last way to memory, by ptrace, is that of the tracer's
// thread alone, for which this one looks like a thread that is gone.
func (l *notifier) Read(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	n, e := l.mem.Read(tid, addr, buf)
	if e == unix.ESRCH && sys.NotifyValid(l.listener, l.got.ID) {
		e = unix.EPERM
	}
	return n, e
}

// Write implements memory. The thread is not in a stop: if it was killed, the tracer may
// have learned that, and the kernel may have given its id to somebody else.
func (l *notifier) Write(tid int, addr uint64, buf []byte, force bool) unix.Errno {
	if !sys.NotifyValid(l.listener, l.got.ID) {
		return unix.ESRCH
	}
	return l.mem.Write(tid, addr, buf, force)
}

// shield keeps the signal at the signal-delivery-stop of t from making a call fail that
// only waits for the listener. Until the listener has received the call, any signal
// interrupts that wait, and a handler without SA_RESTART would make a stat(2) fail with
// EINTR, which it never does otherwise. The kernel looks at the result after this stop:
// it is told to make the call again in any case (ERESTARTNOINTR).
func (r *run) shield(t *tracee) {
	if r.lane == nil || t.mayWait || r.regs.load(t.tid) != 0 || r.regs.result() != restartLast {
		return
	}
	if sys.GetSyscallInfo(t.tid, &r.info) != 0 {
		return
	}
	arch, known := sysent.ArchOf(r.info.Arch)
	if number, args := r.regs.call(arch); known && r.notifies(arch, number, &args) {
		r.regs.setResult(restartAlways)
		_ = r.regs.store(t.tid) // or it was killed
	}
}

// notifies reports whether the filter hands a call to the listener.
func (r *run) notifies(arch sysent.Arch, number uint32, args *[6]uint64) bool {
	end := false
	for _, chain := range r.chains.chains(arch, number) {
		switch rule := sysent.Match(chain, args); {
		case rule == nil || rule.Verb == sysent.Allow:
		case rule.Verb == sysent.Notify:
			end = true
		default:
			return false
		}
	}
	return end
}

// programs compiles the filter, without the notify lane and, if somebody wants it and
// it is possible, with it.
func (r *run) programs(spec seccomp.Spec) (err error) {
	if r.program, err = spec.WithoutNotify().Compile(); err != nil {
		return err
	}
	if spec.Notifies() && notifyPossible() {
		r.notifying, _ = spec.Compile() // or it is too long
	}
	return nil
}
