package resolve

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// answer is an errno that the kernel's own walk would end with, as opposed to a
// failure of looking.
type answer unix.Errno

// Error returns the text of the errno.
func (a answer) Error() string { return unix.Errno(a).Error() }

// fault sorts an errno of opening a component: what concerns the path is the
// answer, what concerns the caller's own means is a failure.
func fault(op string, e unix.Errno) error {
	switch e {
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.EPERM, unix.ENOSYS, unix.EBADF, unix.EFAULT:
		return fmt.Errorf("%s: %w", op, e)
	}
	return answer(e)
}

// walk is one walk along the exact road. Its descriptors are its own.
type walk struct {
	r     *Resolver
	req   *Request
	cur   int // the directory reached
	root  int // the root of the tracee, once it is needed
	obj   int // the object of a last component, or -1
	name  []byte
	links int
	slash bool // a last component had a slash behind it
	gone  bool // the last component is missing from cur

	rootSt unix.Statx_t
}

// close releases the descriptors of w.
func (w *walk) close() {
	for _, fd := range []int{w.cur, w.root, w.obj} {
		if fd >= 0 {
			closefd(fd)
		}
	}
}

// move makes fd the directory reached.
func (w *walk) move(fd int) {
	if w.cur >= 0 {
		closefd(w.cur)
	}
	w.cur = fd
}

// run walks and fills res.
func (w *walk) run(res *Result) error {
	r := w.r
	r.rest = append(r.rest[:0], w.req.Path...)
	if err := w.start(); err != nil {
		return err
	}
	for rest := r.rest; ; {
		name, tail, slash := cut(rest)
		var err error
		switch {
		case len(name) == 0:
			return w.arrive(res)
		case isDot(name):
			err = w.search()
		case isDotDot(name):
			err = w.up()
		case len(tail) == 0:
			tail, err = w.final(name, slash)
		default:
			tail, err = w.enter(name, tail)
		}
		if err != nil {
			return err
		}
		rest = tail
	}
}

// start opens where the path starts.
func (w *walk) start() error {
	if len(w.r.rest) > 0 && w.r.rest[0] == '/' {
		return w.toRoot()
	}
	flags := unix.O_PATH | unix.O_CLOEXEC
	key := w.r.baseKey(w.req)
	fd, e := openat(w.r.proc, key, flags)
	if e == 0 {
		w.move(fd)
		return nil
	}
	return w.lost(key, e)
}

// lost explains why a magic link of the tracee does not open: a bad descriptor is
// the tracee's error, everything else is ours.
func (w *walk) lost(key []byte, e unix.Errno) error {
	op := "open /proc/" + string(key[:len(key)-1])
	if e != unix.ENOENT && e != unix.ESRCH {
		return fmt.Errorf("%s: %w", op, e)
	}
	var st unix.Stat_t
	alive := fstatat(w.r.proc, w.r.procKey(w.req.tid(), ""), &st, 0) == 0
	if alive && e == unix.ENOENT && w.req.DirFD != unix.AT_FDCWD {
		return answer(unix.EBADF)
	}
	return fmt.Errorf("%s: %w", op, unix.ESRCH)
}

// openRoot opens the root of the tracee, once for each walk.
func (w *walk) openRoot() error {
	if w.root >= 0 {
		return nil
	}
	var fd int
	var e unix.Errno
	if w.req.SameRoot {
		fd, e = openat(w.r.root, []byte{'.', 0}, dirFlags)
	} else {
		fd, e = openat(w.r.proc, w.r.procKey(w.req.tid(), "root"), dirFlags)
	}
	switch e {
	case 0:
		w.root = fd
	case unix.ENOENT, unix.ESRCH:
		return fmt.Errorf("open root of thread %d: %w", w.req.Tid, unix.ESRCH)
	default:
		return fmt.Errorf("open root of thread %d: %w", w.req.Tid, e)
	}
	if e := statx(w.root, empty, unix.AT_EMPTY_PATH, &w.rootSt); e != 0 {
		return fmt.Errorf("stat root of thread %d: %w", w.req.Tid, e)
	}
	return nil
}

// toRoot goes to the root of the tracee.
func (w *walk) toRoot() error {
	if err := w.openRoot(); err != nil {
		return err
	}
	fd, err := unix.FcntlInt(uintptr(w.root), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("duplicate root: %w", err)
	}
	w.move(fd)
	return nil
}

