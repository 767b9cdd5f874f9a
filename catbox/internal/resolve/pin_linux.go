package resolve

import (
	"golang.org/x/sys/unix"
)

// Pin resolves like Resolve and returns an O_PATH descriptor of the object itself,
// which nobody can exchange any more: the name in res is the one that the object
// behind the descriptor had. Whoever checks that name and then works on the
// descriptor does the right thing, whatever happens to links, directories and the
// memory of the tracee meanwhile. The caller closes the descriptor; it is -1 if
// the walk ended with an errno or the object does not exist.
func (r *Resolver) Pin(req *Request, res *Result) (int, error) {
	*res = Result{}
	if done, err := r.check(req, res); done {
		return -1, err
	}
	if fd, ok := r.pinPlain(req, res); ok {
		r.finish(res)
		return fd, nil
	}
	w := newWalk(r, req, res)
	defer w.close()
	if err := r.exactly(&w, res); err != nil || res.Errno != 0 {
		return -1, err
	}
	return w.take(), nil
}

// Descriptors returns an O_PATH descriptor of the caller's /proc/self/fd, which
// belongs to the Resolver.
func (r *Resolver) Descriptors() int { return r.fds }

// Base opens where the path of req starts: the root, the working directory, or
// DirFD. The caller closes the descriptor.
func (r *Resolver) Base(req *Request) (int, error) {
	w := walk{r: r, req: req, cur: -1, root: -1, obj: -1}
	defer w.close()
	r.rest = append(r.rest[:0], req.Path...)
	if err := w.start(); err != nil {
		return -1, err
	}
	return w.take(), nil
}

// MaySearch returns EACCES if the calling thread may not search the directories on
// the way from base, see Base, to what req names; whatever else goes wrong there is
// no question of permission.
func MaySearch(base int, req *Request) error {
	if len(req.Path) == 0 {
		return nil
	}
	path := append(append(make([]byte, 0, len(req.Path)+2), '.'), 0)
	if req.Path[0] == '/' { // below base, which is the root of the tracee
		path = append(append(append(path[:1], '/'), req.Path...), 0)
	} else {
		path = append(append(path[:0], req.Path...), 0)
	}
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !req.Follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, e := openat(base, path, flags)
	if e == 0 {
		closefd(fd)
	}
	if e == unix.EACCES {
		return e
	}
	return nil
}

// pinPlain opens a path of which no component is a link to follow.
func (r *Resolver) pinPlain(req *Request, res *Result) (int, bool) {
	if !req.SameRoot || r.exact || !r.openat2 || len(req.Path) == 0 || !r.place(req) {
		return -1, false
	}
	fd, e := openat2(unix.AT_FDCWD, r.full, pathFlags, unix.RESOLVE_NO_SYMLINKS)
	if e != 0 {
		return -1, false
	}
	var st unix.Stat_t
	p := split(req.Path)
	if fstatat(fd, empty, &st, unix.AT_EMPTY_PATH) != 0 || st.Mode&unix.S_IFMT == unix.S_IFLNK && follows(req, p) {
		closefd(fd)
		return -1, false
	}
	res.fill(&st)
	r.path = appendClean(append(r.path[:0], r.full[:r.baseEnd]...), req.Path)
	if len(r.path) == 0 {
		r.path = append(r.path, '/')
	}
	res.Path, res.Kind = r.path, Named
	return fd, true
}

// take hands the descriptor of what the walk has reached over, or returns -1.
func (w *walk) take() int {
	from := &w.cur
	switch {
	case w.gone:
		return -1
	case w.obj >= 0:
		from = &w.obj
	}
	fd := *from
	*from = -1
	return fd
}

// PinEntry resolves a directory entry, as calls with Request.Entry mean it, and
// returns an O_PATH descriptor of its directory; the name in it is res.Name. The
// path in res is made of the name that the directory behind the descriptor had and
// that name, whether it exists or not. The caller closes the descriptor; it is -1
// if the walk ended with an errno or the path does not end in a normal name.
func (r *Resolver) PinEntry(req *Request, res *Result) (int, error) {
	*res = Result{}
	if done, err := r.check(req, res); done {
		return -1, err
	}
	w := newWalk(r, req, res)
	defer w.close()
	if err := r.exactly(&w, res); err != nil || res.Errno != 0 || len(w.name) == 0 {
		return -1, err
	}
	name := append(r.next[:0], w.name...) // nameOf uses the other buffers
	r.next = name
	kind, err := r.nameOf(place{fd: w.cur, dir: -1}, req.SameRoot)
	if err != nil {
		return -1, err
	}
	res.Kind, res.Path = kind, nil
	if kind != Unreachable {
		r.path = appendName(r.path, name)
		res.Path, res.Name = r.path, r.path[len(r.path)-len(name):]
	}
	fd := w.cur
	w.cur = -1
	return fd, nil
}
