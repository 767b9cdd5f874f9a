package catbox

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/catbox-go/catbox/catbox/internal/landlock"
)

// Level is how far the kernel itself stands behind the rules of a run, so that
// not even a program that races against the tracer gets past them. It is named
// after the version of Linux that brings it. docs/threat-model.md says what each
// level promises.
type Level uint8

// The levels. Each includes those before it.
const (
	// Level510: the tracer checks each call; the kernel guards nothing by itself.
	// Metadata calls are carried out by the tracer and cannot be raced.
	Level510 Level = iota
	// Level513: the kernel guards creating, removing, renaming, linking and opening
	// for writing (Landlock). Before Linux 5.19 it refuses every rename and link from
	// one directory to another; the tracer carries those out.
	Level513
	// Level62: the kernel guards truncating too.
	Level62
	// Level610: and the commands of devices.
	Level610
	// Level612: and signals and abstract sockets.
	Level612
)

var levelNames = [...]string{"5.10", "5.13", "6.2", "6.10", "6.12"}

// String returns the version of Linux.
func (l Level) String() string { return enumName("Level", int(l), levelNames[:]...) }

// ParseLevel returns the level that a version of Linux gives, such as "6.2": the
// highest one that is not above it.
func ParseLevel(version string) (Level, error) {
	var major, minor int
	if n, err := fmt.Sscanf(version+"\n", "%d.%d\n", &major, &minor); n != 2 || err != nil {
		return 0, fmt.Errorf("level %q is none; the levels are %s", version, strings.Join(levelNames[:], ", "))
	}
	for l := len(levelNames) - 1; l >= 0; l-- {
		var a, b int
		if _, err := fmt.Sscanf(levelNames[l], "%d.%d", &a, &b); err == nil && (major > a || major == a && minor >= b) {
			return Level(l), nil
		}
	}
	return 0, fmt.Errorf("level %q is below the first one, %s", version, levelNames[0])
}

// MachineLevel returns the highest level that a run can have here.
func MachineLevel() Level { return levelOf(landlock.ABI()) }

func levelOf(abi int) Level {
	switch {
	case abi >= landlock.Scope:
		return Level612
	case abi >= landlock.Ioctl:
		return Level610
	case abi >= landlock.Truncate:
		return Level62
	case abi >= landlock.Create:
		return Level513
	}
	return Level510
}

// ErrBelowLevel is the error of a run that would have a lower level than
// Sandbox.Require asks for. Nothing has run then.
var ErrBelowLevel = errors.New("below the required level")

// Assessment says how far the kernel stands behind the rules of one run.
type Assessment struct {
	Level Level
	// Reason says why Level is lower than that of the machine; empty if it is not.
	Reason string
	// Weak are the rules that the kernel knows only roughly: where it allows more
	// than the rule does, the tracer alone holds a program to it.
	Weak []WeakRule
}

// WeakRule is a rule that the kernel cannot hold a program to exactly.
type WeakRule struct {
	Rule string
	// Guarded is the directory that the kernel confines to instead. "/" means
	// that the kernel guards nothing because of this rule.
	Guarded string
	Reason  string
}

// String describes the rule in one line that is safe to print.
func (w WeakRule) String() string {
	return fmt.Sprintf("rule %s (%s): inside %s the tracer alone holds to it", Printable(w.Rule), w.Reason, Printable(w.Guarded))
}

// Assess says how a run with this policy would be guarded here. It runs nothing.
// An error is one of the rules.
func (s *Sandbox) Assess() (Assessment, error) {
	p, err := s.newPolicy(nil)
	if err != nil {
		return Assessment{}, err
	}
	return s.backstop(p, os.Geteuid() == 0).assessment, nil
}
