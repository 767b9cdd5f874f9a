package resolve

import "golang.org/x/sys/unix"

// dirFlags opens a directory as a mere place in the tree.
const dirFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC

// empty is the path of a call on the descriptor itself.
var empty = []byte{0}

// fast tries the roads that rest on a shared root. False means that they do not
// tell, whatever the reason: the exact road answers then.
func (r *Resolver) fast(req *Request, p parts, res *Result) bool {
	if p.last == LastNone {
		return r.fastObject(req, res)
	}
	if !r.place(req) {
		return false
	}
	// The directory of the last component stands between base and dirEnd.
	base := r.full[:r.baseEnd]
	dirEnd := len(base) + 1 + len(p.dir)
	var st unix.Stat_t
	e, ok := r.statPlain(p, dirEnd, base, &st)
	switch {
	case e == unix.ELOOP && r.openat2:
		return r.linked(req, p, dirEnd, res)
	case !ok || e != 0 && e != unix.ENOENT:
		return false
	case e == unix.ENOENT:
	case st.Mode&unix.S_IFMT == unix.S_IFLNK && follows(req, p):
		return r.openat2 && r.linked(req, p, dirEnd, res)
	case st.Mode&unix.S_IFMT != unix.S_IFDIR && p.slash && !req.Entry:
		return false
	}
	if e == 0 {
		res.fill(&st)
	}
	r.path = appendClean(append(r.path[:0], base...), req.Path)
	if len(r.path) == 0 {
		r.path = append(r.path, '/')
	}
	res.Path, res.Kind = r.path, Named
	return true
}

// Plain returns the canonical path of req if no component of it, the last one
// included, is a symbolic link. It costs one call more than nothing and does not
// tell whether the object exists: where a component is missing or no directory,
// the kernel's walk ends without an effect, and the path is what it would have
// been. False means that only Resolve can tell. The path lives until the next
// call.
func (r *Resolver) Plain(req *Request) ([]byte, bool) {
	if !req.SameRoot || r.exact || !r.openat2 || len(req.Path) == 0 || len(req.Path) >= pathMax || !r.place(req) {
		return nil, false
	}
	// O_DIRECTORY makes the call end without a descriptor for most objects.
	switch fd, e := openat2(unix.AT_FDCWD, r.full, dirFlags, unix.RESOLVE_NO_SYMLINKS); e {
	case 0:
		closefd(fd)
	case unix.ENOENT, unix.ENOTDIR:
	default:
		return nil, false
	}
	r.path = appendClean(append(r.path[:0], r.full[:r.baseEnd]...), req.Path)
	if len(r.path) == 0 {
		r.path = append(r.path, '/')
	}
	return r.path, true
}

// place puts the absolute form of req.Path with its NUL into r.full. Its first
// r.baseEnd bytes are the directory that a relative path starts from.
func (r *Resolver) place(req *Request) bool {
	var base []byte
	if req.Path[0] != '/' {
		var ok bool
		if base, ok = r.base(req); !ok {
			return false
		}
	}
	return r.placeAt(req, base)
}

// placeAt is place for a path that starts from base.
func (r *Resolver) placeAt(req *Request, base []byte) bool {
	if len(base) == 1 {
		base = base[:0] // the root
	}
	r.baseEnd = len(base)
	r.full = append(append(append(append(r.full[:0], base...), '/'), req.Path...), 0)
	return len(r.full) <= pathMax
}

// follows reports whether a link in the last component is followed. All calls but
// those on an entry follow it for a trailing slash (path_resolution(7)).
func follows(req *Request, p parts) bool {
	return !req.Entry && (req.Follow || p.slash)
}

// base reads the name of the directory that relative paths start from. It is a
// canonical name, since the kernel makes it from its own tree.
func (r *Resolver) base(req *Request) ([]byte, bool) {
	n, e := readlinkat(r.proc, r.baseKey(req), r.text)
	if e != 0 || n >= len(r.text) || n == 0 {
		return nil, false
	}
	text := r.text[:n]
	return text, text[0] == '/' && !isDeleted(text)
}

// statPlain stats the last component of r.full if no component before it is a
// symbolic link. The errno is that of the step that failed; ok means that an
// ENOENT is that of the last component.
func (r *Resolver) statPlain(p parts, dirEnd int, base []byte, st *unix.Stat_t) (e unix.Errno, ok bool) {
	if p.last == LastNormal && dirEnd == len(base)+1 {
		// A bare name below a canonical directory has nothing to prove.
		return r.statLast(unix.AT_FDCWD, r.full[:dirEnd+len(p.name)+1], st), true
	}
	if !r.openat2 {
		return unix.ENOSYS, false
	}
	dir, e := r.openDir(dirEnd, unix.RESOLVE_NO_SYMLINKS)
	if e != 0 {
		return e, false
	}
	defer closefd(dir)
	if p.last != LastNormal {
		return fstatat(dir, empty, st, unix.AT_EMPTY_PATH), true
	}
	return r.statLast(dir, r.full[dirEnd:dirEnd+len(p.name)+1], st), true
}

