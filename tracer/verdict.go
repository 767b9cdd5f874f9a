package tracer

import (
	"golang.org/x/sys/unix"
)

// Verdict is what happens to a call at its stop. The zero value lets it run.
//
// A Verdict is a value and allocates nothing; its text is used before the next
// stop and not kept.
type Verdict struct {
	kind   verdictKind
	atExit bool
	waits  bool
	arg    uint8
	result int64
	text   []byte
}

type verdictKind uint8

const (
	verdictContinue verdictKind = iota
	verdictAnswer
	verdictRewrite
	verdictReplace
	verdictRetry
	verdictKill
)

// Continue lets the call run, or hands it to the next handler.
func Continue() Verdict { return Verdict{} }

// Deny makes the call fail with errno without running.
func Deny(errno unix.Errno) Verdict {
	return Verdict{kind: verdictAnswer, result: -int64(errno)}
}

// Answer makes the call return value without running. A value between -4095 and
// -1 is an errno.
func Answer(value int64) Verdict { return Verdict{kind: verdictAnswer, result: value} }

// Rewrite lets the call run with argument arg pointing to text, a string of at
// most 4094 bytes that is terminated by a NUL. The string lives in a page of its
// own that the tracee cannot write; the register has its old value again when the
// call ends.
func Rewrite(arg int, text []byte) Verdict {
	return Verdict{kind: verdictRewrite, arg: uint8(arg), text: text}
}

// Replace lets another call run in place of this one, by the number of the call
// in the same ABI and with the arguments that Stop.Replacement holds. The program
// gets its result, and its argument registers have their old values again when it
// ends. The filter sees the new call too: it must allow or stop it.
// It is for calls that the kernel does not restart.
func Replace(number uint32) Verdict {
	return Verdict{kind: verdictReplace, result: int64(number)}
}

// Retry lets the program make the same call again, as soon as others had the
// processor: a call that the handler would carry out if that did not have to wait.
func Retry() Verdict { return Verdict{kind: verdictRetry} }

// Kill ends the whole run.
func Kill() Verdict { return Verdict{kind: verdictKill} }

// AtExit asks for the result: Handler.Exit is called when the call has ended. A
// call that is interrupted and restarted by the kernel is not reported; it stops
// again at its entry.
func (v Verdict) AtExit() Verdict {
	v.atExit = true
	return v
}

// Waits says of a call of the notify lane that it may wait in the kernel, so that a
// signal may rightly end it with EINTR, as the open of a FIFO does.
func (v Verdict) Waits() Verdict {
	v.waits = true
	return v
}

// Continues reports whether the call runs.
func (v Verdict) Continues() bool { return v.kind < verdictRetry && v.kind != verdictAnswer }

// Answers reports whether the call does not run and has this result.
func (v Verdict) Answers(value int64) bool { return v.kind == verdictAnswer && v.result == value }

// final reports whether no further handler is asked.
func (v Verdict) final() bool { return v.kind != verdictContinue }
