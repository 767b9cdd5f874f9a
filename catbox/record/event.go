package record

import "time"

// Version is the version of the records that this package writes and reads.
const Version = 1

// Event is a line of a record: a pointer to one of [Run], [Start], [Exec], [Exit],
// [Files], [Network], [Violation], [Owner], [Hash] and [End].
//
// Strings are what the system gave, which need not be UTF-8; a record keeps their
// exact bytes. Times are durations since Run.Started, on the monotonic clock.
type Event interface {
	// kind is the member "type" of the line.
	kind() string
	// wire returns what encoding/json encodes and decodes.
	wire() wire
}

// Level says what a record holds.
type Level string

// The levels.
const (
	LevelExec  Level = "exec"  // processes and what they executed
	LevelFiles Level = "files" // what was opened and changed as well
	LevelAll   Level = "all"   // and what was only looked at or looked for
)

// Run is the first line: what was run, and how.
type Run struct {
	Version int      `json:"version"`
	Argv    []string `json:"argv"`
	// Commands are all that were run, one after the other, if they are several. Argv is
	// the first of them.
	Commands [][]string `json:"commands,omitempty"`
	Dir      string     `json:"dir"`
	// Search are the directories of PATH in their order, canonical as far as they are
	// there.
	Search  []string          `json:"search,omitempty"`
	Env     []string          `json:"env"`              // names, sorted
	Values  map[string]string `json:"values,omitempty"` // of the environment, if they are wanted
	Kernel  string            `json:"kernel"`
	Catbox  string            `json:"catbox"` // version of catbox
	Policy  Policy            `json:"policy"`
	Level   Level             `json:"level"`
	Started time.Time         `json:"started"`
}

// All returns the commands of the run in their order.
func (r *Run) All() [][]string {
	if len(r.Commands) > 0 {
		return r.Commands
	}
	return [][]string{r.Argv}
}

// Policy is what the run was allowed to do, in the words of the command line.
type Policy struct {
	Paths   []string `json:"paths"`
	Deny    []string `json:"deny,omitempty"`
	Network string   `json:"network"`
	Action  string   `json:"action"`
}

// Start is the birth of a process.
type Start struct {
	ID     int           `json:"id"`     // unique in the run; 1 is the command
	PID    int           `json:"pid"`    // the kernel may give it again
	Parent int           `json:"parent"` // ID of the process that started it, 0 for none
	Time   time.Duration `json:"time"`
}

// Exec is a program that a process has become.
type Exec struct {
	Process      int           `json:"process"`
	Path         string        `json:"path"`           // canonical; that of a script, not of its interpreter
	Name         string        `json:"name,omitempty"` // absolute, as it was passed, if links made it another one
	Argv         []string      `json:"argv"`
	Dir          string        `json:"dir"`
	Interpreters []Interpreter `json:"interpreters,omitempty"` // in the order in which the kernel found them
	Time         time.Duration `json:"time"`
}

// Kinds of interpreters.
const (
	Script = "script" // of a first line that starts with #!
	Loader = "loader" // PT_INTERP of an ELF file
)

// Interpreter is a file that the kernel opened to execute another one.
type Interpreter struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
}

// Status is how a process ended: Code is -1 if a signal ended it.
type Status struct {
	Code   int `json:"code"`
	Signal int `json:"signal,omitempty"`
}

// Exit is the end of a process.
type Exit struct {
	Process int `json:"process"`
	Status
	Time   time.Duration `json:"time"`
	User   time.Duration `json:"user"`   // of processor time, without that of its children
	System time.Duration `json:"system"` // in the kernel
}

// Files is what a process did with some files. There may be several for one process,
// and several of them may name the same path: all count.
type Files struct {
	Process int    `json:"process"`
	Entries []File `json:"entries"`
}

// File is what one process did with one path.
type File struct {
	Path   string
	Ops    Ops
	Errnos []string // of attempts that failed: "ENOENT"
	From   []Other  // what got this name
	To     []Other  // names that it got
	Links  []Other  // symbolic links that were passed on the way here, the first time of each
}

// Other is another canonical path that belongs to an entry, and when it did.
type Other struct {
	Seq  uint64
	Path string
}

// Network is an attempt to reach somebody.
type Network struct {
	Process int    `json:"process"`
	Call    string `json:"call"`
	Address string `json:"address"` // "1.2.3.4:80", "[::1]:80", "/run/socket", "@abstract"
	Errno   string `json:"errno,omitempty"`
	Seq     uint64 `json:"seq"`
}

// Violation is a call that the policy refused, with the members of the file of
// catbox run --violations.
type Violation struct {
	Process   int           `json:"process"`
	Call      string        `json:"call"`
	Path      string        `json:"path,omitempty"`
	Canonical string        `json:"canonical,omitempty"`
	Address   string        `json:"address,omitempty"`
	Reason    string        `json:"reason,omitempty"`
	Errno     string        `json:"errno,omitempty"`
	Allowed   bool          `json:"allowed,omitempty"`
	Rule      string        `json:"rule,omitempty"`
	Processes []ProcessInfo `json:"processes"`
	Count     int           `json:"count"`
}

// ProcessInfo names a process of a Violation.
type ProcessInfo struct {
	PID  int      `json:"pid"`
	Argv []string `json:"argv"`
}

// Target returns what the call was about.
func (v *Violation) Target() string {
	for _, s := range []string{v.Address, v.Canonical} {
		if s != "" {
			return s
		}
	}
	return v.Path
}

// Owner is faked ownership: what a file is pretended to be. What is not pretended is
// not there.
type Owner struct {
	Path string  `json:"path"`
	UID  *uint32 `json:"uid,omitempty"`
	GID  *uint32 `json:"gid,omitempty"`
	Mode *uint32 `json:"mode,omitempty"` // type and permissions, as st_mode
	Rdev *uint64 `json:"rdev,omitempty"`
}

// When a file was hashed.
const (
	Input  = "input"  // when it was first read
	Output = "output" // when everything had ended
)

// Hash is the content of a regular file.
type Hash struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256,omitempty"` // hexadecimal
	Size   int64  `json:"size"`
	When   string `json:"when"`
	Error  string `json:"error,omitempty"` // why there is no sum
}

// End is the last line.
type End struct {
	Complete  bool          `json:"complete"`
	Reasons   []string      `json:"reasons,omitempty"` // why it is not complete
	Status                  // of the command
	Processes int           `json:"processes"`
	Time      time.Duration `json:"time"`
	// Cut is set by the reader where the line was missing.
	Cut bool `json:"-"`
}

func (*Run) kind() string       { return "run" }
func (*Start) kind() string     { return "process" }
func (*Exec) kind() string      { return "exec" }
func (*Exit) kind() string      { return "exit" }
func (*Files) kind() string     { return "files" }
func (*Network) kind() string   { return "network" }
func (*Violation) kind() string { return "violation" }
func (*Owner) kind() string     { return "owner" }
func (*Hash) kind() string      { return "hash" }
func (*End) kind() string       { return "end" }

// newEvent returns an empty event of the kind, or nil if this version knows none.
func newEvent(kind string) Event {
	for _, e := range []Event{&Run{}, &Start{}, &Exec{}, &Exit{}, &Files{}, &Network{}, &Violation{}, &Owner{}, &Hash{}, &End{}} {
		if e.kind() == kind {
			return e
		}
	}
	return nil
}
