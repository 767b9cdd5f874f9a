package catbox

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// linkText is what matters of the text of a new symbolic link.
type linkText struct {
	empty bool
	errno unix.Errno // of reading it
}

// order says what the kernel would answer to a call before it has any effect,
// in the order in which it looks (fs/namei.c): an errno, or that the call has an
// effect, or neither: it succeeds and changes nothing.
//
// It is asked only for calls that the rules do not allow, so that a program sees
// the same errors as without confinement where nothing was at stake. Errors of
// permission are not among them: a call outside the rules is a violation even
// where the user could not have done it.
func order(k *call, a, b *resolve.Result, text *linkText) (errno unix.Errno, effect bool) {
	if errno := beforeWalk(k, text); errno != 0 {
		return errno, false
	}
	switch k.entry.Op {
	case sysent.OpOpen:
		return orderOpen(k.flags, a)
	case sysent.OpTruncate:
		return orderTruncate(a), true
	case sysent.OpMkdir, sysent.OpMknod, sysent.OpBind:
		return orderCreate(k, a), true
	case sysent.OpSymlink:
		return orderSymlink(a), true
	case sysent.OpRmdir:
		return orderRmdir(a), true
	case sysent.OpUnlink:
		if k.flags&unix.AT_REMOVEDIR != 0 {
			return orderRmdir(a), true
		}
		return orderUnlink(a), true
	case sysent.OpRename:
		return orderRename(k.flags, a, b)
	case sysent.OpLink:
		return orderLink(a, b), true
	}
	if !a.Exists {
		return unix.ENOENT, false
	}
	return 0, true
}

// beforeWalk is what the kernel checks before it looks at the path. text is nil
// for a call without a link text.
func beforeWalk(k *call, text *linkText) unix.Errno {
	switch k.entry.Op {
	case sysent.OpOpen:
		access := k.flags & unix.O_ACCMODE
		if k.flags&tmpfile != 0 && (access == 0 || k.flags&unix.O_DIRECTORY == 0) {
			return unix.EINVAL
		}
		if k.flags&createDirectory == createDirectory && k.flags&unix.O_PATH == 0 && refusesCreateDirectory() {
			return unix.EINVAL
		}
	case sysent.OpTruncate:
		if k.length < 0 {
			return unix.EINVAL
		}
	case sysent.OpMknod:
		return checkNode(k.mode)
	case sysent.OpSymlink:
		switch {
		case text != nil && text.errno != 0:
			return text.errno
		case text != nil && text.empty:
			return unix.ENOENT
		}
	}
	return checkFlags(k)
}

// checkNode checks the type of file that mknod is to make.
func checkNode(mode uint32) unix.Errno {
	switch mode & unix.S_IFMT {
	case 0, unix.S_IFREG, unix.S_IFCHR, unix.S_IFBLK, unix.S_IFIFO, unix.S_IFSOCK:
		return 0
	case unix.S_IFDIR:
		return unix.EPERM
	}
	return unix.EINVAL
}

func checkFlags(k *call) unix.Errno {
	if k.entry.AtMask != 0 && k.flags&^k.entry.AtMask != 0 {
		return unix.EINVAL
	}
	if k.entry.Op == sysent.OpRename {
		const noReplace, exchange, whiteout = unix.RENAME_NOREPLACE, unix.RENAME_EXCHANGE, unix.RENAME_WHITEOUT
		if k.flags&exchange != 0 && k.flags&(noReplace|whiteout) != 0 {
			return unix.EINVAL
		}
	}
	return 0
}

func isDir(r *resolve.Result) bool  { return r.Exists && r.Mode&unix.S_IFMT == unix.S_IFDIR }
func isLink(r *resolve.Result) bool { return r.Exists && r.Mode&unix.S_IFMT == unix.S_IFLNK }

// tmpfile is __O_TMPFILE, without the O_DIRECTORY of O_TMPFILE.
const tmpfile = 0x400000

// createDirectory are two flags that newer kernels refuse together.
const createDirectory = unix.O_CREAT | unix.O_DIRECTORY

// refusesCreateDirectory asks whether the kernel is one of those (Linux 6.4):
// older ones look at the path first.
func refusesCreateDirectory() bool {
	_, err := unix.Open("", createDirectory, 0) // an empty path names nothing
	return errors.Is(err, unix.EINVAL)
}

func orderOpen(flags uint32, a *resolve.Result) (unix.Errno, bool) {
	access := flags & unix.O_ACCMODE
	create := flags&unix.O_CREAT != 0
	switch {
	case create && a.TrailingSlash && a.Last == resolve.LastNormal:
		return unix.EISDIR, false
	case !a.Exists && !create:
		return unix.ENOENT, false
	case !a.Exists:
		return createsNothing(a), true
	case create && flags&unix.O_EXCL != 0:
		return unix.EEXIST, false
	case isLink(a): // not followed, because of O_NOFOLLOW
		if flags&unix.O_DIRECTORY != 0 {
			return unix.ENOTDIR, false
		}
		return unix.ELOOP, false
	case flags&tmpfile != 0:
		return notDirectory(a), true
	case isDir(a):
		if create || access != 0 || flags&unix.O_TRUNC != 0 {
			return unix.EISDIR, false
		}
		return 0, false
	case flags&unix.O_DIRECTORY != 0:
		return unix.ENOTDIR, false
	case a.Mode&unix.S_IFMT == unix.S_IFSOCK:
		return unix.ENXIO, false
	case a.Mode&unix.S_IFMT == unix.S_IFIFO && access == unix.O_ACCMODE:
		return unix.EINVAL, false
	}
	// O_CREAT of a file that exists, for reading, changes nothing.
	return 0, access != 0 || flags&unix.O_TRUNC != 0
}

