package tracer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/seccomp"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Tracer is the configuration of runs. The zero value follows the tree and traps
// nothing. A Tracer may be used by several goroutines at once.
type Tracer struct {
	Handlers []Handler // asked in order; at most 64

	// KillOnExit ends what is left when the first process has ended. Without it
	// the run lasts until the last descendant has ended.
	KillOnExit bool

	// Grace is how long the tree may take to end after a signal that came as the
	// cause of a cancelled context, see [Interrupt]; then it is killed.
	Grace time.Duration

	// MeasureUsage fills Outcome.Usage, which makes each stop some percent dearer.
	MeasureUsage bool

	// DropCapabilities lists capabilities (CAP_*) that the command and all it
	// starts never have, whoever runs it.
	DropCapabilities []int

	// Ruleset is a Landlock ruleset that the command enforces on itself before
	// its first instruction, and so on all that it starts (landlock(7)). The
	// tracer stays outside. Nil: none.
	Ruleset *os.File

	// GroupStop, if set, is called when job control has stopped the first
	// process, on the tracer's thread.
	GroupStop func(unix.Signal)

	// Stalled, if set, is called when the run does not get on, once for each
	// thing that holds it up: a handler that blocks, a kernel call of the tracer
	// that does not return, a thread that stays stopped. It runs on a goroutine
	// of its own, at the same time as handlers, and has to return.
	Stalled func(Stall)

	// StallAfter is how long that may take until it is told. Zero means 5
	// seconds. A cancelled run is abandoned after the same time, see [StallError].
	StallAfter time.Duration

	// Log gets one line for each stop at level Debug, and what Stalled is told at
	// level Warn. Nil: none.
	Log *slog.Logger

	polls bool // the notify lane works as before Linux 6.11; for tests
}

// Outcome is how a run ended.
type Outcome struct {
	PID       int             // of the first process
	Status    unix.WaitStatus // of the first process
	Usage     Usage           // with MeasureUsage
	Processes int             // that were started, the first one included
	Stops     uint64          // of all kinds, notifications included
	Notified  uint64          // calls that came by the notify lane
	Calls     uint64          // that handlers decided
}

// Usage is what the whole tree used. A process that nobody waited for and whose
// parent ignored its end is not counted, as with time(1).
type Usage struct {
	User, System time.Duration
	MaxRSS       int64 // bytes, of the largest single process
}

// Interrupt is the cause of a cancelled context (context.WithCancelCause) that
// ends the tree by a signal first, and by SIGKILL only after Tracer.Grace.
type Interrupt struct{ Signal unix.Signal }

// Error implements error.
func (i Interrupt) Error() string { return "interrupted by " + unix.SignalName(i.Signal) }

// ErrKilled is the error of a run that a handler ended with the verdict Kill.
var ErrKilled = errors.New("run ended by a handler")

// Run runs cmd and returns when the last process of its tree has ended. It
// starts a thread of its own; no handler is called after it has returned.
//
// A non-nil error means that the machinery failed, a hook failed, or ctx was
// cancelled (the error is its cause); the tree is gone then as well, but for the
// case of a [StallError]. The Outcome is valid as far as it goes. A [LaunchError]
// means that nothing has run.
func (t *Tracer) Run(ctx context.Context, cmd *Command) (Outcome, error) {
	if err := context.Cause(ctx); err != nil {
		return Outcome{}, err
	}
	r, err := t.newRun(os.Getpid())
	if err != nil {
		return Outcome{}, err
	}
	go onOwnThread(func() { r.main(cmd) })
	defer r.watch(ctx)()
	select {
	case <-r.done:
	case <-ctx.Done():
		if err := r.interrupt(context.Cause(ctx)); err != nil {
			return Outcome{}, err
		}
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	return r.outcome, r.err
}

// onOwnThread calls f on a locked thread that ends with it, that is not the main
// thread, and that has no children. __WNOTHREAD keeps apart the children of
// threads, not of goroutines: a thread that has started a child for os/exec would
// reap it in the run. And the kernel hands children of ended threads to the main
// thread.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() && sys.Childless() {
		f()
		return
	}
	found := make(chan struct{})
	go onOwnThread(func() {
		close(found)
		f()
	})
	<-found // while this goroutine occupies the unfit thread
	runtime.UnlockOSThread()
}

