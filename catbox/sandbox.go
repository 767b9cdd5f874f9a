package catbox

import (
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/record"
)

// Sandbox is a policy. The zero value allows nothing. A Sandbox may be used for
// several runs, also at once, but must not be changed meanwhile.
type Sandbox struct {
	// Paths are rules for what may be written: absolute path prefixes, or Perl
	// regular expressions behind a "~" that are searched in the canonical path.
	// DenyPaths are rules of the same form that win over every rule of Paths.
	Paths     []string
	DenyPaths []string

	// ReadPaths and DenyReadPaths are rules of the same form for what may be opened
	// for reading or executed. Without ReadPaths everything may that is not denied.
	// HidePaths are rules for what looks missing (ENOENT) to every call that looks it
	// up by its path, is in no list of a directory (getdents(2)), and is no violation.
	// The command itself is started in any case.
	// With OnlyPaths nothing exists but these canonical paths, the directories above
	// them and what the run makes; one that ends in a slash stands for all below it.
	// What a directory lists is not changed by OnlyPaths.
	// The tracer alone holds to these rules.
	ReadPaths     []string
	DenyReadPaths []string
	HidePaths     []string
	OnlyPaths     []string

	// DefaultDevices allows to open for writing what is writable by nature:
	// /dev/null, zero, full, tty, ptmx, pts/*, an ordinary user's own files below /proc
	// that only name or rate it, and the files that the command was given as
	// standard output or error.
	DefaultDevices bool

	// Network says which addresses may be reached.
	Network Network

	// Fakeroot says whether programs believe to be root. UnknownOwner is how files
	// show of which nothing is recorded.
	// With FakeStatus /proc/PID/status shows faked identities as well, for which
	// each open for reading stops.
	Fakeroot     Fakeroot
	UnknownOwner fakeroot.Unknown
	FakeStatus   bool

	// Ownership is where faked ownership is recorded, for one run at a time.
	// Nil: each run begins with nothing. See Result.Ownership.
	Ownership fakeroot.Recorder

	// Record gets what the run executes, reads, writes and looks for, as far as
	// RecordLevel says (zero: record.LevelFiles). Who made it closes it.
	Record      *record.Writer
	RecordLevel record.Level

	// Progress is counted up while a run is recorded. Nil: nothing is counted.
	Progress *Progress

	// OnViolation says what happens to a call that the policy refuses.
	OnViolation Action

	// KillOnExit ends what is left when the command itself has ended. Without
	// it the run lasts until its last descendant has ended.
	KillOnExit bool

	// MaxViolations bounds how many different violations are kept;
	// zero means 1,000. Equal ones are counted, not repeated.
	MaxViolations int

	// Grace is how long the tree may take to end when the run is cancelled by
	// an [Interrupt]; then it is killed. Zero: it is killed at once.
	Grace time.Duration

	// MeasureUsage fills Result.Usage, which makes each stop some percent dearer.
	MeasureUsage bool

	// Require makes Run fail with ErrBelowLevel, before anything runs, where the
	// kernel does not stand behind the rules at least as far as this level.
	Require Level

	Hooks Hooks

	// StallAfter is how long the run may not get on until Hooks.Stalled is told,
	// and until a cancelled run is abandoned with a [StallError]. Zero means 5
	// seconds.
	StallAfter time.Duration

	// Log gets one line for each stop at level Debug, and one at level Warn when
	// the run does not get on. Nil: none.
	Log *slog.Logger

	// For tests: the newest Landlock to use, and a tracer that allows every path.
	maxABI *int
	blind  bool
}

// Network is what a Sandbox allows of the network.
type Network uint8

// The networks. AF_UNIX sockets to paths inside the allow-list, socket pairs and
// routing look-ups work with each of them.
const (
	NetworkNone     Network = iota // no address at all
	NetworkLoopback                // 127.0.0.0/8 and ::1
	NetworkHost                    // the network of the host, as it is
)

// String returns the word that the command line uses.
func (n Network) String() string {
	return enumName("Network", int(n), "none", "loopback", "host")
}

// Fakeroot says whether programs believe to be root.
type Fakeroot uint8

// The kinds of faked ownership.
const (
	FakerootOff Fakeroot = iota

	// FakerootFull records owners, modes, devices and privileged attributes, and
	// shows what is recorded, to all programs that the run starts.
	FakerootFull

	// FakerootLie answers calls that change owners or identities with success and
	// does nothing, and says that the user is root. It costs nothing. Nothing is
	// recorded, and changes of owners outside the rules are not reported.
	FakerootLie
)

// String returns the word that the command line uses.
func (f Fakeroot) String() string { return enumName("Fakeroot", int(f), "off", "full", "lie") }

// Hidden is a look at a path that is there and looks missing.
type Hidden struct {
	Call      string        // name of the system call
	Path      string        // canonical
	Processes []ProcessInfo // innermost first
}

// Faked is a call that was recorded instead of done.
type Faked struct {
	Call string // name of the system call
	Path string // canonical path
	PID  int

	UID, GID uint32 // what programs see from now on
	Mode     uint32 // type and permissions, as st_mode
	Rdev     uint64 // of a device
}

// Action is what happens to a call that the policy refuses.
type Action uint8

// The actions.
const (
	Deny   Action = iota // the call fails with EACCES, the program goes on
	Report               // the call runs, the violation is recorded
	Stop                 // the call does not run, and the whole tree is killed
)

// String returns the word that the command line uses.
func (a Action) String() string {
	return enumName("Action", int(a), "deny", "log", "stop")
}

func enumName(kind string, v int, names ...string) string {
	if v < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%s(%d)", kind, v)
}

// Hooks are optional functions that are told of a run as it happens. They are
// called one at a time, on the two threads that trace the tree: the tree, or a part
// of it, waits. An error ends the run and is returned by Run. Stalled is the
// exception: it is called on a goroutine of its own, while another hook may run.
type Hooks struct {
	// ChildInitialized is called for each process before its first
	// instruction, the command included.
	ChildInitialized func(pid int) error

	// ChildDied is called when a process has ended, ChildDiedUnexpectedly
	// before it if the process was ended by a signal.
	ChildDied             func(pid int, status unix.WaitStatus) error
	ChildDiedUnexpectedly func(pid int) error

	// Violation is called for each violation, equal ones included, before the
	// program learns of it. Violation.Count is how often it has happened.
	Violation func(Violation) error

	// Hidden is called when a path is looked up that is there, but looks missing by the
	// rules of the Sandbox.
	Hidden func(Hidden) error

	// Made is called with OnlyPaths for each name that the run is about to make, and that
	// is not below another one, by its canonical path. Another run sees what this one has
	// made if its OnlyPaths have the name with a slash behind it.
	Made func(path string) error

	// Faked is called for each call that was recorded instead of done, with
	// FakerootFull.
	Faked func(Faked) error

	// GroupStop is called when job control has stopped the command.
	GroupStop func(unix.Signal)

	// Stalled is called when the run does not get on: a hook blocks, a file
	// system does not answer, a thread stays stopped. It is called once for each
	// such thing and has to return.
	Stalled func(Stall)
}
