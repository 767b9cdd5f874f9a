package catbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/landlock"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/pathrules"
)

// backstop is what the kernel itself is told of a policy: the command enforces it
// on itself, so that what wins a race against the tracer still fails.
type backstop struct {
	abi        int // of Landlock; 0: no backstop
	grants     []landlock.Grant
	limits     landlock.Limits
	assessment Assessment
	err        error // a rule could not be looked at
}

// readDevices are devices that programs command without opening them for writing.
var readDevices = []string{"/dev/random", "/dev/urandom"}

// messageQueues is where the file system of POSIX message queues is mounted. They
// are as native, but Landlock takes a queue that is opened for writing for a file; it
// can be told otherwise only by a directory that the file system has.
const messageQueues = "/dev/mqueue"

// backstop translates the policy. The kernel only knows rights on directories and
// files that are there: a rule that is more than that is given a directory around
// it, and the assessment says so.
//
// root says that the command is run by root.
func (s *Sandbox) backstop(p *policy, root bool) *backstop {
	b := &backstop{abi: landlock.ABI()}
	if s.maxABI != nil {
		b.abi = min(b.abi, *s.maxABI)
	}
	if b.abi > 0 && p.action == Report {
		b.abi, b.assessment.Reason = 0, "what the rules refuse is to run all the same"
	}
	b.assessment.Level = levelOf(b.abi)
	if b.abi == 0 {
		return b
	}
	for _, rule := range s.Paths {
		b.rule(rule)
	}
	for _, rule := range s.DenyPaths {
		b.deny(rule)
	}
	if s.DefaultDevices {
		b.devices(p, root)
	}
	b.grant(messageQueues, landlock.Write)
	b.limits = landlock.Limits{NoTCP: s.Network == NetworkNone, OwnSignals: true, OwnNames: s.Network != NetworkHost}
	return b
}

// ruleset makes the Landlock ruleset, or returns nil where there is none.
func (b *backstop) ruleset() (*os.File, error) {
	if b.err != nil {
		return nil, b.err
	}
	if b.abi == 0 {
		return nil, nil
	}
	return landlock.New(b.abi, b.grants, b.limits)
}

// rule grants what an allow rule allows, or a directory around it.
func (b *backstop) rule(text string) {
	if strings.HasPrefix(text, "~") {
		rule, err := pathrules.Parse(text)
		if err != nil {
			return // newPolicy has reported it
		}
		dir := rule.LiteralPrefix()
		if dir == "" {
			dir = "/"
		}
		b.around(text, dir, "a regular expression")
		return
	}
	path, err := canonicalPrefix(filepath.Clean(text))
	if err != nil {
		b.fail(text, err)
		return
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.around(text, filepath.Dir(path), "it does not exist yet")
	case err != nil: // nothing below it can be reached
	case info.IsDir():
		b.grant(path, landlock.Tree)
	case replaceable(path):
		// Programs do not only write a file, they remove it and make it again.
		b.around(text, filepath.Dir(path), "a file, which can be made anew")
	default:
		b.grant(path, landlock.Write)
	}
}

// fail notes that the ruleset would not be what the rules say.
func (b *backstop) fail(rule string, err error) {
	if b.err == nil {
		b.err = fmt.Errorf("rule %s: %w", Printable(rule), err)
	}
}

// starved reports whether err is about the means of this process rather than about
// what it looked at.
func starved(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}

// replaceable reports whether a file can be removed and made again: its directory
// may be written, and is none of those that only devices lie in.
func replaceable(path string) bool {
	dir := filepath.Dir(path)
	return !within(path, "/dev") && unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK, unix.AT_EACCESS) == nil
}

// within reports whether path is dir or lies below it.
func within(path, dir string) bool {
	return path == dir || dir == "/" || strings.HasPrefix(path, dir+"/")
}

// around grants the nearest directory that exists for a rule that cannot be
// granted itself.
func (b *backstop) around(rule, dir, reason string) {
	for {
		canonical, err := resolve.Canonical(dir, 0, true)
		if starved(err) { // it would be taken for one that does not exist
			b.fail(rule, err)
			return
		}
		if info, statErr := os.Stat(dir); err == nil && statErr == nil && info.IsDir() {
			dir = canonical
			break
		}
		if dir == "/" {
			break
		}
		dir = filepath.Dir(dir)
	}
	b.grant(dir, landlock.Tree)
	b.assessment.Weak = append(b.assessment.Weak, WeakRule{Rule: rule, Guarded: dir, Reason: reason})
	if dir == "/" {
		b.assessment.Level = Level510
		b.assessment.Reason = fmt.Sprintf("the rule %s leaves the kernel nothing to guard", Printable(rule))
	}
}

// deny notes a deny rule inside of what is allowed: the kernel knows no such rule.
func (b *backstop) deny(text string) {
	dir := "/"
	if strings.HasPrefix(text, "~") {
		if rule, err := pathrules.Parse(text); err == nil && rule.LiteralPrefix() != "" {
			dir = rule.LiteralPrefix()
		}
	} else if path, err := canonicalPrefix(filepath.Clean(text)); err == nil {
		dir = path
	}
	for _, g := range b.grants {
		if g.What == landlock.Tree && (within(dir, g.Path) || within(g.Path, dir)) {
			b.assessment.Weak = append(b.assessment.Weak, WeakRule{Rule: text, Guarded: g.Path, Reason: "a deny rule inside of an allowed directory"})
			return
		}
	}
}

// devices grants what DefaultDevices allows to open. The files of a process about
// itself below /proc cannot be told from those of others: root, whom the
// permissions there do not stop, gets none of them.
func (b *backstop) devices(p *policy, root bool) {
	for _, path := range slices.Concat(defaultDevices, p.outputs) {
		b.grant(path, landlock.Write)
	}
	for _, path := range readDevices {
		b.grant(path, landlock.Command)
	}
	if !root {
		b.grant("/proc", landlock.Write)
	}
}

func (b *backstop) grant(path string, what landlock.What) {
	b.grants = append(b.grants, landlock.Grant{Path: path, What: what})
}

// holds reports whether the right to write below a directory that a rule names
// hangs on that very directory: should it be removed and made again, the kernel
// would not know the new one.
func (b *backstop) holds(path string) bool {
	held := false
	for _, g := range b.grants {
		if g.What != landlock.Tree || !within(path, g.Path) {
			continue
		}
		if g.Path != path {
			return false // the directory around it has the right as well
		}
		held = true
	}
	return held
}

// checkLevel is the error of a run that has a lower level than it must have.
func (s *Sandbox) checkLevel(a *Assessment) error {
	if a.Level >= s.Require {
		return nil
	}
	if a.Reason != "" {
		return fmt.Errorf("%w: %v, this run has %v: %s", ErrBelowLevel, s.Require, a.Level, a.Reason)
	}
	return fmt.Errorf("%w: %v, this machine gives %v", ErrBelowLevel, s.Require, a.Level)
}