// run is the state of one run. All of it belongs to the thread that holds serving, the
// tracer's or that of the notify lane, except for what is named otherwise.
type run struct {
	*Tracer
	table   table
	mem     sys.Memory
	stop    Stop
	regs    registers
	info    sys.SyscallInfo
	program []bpf.RawInstruction
	// notifying is the program with the notify lane, nil if nobody wants it or it is not
	// possible here.
	notifying []bpf.RawInstruction
	lane      *notifier // nil: none
	chains    *chainIndex
	options   int
	debug     bool
	text      []byte // of the last rewritten string
	kernel    lookups

	ledger   ledger
	root     *Process
	serving  sys.Lock // held while an event is handled
	notified uint64   // calls that came by the notify lane
	usage    usageSum
	dying    bool
	outcome  Outcome
	err      error

	tid      atomic.Int32  // of the tracer's thread
	done     chan struct{} // closed when the thread has finished
	panicked any           // read after done
	progress progress

	mu        sync.Mutex // guards pids and resting
	pids      map[int]struct{}
	resting   map[int]struct{} // threads in a group-stop
	cancelled atomic.Pointer[error]
	killed    atomic.Bool // the whole tree
}

func (t *Tracer) newRun(tgid int) (*run, error) {
	if len(t.Handlers) > 64 {
		return nil, fmt.Errorf("%d handlers, at most 64 are possible", len(t.Handlers))
	}
	r := &run{Tracer: t, table: newTable(), kernel: kernelLookups(), done: make(chan struct{}),
		pids: map[int]struct{}{}, resting: map[int]struct{}{}}
	r.stop.mem, r.stop.abort, r.stop.table = &r.mem, r.fail, &r.table
	r.debug = t.Log != nil && t.Log.Enabled(context.Background(), slog.LevelDebug)
	r.options = seizeOptions
	for i := range t.Handlers {
		if h := &t.Handlers[i]; h.Exec != nil || h.Exit != nil || h.Rewrites {
			r.options |= unix.PTRACE_O_TRACEEXEC
		}
	}
	spec := t.spec().Substitute(tgid)
	r.chains = newChainIndex(&spec)
	if err := r.programs(spec); err != nil {
		return nil, fmt.Errorf("build the filter: %w", err)
	}
	return r, nil
}

// spec merges what the handlers trap: each call has one chain for each handler.
func (t *Tracer) spec() seccomp.Spec {
	spec := seccomp.Spec{Foreign: seccomp.Errno(unix.ENOSYS), Unknown: seccomp.Errno(unix.ENOSYS)}
	for _, arch := range abis() {
		abi := seccomp.ABI{Arch: arch}
		for entry := range sysent.Entries() {
			number, ok := entry.Number(arch)
			if !ok {
				continue
			}
			call := seccomp.Call{Number: number, Chains: make([]seccomp.Chain, len(t.Handlers))}
			for i := range t.Handlers {
				if t.Handlers[i].Rules != nil {
					call.Chains[i] = t.Handlers[i].Rules(entry)
				}
			}
			if arch != abis()[0] { // which would need another shield
				call = call.WithoutNotify()
			}
			abi.Calls = append(abi.Calls, call)
		}
		spec.ABIs = append(spec.ABIs, abi)
	}
	return spec
}

// chainIndex holds the chains of a Spec by ABI and number, so that a stop is
// shown to those handlers only that asked for it.
type chainIndex [sysent.ARM64 + 1][][]seccomp.Chain

func newChainIndex(spec *seccomp.Spec) *chainIndex {
	x := &chainIndex{}
	for _, abi := range spec.ABIs {
		list := &x[abi.Arch]
		for _, call := range abi.Calls {
			for uint32(len(*list)) <= call.Number {
				*list = append(*list, nil)
			}
			(*list)[call.Number] = call.Chains
		}
	}
	return x
}

// chains returns the chain of each handler, nil for an unknown call.
func (x *chainIndex) chains(arch sysent.Arch, number uint32) []seccomp.Chain {
	if list := x[arch]; number < uint32(len(list)) {
		return list[number]
	}
	return nil
}
