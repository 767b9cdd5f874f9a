package catbox

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// moved is a call that takes a name from a file, or gives it another one.
type moved struct {
	proc   *tracer.Process
	lost   []*lost // those from which it takes a name
	source *fakeroot.Record
	path   string // of source afterwards
	linked bool

	whiteout *created // what is left in the place of source (renameat2(2))
}

// lost is an inode that loses a name, perhaps its last one. It stays open until the call
// has ended, so that its number cannot be used again before its record is forgotten.
type lost struct {
	key  fakeroot.Key
	fd   int
	dir  bool
	gone bool // for sure: a directory has one name
}

// moves looks at a call that removes a file or gives it another name.
func (f *faker) moves(k *call) tracer.Verdict {
	if m, ok := f.watchMove(k); ok {
		return f.wait(k.stop, m)
	}
	return tracer.Continue()
}

// watchMove finds out what a call will do to records; ok is false if nothing.
func (f *faker) watchMove(k *call) (m moved, ok bool) {
	if k.entry.Op == sysent.OpLink {
		return moved{linked: true}, len(f.ghosts) > 0
	}
	c := f.cred(k.stop.Process())
	leaves := k.flags&unix.RENAME_WHITEOUT != 0 && (c.UID.FS != 0 || c.GID.FS != 0 || f.counts.special > 0)
	if f.db.Len() == 0 && !leaves {
		return m, false
	}
	m.proc = k.stop.Process()
	first, from := f.recorded(k, &f.first, k.path, k.fd)
	if leaves {
		n := f.created(k, c, from)
		m.whiteout = &n
	}
	if k.newPath < 0 {
		if first != nil {
			m.lose(&f.first, first)
		}
		return m, len(m.lost) > 0
	}
	source := fakeroot.Key{Dev: f.first.res.Dev, Ino: f.first.res.Ino}
	second, path := f.recorded(k, &f.second, k.newPath, k.newFD)
	const exchange = unix.RENAME_EXCHANGE
	if second != nil && second.Key != source && k.flags&exchange == 0 {
		m.lose(&f.second, second)
	}
	m.source, m.path = first, path
	return m, len(m.lost) > 0 || m.source != nil || leaves
}

// recorded returns the record of what a path names, if there is one, and its
// canonical path.
func (f *faker) recorded(k *call, p *place, arg int, fd int32) (*fakeroot.Record, string) {
	p.res.Dev, p.res.Ino = 0, 0
	if _, done := f.c.read(k, p, arg, fd, false, false); done {
		return nil, ""
	}
	p.req.Entry, p.req.Follow = true, false
	if f.c.resolver.Resolve(&p.req, &p.res) != nil || p.res.Errno != 0 {
		return nil, ""
	}
	path := string(p.res.Path)
	if !p.res.Exists {
		return nil, path
	}
	return f.db.Get(fakeroot.Key{Dev: p.res.Dev, Ino: p.res.Ino}), path
}

// lose notes an inode that is about to lose a name.
func (m *moved) lose(p *place, r *fakeroot.Record) {
	fd, err := unix.Open(string(p.res.Path), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || keyOf(&st) != r.Key {
		_ = unix.Close(fd) // it has lost the name to another one
		return
	}
	m.lost = append(m.lost, &lost{key: r.Key, fd: fd, dir: isDir(&p.res)})
}

// release forgets what has lost its last name.
func (m moved) release(f *faker) error {
	var all error
	for _, l := range m.lost {
		var st unix.Stat_t
		r := f.db.Get(l.key)
		if r != nil && (l.gone || unix.Fstat(l.fd, &st) == nil && st.Nlink == 0) {
			if handle := handleOf(l.fd); handle != nil {
				f.haunt(r, handle)
			}
			all = errors.Join(all, f.forget(l.key))
		}
		_ = unix.Close(l.fd)
	}
	return all
}

// done notes what has got another name.
func (m moved) done(f *faker, s *tracer.Stop) {
	if s.Value != 0 {
		return
	}
	for _, l := range m.lost {
		l.gone = l.dir
	}
	if m.source != nil && m.path != "" && f.db.Get(m.source.Key) == m.source {
		r := *m.source
		r.Path = m.path
		f.put(s, &r)
	}
	if m.linked {
		f.link(s)
	}
	if m.whiteout != nil {
		m.whiteout.done(f, s)
	}
}

// link looks whether a new name has been given to a ghost.
func (f *faker) link(s *tracer.Stop) {
	k, p := &f.k, &f.first
	k.decode(s, s.Call, s.Args)
	if _, done := f.c.read(k, p, k.newPath, k.newFD, false, false); done {
		return
	}
	p.req.Entry, p.req.Follow = false, false
	fd := f.pinRequest(p)
	if fd < 0 {
		return
	}
	defer unix.Close(fd)
	_, _ = f.load(s, fd)
}
