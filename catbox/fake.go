package catbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// faker is the handler that makes programs believe to be root: it records owners,
// modes and devices instead of making them, and shows what it has recorded. It
// belongs to the tracer's thread.
//
// It stands behind the confiner, which decides whether a change is allowed at all
// and, for changes of metadata, calls it with the pinned object.
type faker struct {
	c       *confiner
	hooks   *Hooks
	unknown fakeroot.Unknown
	uid     uint32 // whom the files of the command really belong to

	db    *fakeroot.DB
	store fakeroot.Recorder

	doubtful   map[fakeroot.Key]bool   // loaded, and not yet seen on the file system
	ghosts     map[fakeroot.Key]*ghost // without a name, perhaps still open
	devices    map[uint64]int          // inode numbers of placeholders, and how many have it
	counts     fakeCounts
	fakeStatus bool
	narrow     bool // some process has a umask that takes from the owner

	root    *cred.Cred
	creds   map[*tracer.Process]*cred.Cred // of those that are not root any more
	pending map[uint64]pendingFake         // by Stop.Thread: calls whose end is waited for

	metadata resolve.Metadata

	k      call
	first  place
	second place
	buf    []byte
}

// fakeCounts tells how many records there are of the kinds that cost work.
// special are directories that hand something on to new files in them.
type fakeCounts struct{ xattrs, special, setIDs, capabilities int }

// newFaker makes the handler for one run of s; nil if nothing is faked by it.
func (s *Sandbox) newFaker(c *confiner, cmd *Command) *faker {
	if s.Fakeroot != FakerootFull {
		return nil
	}
	f := &faker{c: c, hooks: &s.Hooks, unknown: s.UnknownOwner, fakeStatus: s.FakeStatus, uid: uint32(os.Geteuid()),
		doubtful: map[fakeroot.Key]bool{}, ghosts: map[fakeroot.Key]*ghost{}, devices: map[uint64]int{},
		root: cred.Root(lastCapability()), creds: map[*tracer.Process]*cred.Cred{}, pending: map[uint64]pendingFake{}}
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Credential != nil {
		f.uid = cmd.SysProcAttr.Credential.Uid
	}
	if f.store = s.Ownership; f.store == nil {
		f.store = fakeroot.New().Recorder()
	}
	f.db = f.store.DB()
	for r := range f.db.All() {
		f.doubtful[r.Key] = true
		f.count(r, 1)
	}
	return f
}

// lastCapability returns the number of the last capability of the kernel.
func lastCapability() int {
	text, err := os.ReadFile("/proc/sys/kernel/cap_last_cap")
	if err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && n < 64 {
			return n
		}
	}
	return unix.CAP_LAST_CAP
}

func (f *faker) handler() tracer.Handler {
	return tracer.Handler{Name: "fakeroot", Rules: f.rules,
		Enter: f.enter, Exit: f.exit, Born: f.born, Exec: f.exec, Died: f.died}
}

// lie is the handler of the cheap kind.
func lie() tracer.Handler { return tracer.Handler{Name: "fakeroot", Rules: (*sysent.Entry).Lie} }

// enter decides about a call that the confiner has let pass.
func (f *faker) enter(s *tracer.Stop) tracer.Verdict {
	k := &f.k
	if !f.decode(k, s) {
		return tracer.Continue()
	}
	switch {
	case k.entry.ID == sysent.Prctl:
		return f.prctl(k)
	case k.entry.ID != sysent.NoID:
		return f.identity(k)
	}
	switch k.entry.Class {
	case sysent.Stat:
		return f.stat(k)
	case sysent.XattrRead:
		return f.readXattr(k)
	}
	switch k.entry.Op {
	case sysent.OpList:
		if len(f.devices) > 0 {
			return tracer.Continue().AtExit()
		}
	case sysent.OpUmask:
		f.narrow = true
	case sysent.OpAccess:
		return f.access(k)
	case sysent.OpOpen:
		if v, done := f.openStatus(k); done {
			return v
		}
		if sysent.Match(k.entry.Confine, &k.args).Stops() {
			return f.creates(k)
		}
	case sysent.OpTruncate:
		return f.empties(k, true)
	case sysent.OpMkdir, sysent.OpMknod, sysent.OpSymlink, sysent.OpBind:
		return f.creates(k)
	case sysent.OpUnlink, sysent.OpRmdir, sysent.OpRename, sysent.OpLink:
		return f.moves(k)
	}
	return tracer.Continue()
}

