package fakeroot

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// isPackaged reports whether an attribute belongs to what a package contains. Labels of
// security modules and the notes of file systems belong to the machine.
func isPackaged(name string) bool {
	switch {
	case name == capability, isACL(name), strings.HasPrefix(name, "user."):
		return true
	}
	return strings.HasPrefix(name, "trusted.") && !strings.HasPrefix(name, "trusted.overlay.")
}

// The names of file capabilities (capabilities(7)) and POSIX ACLs (acl(5)).
const (
	capability = "security.capability"
	accessACL  = "system.posix_acl_access"
	defaultACL = "system.posix_acl_default"
)

func isACL(name string) bool { return name == accessACL || name == defaultACL }

// readXattrs reads the attributes of an object that a package contains. The path is
// followed: it is that of a descriptor.
func readXattrs(name string) (map[string][]byte, error) {
	list, err := grow(func(buf []byte) (int, error) { return unix.Listxattr(name, buf) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var xattrs map[string][]byte
	for attr := range strings.SplitSeq(string(list), "\x00") {
		if !isPackaged(attr) {
			continue
		}
		value, err := grow(func(buf []byte) (int, error) { return unix.Getxattr(name, attr, buf) })
		if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
			continue // removed meanwhile, or of a file system that lists more than it has
		}
		if err != nil {
			return nil, err
		}
		if xattrs == nil {
			xattrs = make(map[string][]byte)
		}
		xattrs[attr] = value
	}
	return xattrs, nil
}

// grow calls read with a buffer that is large enough: what it reads may grow meanwhile.
func grow(read func([]byte) (int, error)) ([]byte, error) {
	for {
		size, err := read(nil)
		if err != nil || size == 0 {
			return []byte{}, err
		}
		buf := make([]byte, size)
		n, err := read(buf)
		if err == nil {
			return buf[:n], nil
		}
		if !errors.Is(err, unix.ERANGE) {
			return nil, err
		}
	}
}
