package catbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
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
// since set-id bits count for nothing here (no_new_privs).
type identities struct {
	known map[*tracer.Process]map[uint64]*change.Identity
	count int  // of those that were remembered since known was empty
	execs bool // executed is called; otherwise the kernel is asked for capabilities each time
}

// maxIdentities bounds what is remembered.
const maxIdentities = 4096

// of returns the identity of the thread at its stop.
func (m *identities) of(s *tracer.Stop) (*change.Identity, error) {
	threads := m.known[s.Process()]
	if id := threads[s.Thread]; id != nil {
		if m.execs {
			return id, nil
		}
		if effective, err := change.Effective(s.Tid); err == nil && effective == id.Effective {
			return id, nil
		}
	}
	id, err := identityOf(s.Tid)
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

// forget is for a thread that is about to change its identity.
func (m *identities) forget(s *tracer.Stop) { delete(m.known[s.Process()], s.Thread) }

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