func notDirectory(a *resolve.Result) unix.Errno {
	if isDir(a) {
		return 0
	}
	return unix.ENOTDIR
}

func orderTruncate(a *resolve.Result) unix.Errno {
	switch {
	case !a.Exists:
		return unix.ENOENT
	case isDir(a):
		return unix.EISDIR
	case a.Mode&unix.S_IFMT != unix.S_IFREG:
		return unix.EINVAL
	}
	return 0
}

// orderCreate is mkdir, mknod and the bind of a named socket.
func orderCreate(k *call, a *resolve.Result) unix.Errno {
	switch {
	case a.Exists && k.entry.Op == sysent.OpBind:
		return unix.EADDRINUSE
	case a.Exists:
		return unix.EEXIST
	case a.TrailingSlash && k.entry.Op != sysent.OpMkdir:
		return unix.ENOENT
	}
	return createsNothing(a)
}

func orderSymlink(a *resolve.Result) unix.Errno {
	switch {
	case a.Exists:
		return unix.EEXIST
	case a.TrailingSlash:
		return unix.ENOENT
	}
	return createsNothing(a)
}

// createsNothing returns ENOENT for a name that is missing from procfs: its
// directories know no names but those that are there (fs/proc/generic.c).
func createsNothing(a *resolve.Result) unix.Errno {
	var fs unix.Statfs_t
	if unix.Statfs(filepath.Dir(string(a.Path)), &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC {
		return unix.ENOENT
	}
	return 0
}

func orderRmdir(a *resolve.Result) unix.Errno {
	switch {
	case a.Last == resolve.LastDot:
		return unix.EINVAL
	case a.Last == resolve.LastDotDot:
		return unix.ENOTEMPTY
	case a.Last == resolve.LastRoot:
		return unix.EBUSY
	case !a.Exists:
		return unix.ENOENT
	case !isDir(a):
		return unix.ENOTDIR
	case !emptyDir(a):
		return unix.ENOTEMPTY
	}
	return 0
}

func orderUnlink(a *resolve.Result) unix.Errno {
	switch {
	case a.Last != resolve.LastNormal:
		return unix.EISDIR
	case !a.Exists:
		return unix.ENOENT
	case isDir(a):
		return unix.EISDIR
	case a.TrailingSlash:
		return unix.ENOTDIR
	}
	return 0
}

func orderRename(flags uint32, a, b *resolve.Result) (unix.Errno, bool) {
	exchange, noReplace := flags&unix.RENAME_EXCHANGE != 0, flags&unix.RENAME_NOREPLACE != 0
	switch {
	case !sameFileSystem(a, b):
		return unix.EXDEV, false
	case a.Last != resolve.LastNormal:
		return unix.EBUSY, false
	case b.Last != resolve.LastNormal && noReplace:
		return unix.EEXIST, false
	case b.Last != resolve.LastNormal:
		return unix.EBUSY, false
	case !a.Exists:
		return unix.ENOENT, false
	case b.Exists && noReplace:
		return unix.EEXIST, false
	case !b.Exists && exchange:
		return unix.ENOENT, false
	case !isDir(a) && (a.TrailingSlash || b.TrailingSlash && !exchange):
		return unix.ENOTDIR, false
	case exchange && !isDir(b) && b.TrailingSlash:
		return unix.ENOTDIR, false
	case below(b.Path, a.Path) && isDir(a):
		return unix.EINVAL, false
	case below(a.Path, b.Path) && exchange:
		return unix.EINVAL, false
	case below(a.Path, b.Path):
		return unix.ENOTEMPTY, false
	case b.Exists && sameObject(a, b):
		return 0, false
	case b.Exists && !exchange:
		return orderReplace(a, b), true
	}
	return 0, true
}

func orderReplace(a, b *resolve.Result) unix.Errno {
	switch {
	case isDir(a) && !isDir(b):
		return unix.ENOTDIR
	case !isDir(a) && isDir(b):
		return unix.EISDIR
	case isDir(b) && !emptyDir(b):
		return unix.ENOTEMPTY
	}
	return 0
}

func orderLink(a, b *resolve.Result) unix.Errno {
	switch {
	case !a.Exists:
		return unix.ENOENT
	case b.Exists:
		return unix.EEXIST
	case b.TrailingSlash:
		return unix.ENOENT
	case createsNothing(b) != 0:
		return createsNothing(b)
	case !sameFileSystem(a, b):
		return unix.EXDEV
	case isDir(a):
		return unix.EPERM
	}
	return 0
}

// below reports whether path lies under dir and is not dir itself.
func below(path, dir []byte) bool {
	return len(path) > len(dir) && string(path[:len(dir)]) == string(dir) &&
		(path[len(dir)] == '/' || len(dir) == 1)
}

// What follows looks at the file system by canonical names. It decides only
// which error a refused call gets.

func sameFileSystem(a, b *resolve.Result) bool {
	var s, t unix.Stat_t
	if unix.Lstat(filepath.Dir(string(a.Path)), &s) != nil || unix.Lstat(filepath.Dir(string(b.Path)), &t) != nil {
		return true
	}
	return s.Dev == t.Dev
}

func sameObject(a, b *resolve.Result) bool {
	var s, t unix.Stat_t
	return unix.Lstat(string(a.Path), &s) == nil && unix.Lstat(string(b.Path), &t) == nil &&
		s.Dev == t.Dev && s.Ino == t.Ino
}

// emptyDir reports whether a directory has no entries, as far as the tracer may
// look.
func emptyDir(a *resolve.Result) bool {
	fd, err := unix.Open(string(a.Path), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	var buf [512]byte
	n, err := unix.ReadDirent(fd, buf[:])
	if err != nil {
		return true
	}
	_, _, names := unix.ParseDirent(buf[:n], 1, nil)
	return len(names) == 0
}
