package catbox

import (
	"encoding/binary"
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
	gid     uint32

	db    *fakeroot.DB
	store fakeroot.Recorder

	doubtful map[fakeroot.Key]bool   // loaded, and not yet seen on the file system
	ghosts   map[fakeroot.Key]*ghost // without a name, perhaps still open
	devices  map[uint64]int          // inode numbers of placeholders, and how many have it
	counts   fakeCounts
	narrow   bool // some process has a umask that takes from the owner

	root    *cred.Cred
	creds   map[*tracer.Process]*cred.Cred // of those that are not root any more
	pending map[uint64]pendingFake         // by Stop.Thread: calls whose end is waited for

	k      call
	first  place
	second place
	buf    []byte
}

// fakeCounts tells how many records there are of the kinds that cost work.
type fakeCounts struct{ xattrs, setGIDDirs, setIDs int }

// newFaker makes the handler for one run of s; nil if nothing is faked by it.
func (s *Sandbox) newFaker(c *confiner, cmd *Command) *faker {
	if s.Fakeroot != FakerootFull {
		return nil
	}
	f := &faker{c: c, hooks: &s.Hooks, unknown: s.UnknownOwner, uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()),
		doubtful: map[fakeroot.Key]bool{}, ghosts: map[fakeroot.Key]*ghost{}, devices: map[uint64]int{},
		root: cred.Root(lastCapability()), creds: map[*tracer.Process]*cred.Cred{}, pending: map[uint64]pendingFake{}}
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Credential != nil {
		f.uid, f.gid = cmd.SysProcAttr.Credential.Uid, cmd.SysProcAttr.Credential.Gid
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
	return tracer.Handler{Name: "fakeroot", Rules: (*sysent.Entry).Fake,
		Enter: f.enter, Exit: f.exit, Born: f.born, Exec: f.exec, Died: f.died}
}

// lie is the handler of the cheap kind.
func lie() tracer.Handler { return tracer.Handler{Name: "fakeroot", Rules: (*sysent.Entry).Lie} }

// enter decides about a call that the confiner has let pass.
func (f *faker) enter(s *tracer.Stop) tracer.Verdict {
	k := &f.k
	k.decode(s, s.Call, s.Args)
	switch {
	case k.entry.ID == sysent.Prctl:
		return f.prctl(k)
	case k.entry.ID != sysent.NoID:
		return f.identity(k)
	}
	switch k.entry.Class {
	case sysent.Stat:
		return tracer.Continue().AtExit()
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
		f.access(k)
	case sysent.OpOpen, sysent.OpMkdir, sysent.OpMknod, sysent.OpSymlink, sysent.OpBind:
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
	}
	return tracer.Continue()
}

// pendingFake is what is to be recorded when a call has succeeded.
type pendingFake interface {
	done(*faker, *tracer.Stop)
}

