package catbox

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer"
)

// Violation is a call that the policy refused, or would have refused with
// [Report].
type Violation struct {
	Call      string // name of the system call
	Path      string // the path as the program passed it, or what else it named
	Canonical string // the absolute path it means, without links; empty for no path, cut after 16 KiB
	Address   string // network address: "1.2.3.4:80", "[::1]:80", "/run/socket", "@abstract"
	Reason    string // what about the call was refused, in a few words
	Errno     unix.Errno
	Allowed   bool   // the call ran all the same, because of Report
	Rule      string // the rule for Sandbox.Paths that would allow it, if there is one

	// Processes is the process that made the call, then its parent, up to the
	// command of the run; of more than 32 those before the command are left out.
	// A command line is cut after 8 KiB, that of an ancestor after 512 bytes.
	Processes []ProcessInfo

	Count int // how often it happened
}

// ProcessInfo names a process and the program that it ran.
type ProcessInfo struct {
	PID  int      `json:"pid"`
	Argv []string `json:"argv"`
}

// PID returns the id of the process that made the call.
func (v *Violation) PID() int {
	if len(v.Processes) == 0 {
		return 0
	}
	return v.Processes[0].PID
}

// Target returns what the call was about: the canonical path or the address, or
// else what the program passed.
func (v *Violation) Target() string {
	switch {
	case v.Address != "":
		return v.Address
	case v.Canonical != "":
		return v.Canonical
	}
	return v.Path
}

// String describes the violation in one line that is safe to print.
func (v *Violation) String() string {
	var b strings.Builder
	b.WriteString(v.Call)
	if target := v.Target(); target != "" {
		b.WriteString(" " + Printable(target))
	}
	if v.Canonical != "" && v.Path != v.Canonical {
		b.WriteString(" (passed as " + Printable(v.Path) + ")")
	}
	if v.Reason != "" {
		b.WriteString(": " + v.Reason)
	}
	if len(v.Processes) > 0 {
		b.WriteString(", by " + v.Processes[0].String())
	}
	return b.String()
}

// String returns the command line and the process id.
func (p ProcessInfo) String() string {
	line := "?"
	if len(p.Argv) > 0 {
		words := make([]string, len(p.Argv))
		for i, arg := range p.Argv {
			words[i] = Printable(arg)
		}
		line = strings.Join(words, " ")
	}
	return line + " (pid " + strconv.Itoa(p.PID) + ")"
}

// Printable returns s, or s as a quoted Go string if it holds anything that
// could be mistaken on a terminal or in a list: control characters, invalid
// UTF-8, spaces, quotes, or nothing at all.
func Printable(s string) string {
	plain := s != "" && utf8.ValidString(s)
	for _, r := range s {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == '"' || r == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}

// MarshalJSON encodes the violation as one object. A string that is no valid
// UTF-8, which JSON cannot hold, has its exact bytes in a second member with the
// suffix "_bytes" (base64).
func (v Violation) MarshalJSON() ([]byte, error) {
	exact := func(s string) []byte {
		if utf8.ValidString(s) {
			return nil
		}
		return []byte(s)
	}
	return json.Marshal(struct {
		Call           string        `json:"call"`
		Path           string        `json:"path,omitempty"`
		PathBytes      []byte        `json:"path_bytes,omitempty"`
		Canonical      string        `json:"canonical,omitempty"`
		CanonicalBytes []byte        `json:"canonical_bytes,omitempty"`
		Address        string        `json:"address,omitempty"`
		AddressBytes   []byte        `json:"address_bytes,omitempty"`
		Reason         string        `json:"reason,omitempty"`
		Errno          string        `json:"errno,omitempty"`
		Allowed        bool          `json:"allowed,omitempty"`
		Rule           string        `json:"rule,omitempty"`
		Processes      []ProcessInfo `json:"processes"`
		Count          int           `json:"count"`
	}{v.Call, v.Path, exact(v.Path), v.Canonical, exact(v.Canonical), v.Address, exact(v.Address),
		v.Reason, record.ErrnoName(v.Errno), v.Allowed, v.Rule, v.Processes, v.Count})
}

// Bounds of what is kept of one violation. What a program can make longer than
// this it can also make a thousand times.
const (
	maxCanonical    = 16 << 10
	maxProcesses    = 32
	maxCommand      = 8 << 10 // of the process that made the call
	maxAncestor     = 512     // of each other
	argumentExpense = 16      // of an argument, besides its bytes
)

// ancestry lists the process and its ancestors up to the command.
func ancestry(p *tracer.Process) []ProcessInfo {
	list := []ProcessInfo{{PID: p.PID(), Argv: cutArgv(p.Argv(), maxCommand)}}
	for p = p.Parent(); p != nil; p = p.Parent() {
		if len(list) == maxProcesses-1 && p.Parent() != nil {
			continue // nearly: the command is still to come
		}
		list = append(list, ProcessInfo{PID: p.PID(), Argv: cutArgv(p.Argv(), maxAncestor)})
	}
	return list
}

// cutArgv shortens a command line; an argument that is shortened ends in "...".
func cutArgv(argv []string, most int) []string {
	for i, arg := range argv {
		if most -= argumentExpense + len(arg); most >= 0 {
			continue
		}
		kept := slices.Clone(argv[:i+1])
		kept[i] = strings.Clone(arg[:max(len(arg)+most, 0)]) + "..."
		return kept
	}
	return argv
}

// violationKey is what makes two violations equal.
type violationKey struct{ call, path, canonical, address, reason string }

// journal keeps the violations of a run in order of their first occurrence. Its
// memory is bounded, whatever the program does.
type journal struct {
	max     int
	list    []Violation
	index   map[violationKey]int
	dropped int
}

const defaultMaxViolations = 1000

func newJournal(limit int) *journal {
	if limit <= 0 {
		limit = defaultMaxViolations
	}
	return &journal{max: limit, index: map[violationKey]int{}}
}

// add counts v and returns it with its count. The processes are looked up for
// the first of equal ones only.
func (j *journal) add(v Violation, processes func() []ProcessInfo) Violation {
	key := violationKey{v.Call, v.Path, v.Canonical, v.Address, v.Reason}
	if i, ok := j.index[key]; ok {
		j.list[i].Count++
		return j.list[i]
	}
	v.Count = 1
	v.Processes = processes()
	if len(j.list) == j.max {
		j.dropped++
		return v
	}
	j.index[key] = len(j.list)
	j.list = append(j.list, v)
	return v
}
