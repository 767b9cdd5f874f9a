package attr

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/cred"
)

// Attr is what stat(2) shows of owner and mode.
type Attr struct {
	Mode     uint32 // type and permission bits
	UID, GID uint32
	Rdev     uint64
}

// Type returns the S_IFMT bits.
func (a *Attr) Type() uint32 { return a.Mode & unix.S_IFMT }

// owns reports whether a process may do what the owner may do.
func (a *Attr) owns(c *cred.Cred) bool { return c.UID.FS == a.UID || c.Capable(unix.CAP_FOWNER) }

// Owns returns EPERM for a process that may not do what the owner may do.
func (a *Attr) Owns(c *cred.Cred) unix.Errno {
	if !a.owns(c) {
		return unix.EPERM
	}
	return 0
}

// mayKeepSetGID reports whether a process may set S_ISGID on a file of a group.
func mayKeepSetGID(c *cred.Cred, gid uint32) bool {
	return c.InGroup(gid) || c.Capable(unix.CAP_FSETID)
}

// Chown is chown(2) with ids of -1 for those that stay. dropsCaps is set where the
// capabilities of the file are lost with it (capabilities(7)).
func (a *Attr) Chown(c *cred.Cred, uid, gid int) (n Attr, dropsCaps bool, errno unix.Errno) {
	n = *a
	own, capable := c.UID.FS == a.UID, c.Capable(unix.CAP_CHOWN)
	if uid != cred.Keep {
		if !capable && (!own || uint32(uid) != a.UID) {
			return n, false, unix.EPERM
		}
		n.UID = uint32(uid)
	}
	if gid != cred.Keep {
		if !capable && (!own || uint32(gid) != a.GID && !c.InGroup(uint32(gid))) {
			return n, false, unix.EPERM
		}
		n.GID = uint32(gid)
	}
	if a.Type() == unix.S_IFDIR {
		return n, false, 0
	}
	n.Mode &^= a.dropped(c)
	if n.Mode != a.Mode && !a.owns(c) { // that is a change of the mode, too
		return *a, false, unix.EPERM
	}
	return n, true, 0
}

// dropped returns the bits that a file loses when it is given away, or when somebody
// writes to it who may not keep them.
func (a *Attr) dropped(c *cred.Cred) uint32 {
	if a.Mode&unix.S_ISGID != 0 && (a.Mode&unix.S_IXGRP != 0 || !mayKeepSetGID(c, a.GID)) {
		return unix.S_ISUID | unix.S_ISGID
	}
	return unix.S_ISUID
}

// Written is what a change of its content leaves of a regular file.
func (a *Attr) Written(c *cred.Cred) Attr {
	n := *a
	if !c.Capable(unix.CAP_FSETID) {
		n.Mode &^= a.dropped(c)
	}
	return n
}

// permissions are the bits of a mode that chmod(2) changes.
const permissions = 0o7777

// Chmod is chmod(2).
func (a *Attr) Chmod(c *cred.Cred, mode uint32) (n Attr, errno unix.Errno) {
	n = *a
	switch {
	case a.Type() == unix.S_IFLNK:
		return n, unix.EOPNOTSUPP
	case !a.owns(c):
		return n, unix.EPERM
	}
	n.Mode = a.Type() | mode&permissions
	if !mayKeepSetGID(c, a.GID) {
		n.Mode &^= unix.S_ISGID
	}
	return n, 0
}

// Real returns the permission bits that a file of the type typ really gets so that
// its true owner can do with it what root could: read and write it, search a
// directory, and execute it if anybody can. Set-id bits are never real.
func Real(mode uint32) uint32 {
	perm := mode & 0o777
	switch {
	case mode&unix.S_IFMT == unix.S_IFDIR:
		return perm | 0o700
	case perm&0o111 != 0:
		return perm | 0o700
	}
	return perm | 0o600
}

// Lacking reports whether root could do with a file of this real mode what its
// owner cannot.
func Lacking(mode uint32) bool { return Real(mode)&^mode&0o700 != 0 }
