package catbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/pathrules"
)

// policy is a Sandbox made ready for one run.
type policy struct {
	network Network
	action  Action
	paths   *pathrules.Set
	devices *pathrules.Set // may be opened for writing, nothing else
	sockets *pathrules.Set // may be connected to
	outputs []string       // files that the caller opened for output
	roots   map[string]bool
	proc    bool // own files below /proc may be opened for writing
}

// Devices that are writable by nature: what is written to them is gone, or goes
// to the terminal of the user.
var defaultDevices = []string{
	"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/pts",
}

// Sockets of the name service. Programs connect to them for every look-up of a
// user or group, and they change nothing.
var defaultSockets = []string{
	"/run/nscd", "/var/run/nscd", "/run/systemd/userdb",
}

// newPolicy compiles the rules. A path rule counts for the place that it leads to
// now; one that denies for the path as written, too.
func (s *Sandbox) newPolicy(stdio []*os.File) (*policy, error) {
	p := &policy{network: s.Network, action: s.OnViolation, proc: s.DefaultDevices, roots: map[string]bool{}}
	allow, err := canonicalRules(s.Paths, false)
	if err != nil {
		return nil, err
	}
	deny, err := canonicalRules(s.DenyPaths, true)
	if err != nil {
		return nil, err
	}
	for _, rule := range allow {
		if !strings.HasPrefix(rule, "~") {
			p.roots[filepath.Clean(rule)] = true
		}
	}
	for _, rule := range deny { // what is denied must not get another name with a directory above it
		for at := filepath.Clean(rule); strings.HasPrefix(at, "/") && at != "/"; at = filepath.Dir(at) {
			p.roots[at] = true
		}
	}
	if p.paths, err = pathrules.Compile(allow, deny); err != nil {
		return nil, err
	}
	if !s.DefaultDevices {
		return p, nil
	}
	p.outputs = outputFiles(stdio)
	if p.devices, err = pathrules.Compile(slices.Concat(p.outputs, defaultDevices), nil); err != nil {
		return nil, err
	}
	sockets, err := canonicalRules(defaultSockets, false)
	if err != nil {
		return nil, err
	}
	p.sockets, err = pathrules.Compile(sockets, nil)
	return p, err
}

// canonicalRules returns, for each path rule, the canonical path it means now, and
// with both the path as written as well.
func canonicalRules(rules []string, both bool) ([]string, error) {
	var all []string
	for _, text := range rules {
		if strings.HasPrefix(text, "~") || !strings.HasPrefix(text, "/") {
			all = append(all, text) // package pathrules explains what is wrong
			continue
		}
		canonical, err := canonicalPrefix(filepath.Clean(text))
		if err != nil {
			return nil, fmt.Errorf("rule %s: %w", Printable(text), err)
		}
		if both || canonical == filepath.Clean(text) {
			all = append(all, text)
		}
		if canonical != filepath.Clean(text) {
			all = append(all, canonical)
		}
	}
	return all, nil
}

// canonicalPrefix resolves the part of a path that exists and keeps the rest.
func canonicalPrefix(path string) (string, error) {
	rest := ""
	for at := path; ; {
		canonical, err := resolve.Canonical(at, 0, true)
		if err == nil {
			return filepath.Join(canonical, rest), nil
		}
		if at == "/" || !errors.Is(err, fs.ErrNotExist) {
			if errors.Is(err, unix.ENOTDIR) || errors.Is(err, fs.ErrPermission) {
				return path, nil // nothing can be below it now
			}
			return "", err
		}
		rest = filepath.Join(filepath.Base(at), rest)
		at = filepath.Dir(at)
	}
}

// outputFiles names the regular files that the caller opened for the output of
// the command: a program may open /dev/stdout again.
func outputFiles(stdio []*os.File) []string {
	var files []string
	for _, f := range stdio {
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_ACCMODE == unix.O_RDONLY {
			continue
		}
		name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err == nil && filepath.IsAbs(name) && !strings.HasSuffix(name, " (deleted)") {
			files = append(files, name)
		}
	}
	return files
}

// ownProcFiles are the files below /proc/PID that a process may write about
// itself: they rate or name it.
var ownProcFiles = [][]byte{
	[]byte("oom_score_adj"), []byte("oom_adj"), []byte("coredump_filter"), []byte("comm"),
}

// ownProc reports whether path is such a file of process pid.
func ownProc(path []byte, pid int) bool {
	rest, ok := bytes.CutPrefix(path, fmt.Appendf(nil, "/proc/%d/", pid))
	if !ok {
		return false
	}
	for _, name := range ownProcFiles {
		if bytes.Equal(rest, name) {
			return true
		}
	}
	task, ok := bytes.CutPrefix(rest, []byte("task/"))
	if !ok {
		return false
	}
	_, file, ok := bytes.Cut(task, []byte("/"))
	return ok && bytes.Equal(file, []byte("comm"))
}
