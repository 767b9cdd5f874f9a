package fakeroot

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
)

// The kernel's form of an ACL: a version, then entries of a tag, permissions and an id
// (linux/posix_acl_xattr.h).
const (
	aclVersion   = 2
	aclHeader    = 4
	aclEntry     = 8
	aclWithID    = 0x02 | 0x08 // a user or a group that is named
	aclOfUsers   = 0x01 | 0x02
	aclOfGroups  = 0x04 | 0x08
	aclMask      = 0x10
	aclOther     = 0x20
	aclExecute   = 1
	aclWrite     = 2
	aclRead      = 4
	aclSeparator = ','
)

// aclText returns an ACL in the short text form of acl(5), with numbers.
func aclText(value []byte) (string, error) {
	if len(value) < aclHeader || binary.LittleEndian.Uint32(value) != aclVersion || (len(value)-aclHeader)%aclEntry != 0 {
		return "", errors.New("not an ACL of version 2")
	}
	var b strings.Builder
	for entry := value[aclHeader:]; len(entry) > 0; entry = entry[aclEntry:] {
		tag, perm := binary.LittleEndian.Uint16(entry), binary.LittleEndian.Uint16(entry[2:])
		name, ok := aclTag(tag)
		if !ok {
			return "", errors.New("an unknown tag in an ACL")
		}
		if b.Len() > 0 {
			b.WriteByte(aclSeparator)
		}
		b.WriteString(name + ":")
		if tag&aclWithID != 0 {
			b.WriteString(strconv.FormatUint(uint64(binary.LittleEndian.Uint32(entry[4:])), 10))
		}
		b.WriteByte(':')
		for _, p := range []struct {
			bit    uint16
			letter byte
		}{{aclRead, 'r'}, {aclWrite, 'w'}, {aclExecute, 'x'}} {
			if perm&p.bit == 0 {
				p.letter = '-'
			}
			b.WriteByte(p.letter)
		}
	}
	return b.String(), nil
}

func aclTag(tag uint16) (name string, ok bool) {
	switch {
	case tag == 0 || tag&(tag-1) != 0:
		return "", false
	case tag&aclOfUsers != 0:
		return "user", true
	case tag&aclOfGroups != 0:
		return "group", true
	case tag == aclMask:
		return "mask", true
	case tag == aclOther:
		return "other", true
	}
	return "", false
}
