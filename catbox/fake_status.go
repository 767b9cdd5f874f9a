package catbox

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// With Sandbox.FakeStatus a program that opens /proc/PID/status of a process of the
// run gets a memory file with what the kernel has there, but for the identity.

// maxStatusPath bounds the paths of such files as programs write them; a path is
// the name of the memory file as well (memfd_create(2)).
const maxStatusPath = 200

// rules are those of the table, and all opens with FakeStatus: what they open is
// not to be seen in registers.
func (f *faker) rules(e *sysent.Entry) []sysent.Rule {
	if f.fakeStatus && e.Op == sysent.OpOpen && e.Arg(sysent.OpenFlags) >= 0 {
		return []sysent.Rule{{Verb: sysent.Stop}}
	}
	rules := slices.Clone(e.Fake())
	if answeredAtOnce(e) {
		for i := range rules {
			if rules[i].Verb == sysent.Stop {
				rules[i].Verb = sysent.Notify
			}
		}
	}
	return rules
}

// answeredAtOnce reports whether a call is always answered at its entry, or left to the
// kernel. One that asks about threads by their ids (capget) needs the tracer's own thread.
func answeredAtOnce(e *sysent.Entry) bool {
	switch e.Class {
	case sysent.Stat, sysent.XattrRead:
		return true
	case sysent.ID:
		return e.ID != sysent.CapGet
	}
	return e.Op == sysent.OpAccess
}

// status is a call that opens a memory file in the place of a status file.
type status struct{ text []byte }

// openStatus looks at a call that opens a file for reading; done is set if the file
// is one that is replaced.
func (f *faker) openStatus(k *call) (v tracer.Verdict, done bool) {
	const others = unix.O_PATH | unix.O_CREAT | unix.O_ACCMODE
	if !f.fakeStatus || k.flags&others != unix.O_RDONLY || k.path < 0 {
		return v, false
	}
	p := &f.first
	if _, done := f.c.read(k, p, k.path, k.fd, k.follows(), false); done || len(p.req.Path) > maxStatusPath ||
		!bytes.HasSuffix(p.req.Path, []byte("status")) {
		return v, false
	}
	if f.c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 || !p.res.Exists || p.res.Kind != resolve.Named {
		return v, false
	}
	pid := statusPID(string(p.res.Path))
	proc := k.stop.Find(pid)
	number, ok := sysent.ByName("memfd_create").Number(k.stop.Arch)
	if proc == nil || !ok {
		return v, false
	}
	text, err := os.ReadFile(string(p.res.Path))
	if err != nil {
		return v, false
	}
	k.stop.Replacement = [6]uint64{k.args[k.path]}
	if k.flags&unix.O_CLOEXEC != 0 {
		k.stop.Replacement[1] = unix.MFD_CLOEXEC
	}
	f.pending[k.stop.Thread] = status{fakeStatus(text, f.cred(proc))}
	return tracer.Replace(number).AtExit(), true
}

// statusPID returns the process or thread whose status file has a canonical path,
// or -1.
func statusPID(path string) int {
	rest, ok := strings.CutPrefix(path, "/proc/")
	dir, isStatus := strings.CutSuffix(rest, "/status")
	if !ok || !isStatus {
		return -1
	}
	if _, task, ok := strings.Cut(dir, "/task/"); ok {
		dir = task
	}
	pid, err := strconv.Atoi(dir)
	if err != nil {
		return -1
	}
	return pid
}

// fakeStatus puts an identity into the text of a status file
// (proc_pid_status(5)).
func fakeStatus(text []byte, c *cred.Cred) []byte {
	ids := func(i cred.IDs) string { return fmt.Sprintf("%d\t%d\t%d\t%d", i.Real, i.Effective, i.Saved, i.FS) }
	groups := strings.Trim(fmt.Sprint(c.Groups), "[]") + " " // with a space for no group, too
	set := func(caps uint64) string { return fmt.Sprintf("%016x", caps) }
	values := map[string]string{
		"Uid": ids(c.UID), "Gid": ids(c.GID), "Groups": groups,
		"CapInh": set(c.Caps.Inheritable), "CapPrm": set(c.Caps.Permitted),
		"CapEff": set(c.Caps.Effective), "CapBnd": set(c.Caps.Bounding),
	}
	var out []byte
	for line := range bytes.Lines(text) {
		name, _, _ := bytes.Cut(line, []byte{':'})
		if value, ok := values[string(name)]; ok {
			line = fmt.Appendf(nil, "%s:\t%s\n", name, value)
		}
		out = append(out, line...)
	}
	return out
}

// done fills the memory file.
func (t status) done(_ *faker, s *tracer.Stop) {
	file, err := os.OpenFile(descriptorPath(s.Tid, int(s.Value)), os.O_WRONLY, 0)
	if err != nil {
		s.Abort(fmt.Errorf("show the identity of a process: %w", err))
		return
	}
	_, err = file.Write(t.text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		s.Abort(fmt.Errorf("show the identity of a process: %w", err))
	}
}
