package tracer

import (
	"fmt"
)

// ledger counts stops and what became of them. Every stop is resumed exactly
// once, or its tracee is gone when the resume is tried; anything else is a bug
// that would freeze or free a tracee, and ends the run.
type ledger struct {
	stops   uint64
	resumed uint64
	gone    uint64
}

// enter books a stop of t.
func (l *ledger) enter(t *tracee, kind eventKind) error {
	l.stops++
	if t.stopped {
		return fmt.Errorf("internal error: tid %d: %s while its %s was not resumed", t.tid, kind, t.last)
	}
	t.stopped, t.last = true, kind
	return nil
}

// leave books the end of a stop, by a resume or because the tracee is gone.
func (l *ledger) leave(t *tracee, gone bool) error {
	if !t.stopped {
		return fmt.Errorf("internal error: tid %d: resumed twice after its %s", t.tid, t.last)
	}
	t.stopped = false
	if gone {
		l.gone++
	} else {
		l.resumed++
	}
	return nil
}

// check is called when no tracee is left.
func (l *ledger) check() error {
	if l.stops != l.resumed+l.gone {
		return fmt.Errorf("internal error: %d stops, %d resumed, %d gone", l.stops, l.resumed, l.gone)
	}
	return nil
}
