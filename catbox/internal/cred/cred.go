package cred

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Keep stands for an id that a call leaves as it is: -1.
const Keep = -1

// maxGroups is NGROUPS_MAX of <linux/limits.h>.
const maxGroups = 65536

// IDs are the four ids of one kind.
type IDs struct{ Real, Effective, Saved, FS uint32 }

// has reports whether an unprivileged process may take an id as one of its own.
func (i IDs) has(id uint32) bool { return id == i.Real || id == i.Effective || id == i.Saved }

// Cred is the credentials of a process. Treat it as constant.
type Cred struct {
	UID, GID IDs
	Groups   []uint32 // supplementary, in the order of setgroups(2)
	Caps     Caps
	KeepCaps bool // PR_SET_KEEPCAPS
}

// Caps are sets of capabilities (capabilities(7)), bit N for capability N.
type Caps struct{ Permitted, Effective, Inheritable, Bounding uint64 }

// Root returns the credentials of root, in no further group, with the capabilities
// up to number last.
func Root(last int) *Cred {
	all := uint64(1)<<(last+1) - 1
	return &Cred{Caps: Caps{Permitted: all, Effective: all, Bounding: all}}
}

// Capable reports whether a capability is effective.
func (c *Cred) Capable(capability int) bool { return c.Caps.Effective&(1<<capability) != 0 }

// InGroup reports whether the process is in a group, for access to files.
func (c *Cred) InGroup(gid uint32) bool { return gid == c.GID.FS || slices.Contains(c.Groups, gid) }

// Equal reports whether both are the same.
func (c *Cred) Equal(other *Cred) bool {
	return c.UID == other.UID && c.GID == other.GID && c.Caps == other.Caps && c.KeepCaps == other.KeepCaps &&
		slices.Equal(c.Groups, other.Groups)
}

// with returns a copy that f has changed. Capabilities follow the user ids
// (capabilities(7), "Effect of user ID changes on capabilities").
func (c *Cred) with(f func(*Cred)) *Cred {
	n := *c
	f(&n)
	n.follow(c)
	return &n
}

// follow adapts the capabilities to a change of the user ids from those of old.
func (c *Cred) follow(old *Cred) {
	wasRoot := old.UID.Real == 0 || old.UID.Effective == 0 || old.UID.Saved == 0
	isRoot := c.UID.Real == 0 || c.UID.Effective == 0 || c.UID.Saved == 0
	if wasRoot && !isRoot && !c.KeepCaps {
		c.Caps.Permitted = 0
		c.Caps.Effective = 0
	}
	switch {
	case old.UID.Effective == 0 && c.UID.Effective != 0:
		c.Caps.Effective = 0
	case old.UID.Effective != 0 && c.UID.Effective == 0:
		c.Caps.Effective = c.Caps.Permitted
	}
}

// fsCaps are the capabilities that follow the user id of the file system:
// CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, LINUX_IMMUTABLE,
// MKNOD, MAC_OVERRIDE.
const fsCaps = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_FOWNER |
	1<<unix.CAP_FSETID | 1<<unix.CAP_LINUX_IMMUTABLE | 1<<unix.CAP_MKNOD | 1<<unix.CAP_MAC_OVERRIDE

// SetUID is setuid(2).
func (c *Cred) SetUID(uid int) (*Cred, unix.Errno) {
	if uid == Keep {
		return c, unix.EINVAL
	}
	id := uint32(uid)
	switch {
	case c.Capable(unix.CAP_SETUID):
		return c.with(func(n *Cred) { n.UID = IDs{id, id, id, id} }), 0
	case id != c.UID.Real && id != c.UID.Saved:
		return c, unix.EPERM
	}
	return c.with(func(n *Cred) { n.UID.Effective, n.UID.FS = id, id }), 0
}

// SetGID is setgid(2).
func (c *Cred) SetGID(gid int) (*Cred, unix.Errno) {
	if gid == Keep {
		return c, unix.EINVAL
	}
	id := uint32(gid)
	switch {
	case c.Capable(unix.CAP_SETGID):
		return c.with(func(n *Cred) { n.GID = IDs{id, id, id, id} }), 0
	case id != c.GID.Real && id != c.GID.Saved:
		return c, unix.EPERM
	}
	return c.with(func(n *Cred) { n.GID.Effective, n.GID.FS = id, id }), 0
}

// SetReUID is setreuid(2).
func (c *Cred) SetReUID(rid, effective int) (*Cred, unix.Errno) {
	ids, e := setre(c.UID, rid, effective, c.Capable(unix.CAP_SETUID))
	if e != 0 {
		return c, e
	}
	return c.with(func(n *Cred) { n.UID = ids }), 0
}

// SetReGID is setregid(2).
func (c *Cred) SetReGID(rid, effective int) (*Cred, unix.Errno) {
	ids, e := setre(c.GID, rid, effective, c.Capable(unix.CAP_SETGID))
	if e != 0 {
		return c, e
	}
	return c.with(func(n *Cred) { n.GID = ids }), 0
}

func setre(old IDs, rid, effective int, capable bool) (IDs, unix.Errno) {
	ids := old
	if rid != Keep {
		ids.Real = uint32(rid)
		if ids.Real != old.Real && ids.Real != old.Effective && !capable {
			return old, unix.EPERM
		}
	}
	if effective != Keep {
		ids.Effective = uint32(effective)
		if !old.has(ids.Effective) && !capable {
			return old, unix.EPERM
		}
	}
	if rid != Keep || effective != Keep && ids.Effective != old.Real {
		ids.Saved = ids.Effective
	}
	ids.FS = ids.Effective
	return ids, 0
}

