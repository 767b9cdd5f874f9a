package attr

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// The names of access control lists (acl(5)) as extended attributes.
const (
	AccessACL  = "system.posix_acl_access"
	DefaultACL = "system.posix_acl_default"
)

// The format of the attributes (kernel include/uapi/linux/posix_acl_xattr.h): a
// version, then entries of tag, permissions and id. All numbers are little endian.
const (
	aclVersion = 2
	aclHeader  = 4
	aclEntry   = 8

	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
)

// acl is a list as the value of its attribute.
type acl []byte

func (l acl) len() int                { return (len(l) - aclHeader) / aclEntry }
func (l acl) tag(i int) uint16        { return binary.LittleEndian.Uint16(l[aclHeader+i*aclEntry:]) }
func (l acl) perm(i int) uint16       { return binary.LittleEndian.Uint16(l[aclHeader+i*aclEntry+2:]) }
func (l acl) setPerm(i int, p uint16) { binary.LittleEndian.PutUint16(l[aclHeader+i*aclEntry+2:], p) }
func (l acl) id(i int) uint32         { return binary.LittleEndian.Uint32(l[aclHeader+i*aclEntry+4:]) }

// ParseACL returns the errno that setxattr(2) has for a value before it looks at the
// file, and whether it is the empty list, which removes the attribute.
func ParseACL(value []byte) (empty bool, errno unix.Errno) {
	l := acl(value)
	switch {
	case len(value) == 0:
		return true, 0
	case len(value) < aclHeader:
		return false, unix.EINVAL
	case binary.LittleEndian.Uint32(l) != aclVersion:
		return false, unix.EOPNOTSUPP
	case (len(value)-aclHeader)%aclEntry != 0:
		return false, unix.EINVAL
	case l.len() == 0:
		return true, 0
	}
	for i := range l.len() {
		switch l.tag(i) {
		case aclUserObj, aclUser, aclGroupObj, aclGroup, aclMask, aclOther:
		default:
			return false, unix.EINVAL
		}
	}
	return false, 0
}

// ValidACL reports whether a list that [ParseACL] lets pass makes sense.
func ValidACL(value []byte) bool { return acl(value).valid() }

// valid checks the order and the number of entries (kernel fs/posix_acl.c): the
// owner, named users, the group, named groups, the mask, the others.
func (l acl) valid() bool {
	const ( // what may come next
		start = iota
		users
		groups
		others
		end
	)
	state, needMask := start, false
	for i := range l.len() {
		if l.perm(i)&^7 != 0 {
			return false
		}
		switch tag := l.tag(i); {
		case tag == aclUserObj && state == start:
			state = users
		case tag == aclUser && state == users && l.id(i) != ^uint32(0):
			needMask = true
		case tag == aclGroupObj && state == users:
			state = groups
		case tag == aclGroup && state == groups && l.id(i) != ^uint32(0):
			needMask = true
		case tag == aclMask && state == groups:
			state = others
		case tag == aclOther && (state == others || state == groups && !needMask):
			state = end
		default:
			return false
		}
	}
	return state == end
}

// ModeOfACL returns the permission bits that a file has with a valid list, and
// whether the list says nothing more than they do.
func ModeOfACL(value []byte, mode uint32) (n uint32, equivalent bool) {
	l := acl(value)
	var user, group, mask, other uint16
	equivalent, masked := true, false
	for i := range l.len() {
		switch l.tag(i) {
		case aclUserObj:
			user = l.perm(i)
		case aclGroupObj:
			group = l.perm(i)
		case aclOther:
			other = l.perm(i)
		case aclMask:
			mask, masked, equivalent = l.perm(i), true, false
		default:
			equivalent = false
		}
	}
	if masked {
		group = mask
	}
	return mode&^0o777 | uint32(user)<<6 | uint32(group)<<3 | uint32(other), equivalent
}

// ChmodACL returns a valid list as chmod(2) leaves it.
func ChmodACL(value []byte, mode uint32) []byte {
	l := append(acl(nil), value...)
	group := -1
	for i := range l.len() {
		switch l.tag(i) {
		case aclUserObj:
			l.setPerm(i, uint16(mode>>6&7))
		case aclGroupObj:
			if group < 0 {
				group = i
			}
		case aclMask:
			group = i
		case aclOther:
			l.setPerm(i, uint16(mode&7))
		}
	}
	if group >= 0 {
		l.setPerm(group, uint16(mode>>3&7))
	}
	return l
}

// InheritACL returns the list that a new file of a mode gets in a directory with this
// valid default list, the mode that it gets, and whether the list says nothing more
// than that.
func InheritACL(value []byte, mode uint32) (list []byte, n uint32, equivalent bool) {
	l := append(acl(nil), value...)
	n, equivalent = mode&^0o777, true
	group := -1
	keep := func(i int, shift uint) {
		l.setPerm(i, l.perm(i)&uint16(mode>>shift&7))
		n |= uint32(l.perm(i)) << shift
	}
	for i := range l.len() {
		switch l.tag(i) {
		case aclUserObj:
			keep(i, 6)
		case aclOther:
			keep(i, 0)
		case aclGroupObj:
			if group < 0 {
				group = i
			}
		case aclMask:
			group, equivalent = i, false
		default:
			equivalent = false
		}
	}
	if group >= 0 {
		keep(group, 3)
	}
	return l, n, equivalent
}