// wait asks for the end of a call.
func (f *faker) wait(s *tracer.Stop, p pendingFake) tracer.Verdict {
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

// drop forgets a record.
func (f *faker) drop(s *tracer.Stop, key fakeroot.Key) {
	r := f.db.Get(key)
	if r == nil {
		return
	}
	f.count(r, -1)
	delete(f.doubtful, key)
	if err := f.store.Remove(key); err != nil {
		s.Abort(fmt.Errorf("record faked ownership: %w", err))
	}
}

// count keeps the counts when a record comes (by 1) or goes (by -1).
func (f *faker) count(r *fakeroot.Record, by int) {
	if r == nil {
		return
	}
	if len(r.Xattrs) > 0 {
		f.counts.xattrs += by
	}
	if r.Has&fakeroot.HasMode == 0 {
		return
	}
	switch {
	case isDeviceMode(r.Mode):
		f.devices[r.Ino] += by
		if f.devices[r.Ino] == 0 {
			delete(f.devices, r.Ino)
		}
	case r.Mode&unix.S_IFMT == unix.S_IFDIR && r.Mode&unix.S_ISGID != 0:
		f.counts.setGIDDirs += by
	case r.Mode&unix.S_IFMT == unix.S_IFREG && r.Mode&(unix.S_ISUID|unix.S_ISGID) != 0:
		f.counts.setIDs += by
	}
}

func isDeviceMode(mode uint32) bool {
	return mode&unix.S_IFMT == unix.S_IFBLK || mode&unix.S_IFMT == unix.S_IFCHR
}

// show puts what is faked about an object in the place of what is real.
func (f *faker) show(a attr.Attr, r *fakeroot.Record) attr.Attr {
	switch f.unknown {
	case fakeroot.UnknownRoot:
		a.UID, a.GID = 0, 0
	case fakeroot.UnknownOwn:
		if a.UID == f.uid {
			a.UID = 0
		}
		if a.GID == f.gid {
			a.GID = 0
		}
	}
	if r == nil {
		return a
	}
	if r.Has&fakeroot.HasUID != 0 {
		a.UID = r.UID
	}
	if r.Has&fakeroot.HasGID != 0 {
		a.GID = r.GID
	}
	if r.Has&fakeroot.HasMode != 0 {
		a.Mode = r.Mode
		if isDeviceMode(r.Mode) {
			a.Rdev = r.Rdev
		}
	}
	return a
}

// showStat changes what a call of the class Stat has written.
func (f *faker) showStat(s *tracer.Stop) {
	if s.Value != 0 {
		return
	}
	l, ok := s.Call.Stat.Layout(s.Arch)
	if !ok {
		return
	}
	addr := s.Args[s.Call.Arg(sysent.StatBuf)]
	if s.Arch == sysent.I386 {
		addr &= 0xffffffff
	}
	var buf [144]byte
	if s.ReadFull(addr, buf[:l.Size]) != 0 {
		return
	}
	key := fakeroot.Key{Dev: number(buf[:], l.Dev, l.Split), Ino: number(buf[:], l.Ino, false)}
	old := attr.Attr{Mode: uint32(number(buf[:], l.Mode, false)), UID: uint32(number(buf[:], l.UID, false)),
		GID: uint32(number(buf[:], l.GID, false)), Rdev: number(buf[:], l.Rdev, l.Split)}
	now := f.show(old, f.lookup(s, key))
	if now == old {
		return
	}
	from, to := len(buf), 0
	put := func(at sysent.Field, v uint64, split bool) {
		putNumber(buf[:], at, v, split)
		from, to = min(from, at.At), max(to, at.At+at.Size)
	}
	put(l.UID, clampID(now.UID, l.UID.Size), false)
	put(l.GID, clampID(now.GID, l.GID.Size), false)
	if now.Mode != old.Mode {
		put(l.Mode, uint64(now.Mode), false)
	}
	if now.Rdev != old.Rdev {
		put(l.Rdev, now.Rdev, l.Split)
	}
	_ = s.Write(addr+uint64(from), buf[from:to])
}

// clampID returns an id for a field of size bytes: one that does not fit shows as
// the overflow id, 65534 (kernel include/linux/highuid.h).
func clampID(id uint32, size int) uint64 {
	if size == 2 && id > 0xffff {
		return 65534
	}
	return uint64(id)
}

// number reads a field; a split one is a device number in two halves.
func number(buf []byte, f sysent.Field, split bool) uint64 {
	b := buf[f.At : f.At+f.Size]
	switch {
	case split:
		return unix.Mkdev(binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[4:]))
	case f.Size == 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case f.Size == 4:
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

func putNumber(buf []byte, f sysent.Field, v uint64, split bool) {
	b := buf[f.At : f.At+f.Size]
	switch {
	case split:
		binary.NativeEndian.PutUint32(b, unix.Major(v))
		binary.NativeEndian.PutUint32(b[4:], unix.Minor(v))
	case f.Size == 2:
		binary.NativeEndian.PutUint16(b, uint16(v))
	case f.Size == 4:
		binary.NativeEndian.PutUint32(b, uint32(v))
	default:
		binary.NativeEndian.PutUint64(b, v)
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
		p.req = f.descriptor(k.stop, k.fd)
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

// descriptor is the request for what a descriptor of a thread stands for.
func (f *faker) descriptor(s *tracer.Stop, fd int32) resolve.Request {
	return resolve.Request{Tgid: s.Process().PID(), Tid: s.Tid, DirFD: fd, EmptyPath: true, SameRoot: f.c.sameRoot}
}