// exit sees the result of a call.
func (f *faker) exit(s *tracer.Stop) tracer.Verdict {
	switch {
	case s.Call.Class == sysent.Stat:
		f.showStat(s)
	case s.Call.Op == sysent.OpList:
		f.showEntries(s)
	default:
		p, ok := f.pending[s.Thread]
		delete(f.pending, s.Thread)
		if ok && s.Value >= 0 {
			p.done(f, s)
		}
		if err := f.release(p); err != nil {
			s.Abort(err)
		}
	}
	return tracer.Continue()
}

// release ends a call that holds something until it has ended, in whatever way.
func (f *faker) release(p pendingFake) error {
	if m, ok := p.(moved); ok {
		return m.release(f)
	}
	return nil
}

// pendingFake is what is to be recorded when a call has succeeded.
type pendingFake interface {
	done(*faker, *tracer.Stop)
}

// maxPending bounds what is remembered of calls.
const maxPending = 1 << 16

// wait asks for the end of a call.
func (f *faker) wait(s *tracer.Stop, p pendingFake) tracer.Verdict {
	if len(f.pending) >= maxPending { // threads that were killed in their calls
		for _, p := range f.pending {
			if err := f.release(p); err != nil {
				s.Abort(err)
			}
		}
		clear(f.pending)
	}
	f.pending[s.Thread] = p
	return tracer.Continue().AtExit()
}

// put records something. An error ends the run: what is not recorded would be lost.
func (f *faker) put(s *tracer.Stop, r *fakeroot.Record) {
	f.count(f.db.Get(r.Key), -1)
	if err := f.store.Put(r); err != nil {
		s.Abort(fmt.Errorf("record faked ownership: %w", err))
	}
	f.count(r, 1)
}

// drop forgets a record. An error ends the run.
func (f *faker) drop(s *tracer.Stop, key fakeroot.Key) {
	if err := f.forget(key); err != nil {
		s.Abort(err)
	}
}

func (f *faker) forget(key fakeroot.Key) error {
	r := f.db.Get(key)
	if r == nil {
		return nil
	}
	f.count(r, -1)
	delete(f.doubtful, key)
	if err := f.store.Remove(key); err != nil {
		return fmt.Errorf("record faked ownership: %w", err)
	}
	return nil
}

// count keeps the counts when a record comes (by 1) or goes (by -1).
func (f *faker) count(r *fakeroot.Record, by int) {
	if r == nil {
		return
	}
	if len(r.Xattrs) > 0 {
		f.counts.xattrs += by
	}
	if r.Xattrs[capabilityXattr] != nil {
		f.counts.capabilities += by
	}
	if r.Xattrs[attr.DefaultACL] != nil {
		f.counts.special += by
	}
	if r.Has&fakeroot.HasMode == 0 {
		return
	}
	switch {
	case fakeroot.IsDevice(r.Mode):
		f.devices[r.Ino] += by
		if f.devices[r.Ino] == 0 {
			delete(f.devices, r.Ino)
		}
	case r.Mode&unix.S_IFMT == unix.S_IFDIR && r.Mode&unix.S_ISGID != 0:
		f.counts.special += by
	case r.Mode&unix.S_IFMT == unix.S_IFREG && r.Mode&(unix.S_ISUID|unix.S_ISGID) != 0:
		f.counts.setIDs += by
	}
}

// pin opens what the path in argument arg of a call means, or its descriptor. It
// returns -1 where there is nothing, or nothing that can be reached. What the call
// itself has changed or made is reached after it in the same way.
func (f *faker) pin(k *call, p *place) int {
	if k.path >= 0 {
		if _, done := f.c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
			return -1
		}
	} else {
		p.req = f.c.behind(k.stop, k.fd)
	}
	return f.pinRequest(p)
}

func (f *faker) pinRequest(p *place) int {
	fd, err := f.c.resolver.Pin(&p.req, &p.res)
	if err != nil || p.res.Errno != 0 {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		return -1
	}
	return fd
}
