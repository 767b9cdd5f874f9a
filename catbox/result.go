package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
)

// Result is how a run ended.
type Result struct {
	PID      int
	ExitCode int         // of the command; -1 if a signal ended it
	Signal   unix.Signal // that ended the command, or 0

	// Violations are what the policy refused, in order of first occurrence;
	// Dropped is how many more there were than Sandbox.MaxViolations.
	Violations []Violation
	Dropped    int

	// Ownership is what is recorded at the end, with FakerootFull.
	Ownership *fakeroot.DB

	// Stopped is set when the action [Stop] ended the run.
	Stopped bool

	// Assessment says how far the kernel stood behind the rules.
	Assessment Assessment

	Usage     Usage  // with Sandbox.MeasureUsage
	Processes int    // that were started
	Stops     uint64 // of all kinds
	Notified  uint64 // of these, those that came by the notify lane of package tracer
	Calls     uint64 // that were checked
}

// Usage is what the command and all it started used.
type Usage = tracer.Usage

// Interrupt is the cause for cancelling a run (context.WithCancelCause) that
// gives the tree the signal first, and kills it only after Sandbox.Grace.
type Interrupt = tracer.Interrupt

// Stall says why a run does not get on, see [Hooks].
type Stall = tracer.Stall

// StallError is the error of a run that was cancelled and did not end, because a
// hook or a kernel call did not return.
type StallError = tracer.StallError

// Refused returns how many calls were violations, equal ones included.
func (r *Result) Refused() int {
	n := r.Dropped
	for i := range r.Violations {
		n += r.Violations[i].Count
	}
	return n
}

func newResult(out *tracer.Outcome, j *journal) *Result {
	r := &Result{PID: out.PID, ExitCode: -1, Violations: j.list, Dropped: j.dropped,
		Usage: out.Usage, Processes: out.Processes, Stops: out.Stops, Notified: out.Notified, Calls: out.Calls}
	if out.Status.Signaled() {
		r.Signal = out.Status.Signal()
	} else {
		r.ExitCode = out.Status.ExitStatus()
	}
	return r
}

// Owner is who a file belongs to.
type Owner struct{ UID, GID uint32 }

// Ownerships returns the owners that are recorded, by the canonical paths at which
// the files were last seen. With records of earlier runs, some may be gone; the
// record itself, by inode, is Result.Ownership.
func (r *Result) Ownerships() map[string]Owner {
	owners := map[string]Owner{}
	for record := range r.Ownership.All() {
		if record.Has&(fakeroot.HasUID|fakeroot.HasGID) != 0 && record.Path != "" {
			owners[record.Path] = Owner{UID: record.UID, GID: record.GID}
		}
	}
	return owners
}

// Modes returns the modes that are recorded (type and permissions, as st_mode), as
// Ownerships does the owners.
func (r *Result) Modes() map[string]uint32 {
	modes := map[string]uint32{}
	for record := range r.Ownership.All() {
		if record.Has&fakeroot.HasMode != 0 && record.Path != "" {
			modes[record.Path] = record.Mode
		}
	}
	return modes
}
