package catbox

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// stat answers a call that reads metadata at its entry. Where the call has an end that is
// seen, that is for what takes the tracer little, and all else is shown at the end.
func (f *faker) stat(k *call) tracer.Verdict {
	m := &f.metadata
	l, ok := k.entry.Stat.Layout(k.stop.Arch)
	if !ok || k.entry.Stat != sysent.Statx && k.stop.Arch != nativeArch {
		return f.later(k)
	}
	const sync = unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC
	const known = unix.AT_SYMLINK_NOFOLLOW | unix.AT_EMPTY_PATH | unix.AT_NO_AUTOMOUNT | sync
	m.Extended = k.entry.Stat == sysent.Statx
	if m.Extended {
		m.Sync, m.Mask = int(k.flags&sync), int(uint32(k.args[statxMask]))
	}
	if k.flags&^uint32(known) != 0 || m.Extended && (m.Mask < 0 || m.Sync == sync) {
		return f.later(k)
	}
	p := &f.first
	if k.path < 0 {
		p.req = f.c.behind(k.stop, k.fd)
	} else if _, done := f.c.read(k, p, k.path, k.fd, k.follows(), k.emptyPath()); done {
		return f.later(k)
	}
	switch errno, ok := f.read(k.stop, p, m); {
	case !ok:
		return f.later(k)
	case errno != 0:
		return tracer.Deny(errno)
	}
	buf := m.Bytes()
	key := fakeroot.Key{Dev: number(buf, l.Dev, l.Split), Ino: number(buf, l.Ino, false)}
	r := f.db.Get(key)
	if f.doubtful[key] || f.ghosts[key] != nil {
		if !k.stop.Notified {
			return f.later(k)
		}
		r = f.lookup(k.stop, key)
	}
	f.alter(buf, &l, r)
	if errno := k.stop.Write(k.word(k.args[k.entry.Arg(sysent.StatBuf)]), buf); errno != 0 {
		return tracer.Deny(errno)
	}
	return tracer.Answer(0)
}

// later leaves a call to the kernel, and what it shows to its end. One of the notify lane
// has none that is seen: such a call fails anyway.
func (f *faker) later(k *call) tracer.Verdict {
	if k.stop.Notified {
		return tracer.Continue()
	}
	return tracer.Continue().AtExit()
}

// read reads the metadata of what a path or a descriptor means, with the rights of the
// thread. ok is false where that is better left to the kernel.
func (f *faker) read(s *tracer.Stop, p *place, m *resolve.Metadata) (errno unix.Errno, ok bool) {
	if f.c.sameRights(s) {
		if errno, ok = f.c.resolver.Stat(&p.req, m); ok {
			return errno, true
		}
	}
	if !s.Notified {
		return 0, false
	}
	err := f.c.asTracee(s, &p.req, func() { errno = f.readPinned(p, m) })
	if err != nil && !errors.As(err, &errno) {
		s.Abort(err)
		return 0, false
	}
	return errno, true
}

func (f *faker) readPinned(p *place, m *resolve.Metadata) unix.Errno {
	fd, err := f.c.resolver.Pin(&p.req, &p.res)
	switch {
	case err != nil:
		return unix.ENOMEM // nothing that a path can be blamed for: no descriptor is left, or the thread is gone
	case p.res.Errno != 0:
		return p.res.Errno
	case fd < 0:
		return unix.ENOENT
	}
	defer unix.Close(fd)
	return m.Of(fd)
}

// statxMask is the argument of statx(2) that says what is wanted.
const statxMask = 3

// showStat changes what a call of the class Stat has written.
func (f *faker) showStat(s *tracer.Stop) {
	if s.Value != 0 {
		return
	}
	l, ok := s.Call.Stat.Layout(s.Arch)
	if !ok {
		return
	}
	addr := word(s, s.Args[s.Call.Arg(sysent.StatBuf)])
	var space [maxStatLayout]byte
	buf := space[:l.Size]
	if s.ReadFull(addr, buf) != 0 {
		return
	}
	key := fakeroot.Key{Dev: number(buf, l.Dev, l.Split), Ino: number(buf, l.Ino, false)}
	if from, to := f.alter(buf, &l, f.lookup(s, key)); from < to {
		_ = s.Write(addr+uint64(from), buf[from:to])
	}
}

// maxStatLayout is the size of the largest layout.
const maxStatLayout = 144

// alter puts what is faked about an inode into a structure, and returns the part
// that it has changed.
func (f *faker) alter(buf []byte, l *sysent.StatLayout, r *fakeroot.Record) (from, to int) {
	old := attr.Attr{Mode: uint32(number(buf, l.Mode, false)), UID: uint32(number(buf, l.UID, false)),
		GID: uint32(number(buf, l.GID, false)), Rdev: number(buf, l.Rdev, l.Split)}
	now := f.show(old, r)
	if now == old {
		return 0, 0
	}
	from, to = len(buf), 0
	put := func(at sysent.Field, v uint64, split bool) {
		putNumber(buf, at, v, split)
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
	return from, to
}

// show puts what is faked about an object in the place of what is real.
func (f *faker) show(a attr.Attr, r *fakeroot.Record) attr.Attr {
	switch f.unknown {
	case fakeroot.UnknownRoot:
		a.UID, a.GID = 0, 0
	case fakeroot.UnknownOwn:
		if a.UID == f.uid {
			a.UID, a.GID = 0, 0
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
		if fakeroot.IsDevice(r.Mode) {
			a.Rdev = r.Rdev
		}
	}
	return a
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
