package tracer

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// Stall says why a run does not get on. See Tracer.Stalled.
type Stall struct {
	Kind StallKind
	Tid  int           // the thread that waits; 0 while the command is being started
	Stop string        // the kind of its stop, with Handling: "seccomp-stop" and the like
	Call string        // the system call of that stop, if it has been read
	In   string        // the system call that the tracer is in, if it is in one
	For  time.Duration // how long it has lasted at least
}

// StallKind is what kind of progress is missing.
type StallKind uint8

// The kinds of stalls.
const (
	Starting StallKind = iota // the command has not been started
	Handling                  // a stop is being handled, by a handler, a hook or the kernel
	Lost                      // a thread is stopped, and its stop has not been reported to the tracer
	Dying                     // a process was killed and has not ended
)

// String describes the stall in one line.
func (s Stall) String() string {
	var text string
	switch s.Kind {
	case Starting:
		text = "the command is being started"
	case Handling:
		text = fmt.Sprintf("tid %d is in its %s", s.Tid, s.Stop)
		if s.Call != "" {
			text += " of " + s.Call
		}
	case Lost:
		text = fmt.Sprintf("tid %d is stopped, and nobody was told", s.Tid)
	case Dying:
		text = fmt.Sprintf("process %d was killed and has not ended", s.Tid)
	}
	if s.In != "" {
		text += ", the tracer in " + s.In
	}
	return text + fmt.Sprintf(", for %v", s.For)
}

// StallError is the error of a run that was cancelled while the tracer's thread
// did not get on, and was abandoned because of that. Its processes are killed or
// stopped; the thread, and with it the call of a handler or hook, may go on and
// then ends what is left.
type StallError struct {
	Cause error // of the cancelled context
	Stall Stall
}

// Error implements error.
func (e *StallError) Error() string {
	return e.Cause.Error() + ", and the run does not end: " + e.Stall.String()
}

// Unwrap returns the cause.
func (e *StallError) Unwrap() error { return e.Cause }

// progress tells other goroutines what the tracer's thread is at, or that of the notify
// lane: three words for each stop, and one more if it is a call.
type progress struct {
	serial uint64        // of the stop; for the thread that is at it
	now    atomic.Uint64 // serial (36 bits), work (4 bits), tid (24 bits)
	by     atomic.Int32  // the thread that is at it: the tracer's, or that of the notify lane
	call   atomic.Uint64 // serial (30 bits), ABI (2 bits), number (32 bits)
}

const (
	tidBits  = 24 // thread ids have 22 at most (PID_MAX_LIMIT)
	workBits = 4

	waiting   = 0               // for the next stop; others are an eventKind and 1
	launching = 1<<workBits - 1 // of the work
)

func (p *progress) begin(by, tid int, work uint64) {
	p.by.Store(int32(by))
	p.serial++
	p.now.Store(p.serial<<(tidBits+workBits) | work<<tidBits | uint64(tid))
}

func (p *progress) end() { p.now.Store(p.serial << (tidBits + workBits)) }

func (p *progress) calls(arch sysent.Arch, number uint32) {
	p.call.Store(p.serial<<34 | uint64(arch)<<32 | uint64(number))
}

// work is a moment of the tracer's thread.
type work uint64

func (w work) kind() uint64   { return uint64(w) >> tidBits & (1<<workBits - 1) }
func (w work) tid() int       { return int(w & (1<<tidBits - 1)) }
func (w work) serial() uint64 { return uint64(w) >> (tidBits + workBits) }

// describe says what the moment is; what it lacks is the thread that waits.
func (p *progress) describe(w work) Stall {
	switch w.kind() {
	case waiting:
		return Stall{Kind: Lost}
	case launching:
		return Stall{Kind: Starting}
	}
	s := Stall{Kind: Handling, Tid: w.tid(), Stop: eventKind(w.kind() - 1).String()}
	const low = 1<<30 - 1
	if call := p.call.Load(); call>>34 == w.serial()&low {
		if e := sysent.Arch(call >> 32 & 3).Lookup(uint32(call)); e != nil {
			s.Call = e.Name
		}
	}
	return s
}