// SetResUID is setresuid(2).
func (c *Cred) SetResUID(rid, effective, saved int) (*Cred, unix.Errno) {
	ids, e := setres(c.UID, rid, effective, saved, c.Capable(unix.CAP_SETUID))
	if e != 0 {
		return c, e
	}
	return c.with(func(n *Cred) { n.UID = ids }), 0
}

// SetResGID is setresgid(2).
func (c *Cred) SetResGID(rid, effective, saved int) (*Cred, unix.Errno) {
	ids, e := setres(c.GID, rid, effective, saved, c.Capable(unix.CAP_SETGID))
	if e != 0 {
		return c, e
	}
	return c.with(func(n *Cred) { n.GID = ids }), 0
}

// setres changes nothing, the id of the file system included, where nothing would
// change, as Linux 6.3 and newer have it.
func setres(old IDs, rid, effective, saved int, capable bool) (IDs, unix.Errno) {
	if (rid == Keep || uint32(rid) == old.Real) && (saved == Keep || uint32(saved) == old.Saved) &&
		(effective == Keep || uint32(effective) == old.Effective && uint32(effective) == old.FS) {
		return old, 0
	}
	ids := old
	for _, set := range []struct {
		to *uint32
		id int
	}{{&ids.Real, rid}, {&ids.Effective, effective}, {&ids.Saved, saved}} {
		if set.id == Keep {
			continue
		}
		if !capable && !old.has(uint32(set.id)) {
			return old, unix.EPERM
		}
		*set.to = uint32(set.id)
	}
	ids.FS = ids.Effective
	return ids, 0
}

// SetFSUID is setfsuid(2); it returns the old id, whether it has changed it or not.
func (c *Cred) SetFSUID(uid int) (*Cred, uint32) {
	old, id := c.UID.FS, uint32(uid)
	if uid == Keep || id == old || !c.UID.has(id) && id != old && !c.Capable(unix.CAP_SETUID) {
		return c, old
	}
	n := *c
	n.UID.FS = id
	switch {
	case old == 0 && id != 0:
		n.Caps.Effective &^= fsCaps
	case old != 0 && id == 0:
		n.Caps.Effective |= n.Caps.Permitted & fsCaps
	}
	return &n, old
}

// SetFSGID is setfsgid(2); it returns the old id, whether it has changed it or not.
func (c *Cred) SetFSGID(gid int) (*Cred, uint32) {
	old, id := c.GID.FS, uint32(gid)
	if gid == Keep || !c.GID.has(id) && id != old && !c.Capable(unix.CAP_SETGID) {
		return c, old
	}
	n := *c
	n.GID.FS = id
	return &n, old
}

// MaySetGroups is what setgroups(2) asks before it reads the list.
func (c *Cred) MaySetGroups(count uint32) unix.Errno {
	switch {
	case !c.Capable(unix.CAP_SETGID):
		return unix.EPERM
	case count > maxGroups:
		return unix.EINVAL
	}
	return 0
}

// SetGroups takes other supplementary groups; the kernel keeps them sorted.
func (c *Cred) SetGroups(groups []uint32) *Cred {
	n := *c
	n.Groups = slices.Sorted(slices.Values(groups))
	return &n
}

// SetCaps is capset(2).
func (c *Cred) SetCaps(want Caps) (*Cred, unix.Errno) {
	old := c.Caps
	limit := old.Inheritable | old.Bounding
	if !c.Capable(unix.CAP_SETPCAP) {
		limit = old.Inheritable | old.Permitted
	}
	switch {
	case want.Inheritable&^limit != 0,
		want.Inheritable&^(old.Inheritable|old.Bounding) != 0,
		want.Permitted&^old.Permitted != 0,
		want.Effective&^want.Permitted != 0:
		return c, unix.EPERM
	}
	n := *c
	n.Caps.Permitted, n.Caps.Effective, n.Caps.Inheritable = want.Permitted, want.Effective, want.Inheritable
	return &n, 0
}

// DropBounding is prctl(2) with PR_CAPBSET_DROP.
func (c *Cred) DropBounding(capability int) (*Cred, unix.Errno) {
	switch {
	case !c.Capable(unix.CAP_SETPCAP):
		return c, unix.EPERM
	case capability < 0 || capability > unix.CAP_LAST_CAP:
		return c, unix.EINVAL
	}
	n := *c
	n.Caps.Bounding &^= 1 << capability
	return &n, 0
}

// Exec is what execve(2) makes of the credentials: uid and gid are those of a
// set-user-ID or set-group-ID program, or Keep. Capabilities of files are left out.
func (c *Cred) Exec(uid, gid int) *Cred {
	n := *c
	if uid != Keep {
		n.UID.Effective = uint32(uid)
	}
	if gid != Keep {
		n.GID.Effective = uint32(gid)
	}
	n.UID.Saved, n.UID.FS = n.UID.Effective, n.UID.Effective
	n.GID.Saved, n.GID.FS = n.GID.Effective, n.GID.Effective
	n.KeepCaps = false
	n.Caps.Permitted, n.Caps.Effective = 0, 0
	if n.UID.Real == 0 || n.UID.Effective == 0 {
		n.Caps.Permitted = c.Caps.Bounding | c.Caps.Inheritable
	}
	if n.UID.Effective == 0 {
		n.Caps.Effective = n.Caps.Permitted
	}
	return &n
}