// search asks for what "." asks: that cur is a directory which may be searched.
func (w *walk) search() error {
	fd, e := openat(w.cur, []byte{'.', 0}, dirFlags)
	if e != 0 {
		return fault("open directory", e)
	}
	closefd(fd)
	return nil
}

// up goes to the parent, but never above the root of the tracee.
func (w *walk) up() error {
	if err := w.openRoot(); err != nil {
		return err
	}
	var st unix.Statx_t
	if e := statx(w.cur, empty, unix.AT_EMPTY_PATH, &st); e != 0 {
		return fault("stat directory", e)
	}
	if same(&st, &w.rootSt) && st.Mnt_id == w.rootSt.Mnt_id {
		return w.search()
	}
	fd, e := openat(w.cur, []byte{'.', '.', 0}, dirFlags)
	if e != 0 {
		return fault("open parent", e)
	}
	w.move(fd)
	return nil
}

// enter goes into name, which is not the last component, and returns what is left
// of the path.
func (w *walk) enter(name, tail []byte) ([]byte, error) {
	fd, e := openat(w.cur, w.r.cstr(name), pathFlags|unix.O_DIRECTORY)
	if e == 0 {
		w.move(fd)
		return tail, nil
	}
	if e != unix.ENOTDIR {
		return nil, fault("open component", e)
	}
	fd, e = openat(w.cur, w.r.comp, pathFlags)
	if e != 0 {
		return nil, fault("open component", e)
	}
	var st unix.Stat_t
	if e := fstatat(fd, empty, &st, unix.AT_EMPTY_PATH); e != 0 {
		closefd(fd)
		return nil, fault("stat component", e)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
	case unix.S_IFDIR: // it has just taken the place of something else
		w.move(fd)
		return tail, nil
	default:
		closefd(fd)
		return nil, answer(unix.ENOTDIR)
	}
	defer closefd(fd)
	return w.follow(fd, name, tail)
}

// final takes the last component: it goes on if that is a link to follow.
func (w *walk) final(name []byte, slash bool) ([]byte, error) {
	w.slash = w.slash || slash
	w.name = name
	fd, e := openat(w.cur, w.r.cstr(name), pathFlags)
	if e == unix.ENOENT {
		w.gone = true
		return nil, nil
	}
	if e != 0 {
		return nil, fault("open component", e)
	}
	var st unix.Stat_t
	if e := fstatat(fd, empty, &st, unix.AT_EMPTY_PATH); e != 0 {
		closefd(fd)
		return nil, fault("stat component", e)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK || w.req.Entry || !w.req.Follow && !w.slash {
		w.obj = fd
		return nil, nil
	}
	defer closefd(fd)
	return w.follow(fd, name, nil)
}

// arrive fills res with what the walk has reached.
func (w *walk) arrive(res *Result) error {
	r := w.r
	if w.gone {
		return w.arriveMissing(res)
	}
	at := place{fd: w.cur, dir: -1}
	if w.obj >= 0 {
		at = place{fd: w.obj, dir: w.cur, name: w.name}
	}
	var st unix.Stat_t
	if e := fstatat(at.fd, empty, &st, unix.AT_EMPTY_PATH); e != 0 {
		return fault("stat object", e)
	}
	if w.slash && !w.req.Entry && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return answer(unix.ENOTDIR)
	}
	kind, err := r.nameOf(at, w.req.SameRoot)
	if err != nil {
		return err
	}
	res.fill(&st)
	res.Kind = kind
	if kind != Unreachable && len(r.path) > 0 {
		res.Path = r.path
	}
	return nil
}

// arriveMissing fills res with what would be created in cur.
func (w *walk) arriveMissing(res *Result) error {
	kind, err := w.r.nameOf(place{fd: w.cur, dir: -1}, w.req.SameRoot)
	switch {
	case err != nil:
		return err
	case kind == Unlinked:
		return answer(unix.ENOENT) // nothing can be created in a dead directory
	}
	res.Kind, res.TrailingSlash = kind, w.slash
	if kind != Unreachable {
		w.r.path = appendName(w.r.path, w.name)
		res.Path = w.r.path
	}
	return nil
}
