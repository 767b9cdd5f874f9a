package resolve

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// maxDeep bounds, in bytes, the part of a name that lies below PATH_MAX.
const maxDeep = 1 << 20

// deepName names an object that lies too deep for the kernel to name (the text of
// a magic link ends at PATH_MAX): it climbs to the first directory that has a
// name and finds the entries on the way. The result is Unreachable, with an empty
// r.path, if a directory may not be read.
func (r *Resolver) deepName(at place, st *unix.Statx_t, trusted bool) (Kind, error) {
	r.path = r.path[:0]
	var tail []byte // the names found, backwards, each with its slash
	from := at.fd
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		if at.dir < 0 {
			return lonely(st), nil
		}
		tail = appendReversed(tail, at.name)
		from = at.dir
	}
	cur, err := unix.FcntlInt(uintptr(from), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return Unreachable, fmt.Errorf("duplicate directory: %w", err)
	}
	defer func() { closefd(cur) }()
	for len(tail) <= maxDeep {
		text, e := r.readName(cur)
		if e == 0 {
			return r.joinDeep(cur, text, tail, trusted)
		}
		if e != unix.ENAMETOOLONG {
			return Unreachable, fmt.Errorf("read name of directory: %w", e)
		}
		up, e := openat(cur, []byte{'.', '.', 0}, dirFlags)
		if e != 0 {
			return Unreachable, nil
		}
		name, e := entryOf(up, cur)
		closefd(cur)
		cur = up
		if e != 0 {
			return lonely(st), nil
		}
		tail = appendReversed(tail, name)
	}
	return Unreachable, nil
}

// lonely is the kind of an object for which no entry was found.
func lonely(st *unix.Statx_t) Kind {
	if st.Nlink == 0 {
		return Unlinked
	}
	return Unreachable
}

// joinDeep puts text, the name of dir, and the names found below it into r.path.
func (r *Resolver) joinDeep(dir int, text, tail []byte, trusted bool) (Kind, error) {
	var st unix.Statx_t
	if e := statx(dir, empty, unix.AT_EMPTY_PATH, &st); e != 0 {
		return Unreachable, fmt.Errorf("stat directory: %w", e)
	}
	r.path = append(r.path[:0], text...)
	kind := r.judge(&st, trusted)
	slices.Reverse(tail)
	r.path = append(r.path, tail...)
	return kind, nil
}

// appendReversed appends "/name" backwards.
func appendReversed(dst, name []byte) []byte {
	start := len(dst)
	dst = append(dst, name...)
	slices.Reverse(dst[start:])
	return append(dst, '/')
}

// entryOf returns the name that the directory child has in dir, or the errno of
// reading dir; ENOENT if it is not there.
func entryOf(dir, child int) ([]byte, unix.Errno) {
	var want unix.Stat_t
	if e := fstatat(child, empty, &want, unix.AT_EMPTY_PATH); e != 0 {
		return nil, e
	}
	// Mount points and overlays list other inode numbers than stat(2) gives: look at
	// each entry only if none has the right number.
	for _, all := range []bool{false, true} {
		name, e := scanFor(dir, &want, all)
		if e != unix.ENOENT {
			return name, e
		}
	}
	return nil, unix.ENOENT
}

// scanFor reads dir and returns the entry that is want.
func scanFor(dir int, want *unix.Stat_t, all bool) ([]byte, unix.Errno) {
	fd, e := openat(dir, []byte{'.', 0}, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC)
	if e != 0 {
		return nil, e
	}
	defer closefd(fd)
	buf := make([]byte, 32<<10)
	for {
		n, e := getdents(fd, buf)
		if e != 0 {
			return nil, e
		}
		if n == 0 {
			return nil, unix.ENOENT
		}
		for rest := buf[:n]; len(rest) > 0; {
			var d dirent
			if d, rest = nextDirent(rest); !d.mayBe(want, all) {
				continue
			}
			var st unix.Stat_t
			name := append(slices.Clone(d.name), 0)
			if fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) == 0 && st.Ino == want.Ino && st.Dev == want.Dev {
				return d.name, 0
			}
		}
	}
}

// dirent is an entry of a directory.
type dirent struct {
	ino  uint64
	kind byte
	name []byte
}

// mayBe reports whether d is worth a look.
func (d *dirent) mayBe(want *unix.Stat_t, all bool) bool {
	if len(d.name) == 0 || isDot(d.name) || isDotDot(d.name) {
		return false
	}
	return d.ino == want.Ino || all && (d.kind == unix.DT_DIR || d.kind == unix.DT_UNKNOWN)
}

// nextDirent decodes the first linux_dirent64 (getdents(2)) of buf. A record that
// does not fit ends the buffer.
func nextDirent(buf []byte) (dirent, []byte) {
	const header = 19 // d_ino, d_off, d_reclen, d_type
	if len(buf) < header {
		return dirent{}, nil
	}
	length := int(binary.NativeEndian.Uint16(buf[16:]))
	if length < header || length > len(buf) {
		return dirent{}, nil
	}
	name := buf[header:length]
	if i := bytes.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	return dirent{ino: binary.NativeEndian.Uint64(buf), kind: buf[18], name: name}, buf[length:]
}
