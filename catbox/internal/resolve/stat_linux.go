package resolve

import (
	"golang.org/x/sys/unix"
)

// Metadata is what stat(2) or statx(2) tells about an object.
type Metadata struct {
	// Extended asks for Statx, with the AT_STATX_* flags and the STATX_* mask of the
	// call, in the place of Stat.
	Extended bool
	Sync     int
	Mask     int

	Stat  unix.Stat_t
	Statx unix.Statx_t
}

// Bytes returns the structure that was asked for, as the kernel writes it for the
// ABI of the caller.
func (m *Metadata) Bytes() []byte {
	if m.Extended {
		return statxBytes(&m.Statx)
	}
	return statBytes(&m.Stat)
}

// Of reads the metadata of what a descriptor of the caller stands for.
func (m *Metadata) Of(fd int) unix.Errno { return m.read(fd, empty, unix.AT_EMPTY_PATH) }

func (m *Metadata) mode() uint32 {
	if m.Extended {
		return uint32(m.Statx.Mode)
	}
	return m.Stat.Mode
}

func (m *Metadata) read(dir int, name []byte, flags int) unix.Errno {
	if m.Extended {
		return statxMask(dir, name, flags|m.Sync, m.Mask, &m.Statx)
	}
	return fstatat(dir, name, &m.Stat, flags)
}

// Stat reads the metadata of what req means, with the rights of the caller. It knows
// the easy cases only: a descriptor, and a path of which no component is a symbolic
// link that counts. ok is false for all others. The errno is the kernel's: 0, ENOENT
// or ENOTDIR.
func (r *Resolver) Stat(req *Request, m *Metadata) (e unix.Errno, ok bool) {
	if !req.SameRoot || r.exact || len(req.Path) >= pathMax || hasNUL(req.Path) {
		return 0, false
	}
	if len(req.Path) == 0 {
		if !req.EmptyPath || req.DirFD < 0 {
			return 0, false
		}
		e = m.read(r.proc, r.baseKey(req), 0)
		return 0, e == 0 && m.mode()&unix.S_IFMT != unix.S_IFLNK
	}
	if !r.place(req) {
		return 0, false
	}
	p := split(req.Path)
	e, ok = r.readPlain(p, m)
	switch {
	case !ok:
	case e == 0 && m.mode()&unix.S_IFMT == unix.S_IFLNK:
		ok = !follows(req, p)
	case e == 0 && p.slash && m.mode()&unix.S_IFMT != unix.S_IFDIR:
		e = unix.ENOTDIR
	}
	return e, ok
}

// readPlain reads the metadata of what r.full names. A bare name below a canonical
// directory has nothing to prove; any other path must hold no link before its end.
func (r *Resolver) readPlain(p parts, m *Metadata) (e unix.Errno, ok bool) {
	switch {
	case p.last == LastNormal && len(p.dir) == 0:
		name := r.full[:r.baseEnd+1+len(p.name)+1]
		end := len(name) - 1
		kept := name[end]
		name[end] = 0
		e = m.read(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW)
		name[end] = kept
	case r.openat2:
		var fd int
		if fd, e = openat2(unix.AT_FDCWD, r.full, pathFlags, unix.RESOLVE_NO_SYMLINKS); e == 0 {
			e = m.read(fd, empty, unix.AT_EMPTY_PATH)
			closefd(fd)
		}
	default:
		return 0, false
	}
	return e, e == 0 || e == unix.ENOENT || e == unix.ENOTDIR
}

// Whole returns the absolute form of the path of req as it is written: below the
// canonical name of the directory that a relative one starts from. It lives until the
// next call. ok is false for an empty path and where the name is of no use. from is that
// directory if the path is relative and the caller knows it, or nil.
func (r *Resolver) Whole(req *Request, from []byte) (whole []byte, ok bool) {
	switch {
	case !req.SameRoot || r.exact || len(req.Path) == 0 || hasNUL(req.Path):
	case from != nil:
		ok = r.placeAt(req, from)
	default:
		ok = r.place(req)
	}
	if !ok {
		return nil, false
	}
	return r.full[:len(r.full)-1], true
}

// StatWhole reads the metadata of what Whole has just returned; follow follows a link at
// its end. It is for whoever knows where the path leads.
func (r *Resolver) StatWhole(m *Metadata, follow bool) unix.Errno {
	if follow {
		return m.read(unix.AT_FDCWD, r.full, 0)
	}
	return m.read(unix.AT_FDCWD, r.full, unix.AT_SYMLINK_NOFOLLOW)
}

// Opened returns the name that the kernel has for a descriptor of a thread. It lives
// until the next call.
func (r *Resolver) Opened(tid int, fd int32) ([]byte, unix.Errno) {
	n, e := readlinkat(r.proc, r.baseKey(&Request{Tid: tid, DirFD: fd}), r.text)
	if e != 0 {
		return nil, e
	}
	return r.text[:n], 0
}
