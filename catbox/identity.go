package catbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// asTracee calls f with the rights to files that a thread has. Only the children
// of a privileged tracer can have others than the tracer itself; for them the
// directories on the way to what req names are asked too, since a privileged
// tracer sees through them.
//
// An errno as the error is the answer to the call; f was not called. Any other error
// ends the run: the tracer could not take its own rights back.
func (c *confiner) asTracee(s *tracer.Stop, req *resolve.Request, f func()) error {
	if !c.identity.Privileged() {
		f()
		return nil
	}
	id, err := c.identities.of(s)
	if err != nil {
		return unix.ESRCH // killed: nobody gets the answer
	}
	if id.Same(c.identity) {
		f()
		return nil
	}
	base, err := c.resolver.Base(req)
	if err != nil {
		return unix.EACCES
	}
	defer unix.Close(base)
	var denied error
	err = change.As(c.identity, id, func() {
		if denied = resolve.MaySearch(base, req); denied == nil {
			f()
		}
	})
	if err == nil {
		err = denied
	}
	return err
}

// sameRights reports whether a thread may look at what the tracer may, and at no
// less.
func (c *confiner) sameRights(s *tracer.Stop) bool {
	if !c.identity.Privileged() {
		return true
	}
	id, err := c.identities.of(s)
	return err == nil && id.Same(c.identity)
}

// identities remembers with which rights threads reach files, by Stop.Thread. The
// kernel tells them all by a text only, which takes longer than most of the calls
// that need it.
//
// A thread changes its own identity, by calls that stop and by execve(2). That
// changes capabilities and takes the effective ids for the file system's; nothing else,
// since set-id bits count for nothing here (no_new_privs). A new thread has that of the
// one that started it: until the first call that changes one, the ids of all are those
// of the command.
type identities struct {
	known   map[*tracer.Process]map[uint64]*change.Identity
	count   int              // of those that were remembered since known was empty
	changed bool             // by any thread of the run
	common  *change.Identity // that of a thread, unless changed
}

// maxIdentities bounds what is remembered.
const maxIdentities = 4096

// of returns the identity of the thread at its stop.
func (m *identities) of(s *tracer.Stop) (*change.Identity, error) {
	threads := m.known[s.Process()]
	if id := threads[s.Thread]; id != nil {
		return id, nil
	}
	id, err := m.read(s.Tid)
	if err != nil || id.FSUID != id.EUID || id.FSGID != id.EGID {
		return id, err
	}
	if m.count >= maxIdentities {
		clear(m.known)
		m.count, threads = 0, nil
	}
	if threads == nil {
		threads = map[uint64]*change.Identity{}
		m.known[s.Process()] = threads
	}
	threads[s.Thread] = id
	m.count++
	return id, nil
}

// read asks the kernel, for capabilities only if that is enough.
func (m *identities) read(tid int) (*change.Identity, error) {
	if m.common != nil {
		if effective, err := change.Effective(tid); err == nil && effective == m.common.Effective {
			return m.common, nil
		}
	}
	id, err := identityOf(tid)
	if err == nil && !m.changed {
		m.common = id
	}
	return id, err
}

// changes is for a thread at a call that may change its identity.
func (m *identities) changes(k *call) {
	if !m.keeps(k) {
		delete(m.known[k.stop.Process()], k.stop.Thread)
		m.changed, m.common = true, nil
	}
}

// keeps reports whether the call sets the effective id to what it is and leaves the
// others: make(1) does that in each of its children.
func (m *identities) keeps(k *call) bool {
	if op := k.entry.ID; op != sysent.SetResUID && op != sysent.SetResGID {
		return false
	}
	id, err := m.of(k.stop)
	if err != nil || k.id(k.args[0]) != -1 || k.id(k.args[2]) != -1 {
		return false
	}
	now := id.EUID
	if k.entry.ID == sysent.SetResGID {
		now = id.EGID
	}
	want := k.id(k.args[1])
	return (want == -1 || want == int(now)) && id.FSUID == id.EUID && id.FSGID == id.EGID
}

// executed is for a process that has executed a program, or has ended.
func (m *identities) executed(p *tracer.Process) { delete(m.known, p) }

func identityOf(tid int) (*change.Identity, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if err != nil {
		return nil, err
	}
	return change.ParseStatus(text)
}

// umask returns the file mode creation mask of a thread.
func umask(tid int) (uint32, error) {
	id, err := identityOf(tid)
	if err != nil {
		return 0, err
	}
	return id.Umask, nil
}