// openDir opens the first end bytes of r.full, a directory.
func (r *Resolver) openDir(end int, resolve uint64) (int, unix.Errno) {
	if r.full[end] == 0 {
		return openat2(unix.AT_FDCWD, r.full, dirFlags, resolve)
	}
	// What stands before a last component ends in a slash, whose place the NUL takes;
	// a single slash is the root.
	if end == 1 {
		return openat2(r.root, []byte{'.', 0}, dirFlags, resolve)
	}
	kept := r.full[end-1]
	r.full[end-1] = 0
	fd, e := openat2(unix.AT_FDCWD, r.full[:end], dirFlags, resolve)
	r.full[end-1] = kept
	return fd, e
}

// statLast stats name, whose last byte gives way to a NUL for the call.
func (r *Resolver) statLast(dir int, name []byte, st *unix.Stat_t) unix.Errno {
	end := len(name) - 1
	kept := name[end]
	name[end] = 0
	e := fstatat(dir, name, st, unix.AT_SYMLINK_NOFOLLOW)
	name[end] = kept
	return e
}

// linked lets the kernel follow ordinary links. Links whose meaning depends on
// the reader live in procfs only: RESOLVE_NO_MAGICLINKS refuses the magic ones,
// and whoever went in by "self" and came out by ".." stands where the tracee
// would. What ends inside of procfs is left to the exact road.
func (r *Resolver) linked(req *Request, p parts, dirEnd int, res *Result) bool {
	if p.last != LastNormal {
		fd, e := openat2(unix.AT_FDCWD, r.full, dirFlags, unix.RESOLVE_NO_MAGICLINKS)
		return e == 0 && r.linkedObject(fd, res)
	}
	dir, e := r.openDir(dirEnd, unix.RESOLVE_NO_MAGICLINKS)
	if e != 0 {
		return false
	}
	defer closefd(dir)
	var st unix.Stat_t
	e = r.statLast(dir, r.full[dirEnd:dirEnd+len(p.name)+1], &st)
	if e != 0 && e != unix.ENOENT {
		return false
	}
	mode := st.Mode & unix.S_IFMT
	switch {
	case e == 0 && mode == unix.S_IFLNK && follows(req, p):
		fd, e := openat2(unix.AT_FDCWD, r.full, unix.O_PATH|unix.O_CLOEXEC, unix.RESOLVE_NO_MAGICLINKS)
		return e == 0 && r.linkedObject(fd, res)
	case e == 0 && mode != unix.S_IFDIR && p.slash && !req.Entry:
		return false
	}
	text, ok := r.linkedName(dir)
	if !ok {
		return false
	}
	if e == 0 {
		res.fill(&st)
	}
	r.path = appendName(append(r.path[:0], text...), p.name)
	res.Path, res.Kind = r.path, Named
	return true
}

// linkedObject fills res with what fd refers to and closes fd.
func (r *Resolver) linkedObject(fd int, res *Result) bool {
	defer closefd(fd)
	var st unix.Stat_t
	if e := fstatat(fd, empty, &st, unix.AT_EMPTY_PATH); e != 0 {
		return false
	}
	text, ok := r.linkedName(fd)
	if !ok {
		return false
	}
	res.fill(&st)
	r.path = append(r.path[:0], text...)
	res.Path, res.Kind = r.path, Named
	return true
}

// linkedName reads the name of fd, unless it lies in procfs or might be lost.
func (r *Resolver) linkedName(fd int) ([]byte, bool) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil || fs.Type == unix.PROC_SUPER_MAGIC {
		return nil, false
	}
	text, e := r.readName(fd)
	return text, e == 0 && text[0] == '/' && !isDeleted(text)
}

// fastObject fills res with what an empty path names.
func (r *Resolver) fastObject(req *Request, res *Result) bool {
	n, e := readlinkat(r.proc, r.baseKey(req), r.text)
	if e != 0 || n == 0 || n >= len(r.text) {
		return false
	}
	text := r.text[:n]
	var st unix.Stat_t
	if e := fstatat(r.proc, r.key, &st, 0); e != 0 || isDeleted(text) || text[0] == '/' && st.Nlink == 0 {
		return false
	}
	res.fill(&st)
	r.path = append(r.path[:0], text...)
	res.Path, res.Kind = r.path, Named
	if text[0] != '/' {
		res.Kind = Anonymous
	}
	return true
}
