package fakeroot

import (
	"bytes"
	"cmp"
	"maps"

	"golang.org/x/sys/unix"
)

// Key names an inode: st_dev and st_ino as stat(2) returns them.
type Key struct{ Dev, Ino uint64 }

// Compare orders keys by device, then by inode.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Dev, other.Dev), cmp.Compare(k.Ino, other.Ino))
}

// Fields says which fields of a [Record] count.
type Fields uint8

// The fields. HasMode is for Mode and Rdev together.
const (
	HasUID Fields = 1 << iota
	HasGID
	HasMode
)

// Record is what is faked about one inode. What it does not have is as it really is.
// Treat it as constant once it is in a [DB].
type Record struct {
	Key
	Birth  int64  // nanoseconds since 1970 (stx_btime of statx(2)), 0 where the file system tells none
	Path   string // canonical path that it was last seen at: for information, it may lead elsewhere by now
	Has    Fields
	UID    uint32
	GID    uint32
	Mode   uint32            // st_mode: type and permissions
	Rdev   uint64            // st_rdev, of a device
	Xattrs map[string][]byte // extended attributes that only root may set, by their whole names
}

// IsDevice reports whether the record makes a device node of a placeholder.
func (r *Record) IsDevice() bool {
	return r.Has&HasMode != 0 && IsDevice(r.Mode)
}

// xattrs returns the attributes of a record, which may be nil.
func (r *Record) xattrs() map[string][]byte {
	if r == nil {
		return nil
	}
	return r.Xattrs
}

// IsDevice reports whether st_mode is that of a device node.
func IsDevice(mode uint32) bool {
	t := mode & unix.S_IFMT
	return t == unix.S_IFCHR || t == unix.S_IFBLK
}

// equal reports whether both records say the same.
func (r *Record) equal(other *Record) bool {
	return r.Key == other.Key && r.Birth == other.Birth && r.Path == other.Path &&
		r.Has == other.Has && r.UID == other.UID && r.GID == other.GID &&
		r.Mode == other.Mode && r.Rdev == other.Rdev &&
		maps.EqualFunc(r.Xattrs, other.Xattrs, bytes.Equal)
}

// describes reports whether the record can be about an inode of that type and birth,
// or is left over from one that had the same number before.
func (r *Record) describes(mode uint32, birth int64) bool {
	if r.Birth != 0 && birth != 0 && r.Birth != birth {
		return false
	}
	is, faked := mode&unix.S_IFMT, r.Mode&unix.S_IFMT
	return r.Has&HasMode == 0 || is == faked || is == unix.S_IFREG && faked != unix.S_IFDIR && faked != unix.S_IFLNK
}
