package sysent

import "fmt"

var classNames = [numClass]string{
	Unclassified: "unclassified",
	Harmless:     "harmless",
	Open:         "open",
	PathWrite:    "path-write",
	Owner:        "owner",
	Xattr:        "xattr",
	FDMeta:       "fd-meta",
	FDWrite:      "fd-write",
	Stat:         "stat",
	XattrRead:    "xattr-read",
	PathRead:     "path-read",
	Access:       "access",
	Cwd:          "cwd",
	Exec:         "exec",
	ID:           "id",
	Net:          "net",
	Proc:         "proc",
	Trace:        "trace",
	Signal:       "signal",
	Limit:        "limit",
	Namespace:    "namespace",
	Mount:        "mount",
	Bypass:       "bypass",
	Admin:        "admin",
	IPC:          "ipc",
}

var roleNames = [numRole]string{
	Unused:         "unused",
	DirFD:          "dirfd",
	Path:           "path",
	NewDirFD:       "newdirfd",
	NewPath:        "newpath",
	LinkText:       "target",
	FD:             "fd",
	OpenFlags:      "flags",
	OpenHow:        "how",
	OpenHowSize:    "size",
	AtFlags:        "at-flags",
	RenameFlags:    "rename-flags",
	FileMode:       "mode",
	AccessMode:     "amode",
	Device:         "dev",
	UID:            "uid",
	GID:            "gid",
	Length:         "length",
	LengthHigh:     "length-high",
	XattrName:      "name",
	XattrValue:     "value",
	XattrSize:      "value-size",
	XattrFlags:     "xattr-flags",
	TimesArg:       "times",
	StatBuf:        "statbuf",
	EntryBuf:       "dirp",
	EntryBuf64:     "dirp64",
	Sockaddr:       "addr",
	SockaddrLen:    "addrlen",
	Msghdr:         "msg",
	MsgVec:         "msgvec",
	MsgCount:       "vlen",
	SockFamily:     "family",
	SockType:       "type",
	SockProtocol:   "protocol",
	SocketcallArgs: "args",
	PID:            "pid",
	SignalNumber:   "sig",
	PIDFD:          "pidfd",
	Command:        "cmd",
	CommandArg:     "arg",
}

var opNames = [numOp]string{
	OpNone:        "none",
	OpOpen:        "open",
	OpTruncate:    "truncate",
	OpMkdir:       "mkdir",
	OpRmdir:       "rmdir",
	OpUnlink:      "unlink",
	OpRename:      "rename",
	OpLink:        "link",
	OpSymlink:     "symlink",
	OpMknod:       "mknod",
	OpBind:        "bind",
	OpSocket:      "socket",
	OpConnect:     "connect",
	OpList:        "list",
	OpAccess:      "access",
	OpUmask:       "umask",
	OpChmod:       "chmod",
	OpChown:       "chown",
	OpUtimes:      "utimes",
	OpSetXattr:    "set-xattr",
	OpRemoveXattr: "remove-xattr",
	OpSetAttr:     "set-attr",
}

// String returns the name of the class in lower case, words joined by "-".
func (c Class) String() string {
	if c < numClass {
		return classNames[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// String returns the name that the manual pages use for such an argument.
func (r Role) String() string {
	if r < numRole {
		return roleNames[r]
	}
	return fmt.Sprintf("role(%d)", uint8(r))
}

// String returns the name of the operation.
func (o Op) String() string {
	if o < numOp {
		return opNames[o]
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Classes returns every class that a row may have, in the order of their
// constants.
func Classes() []Class {
	all := make([]Class, 0, numClass-1)
	for c := Harmless; c < numClass; c++ {
		all = append(all, c)
	}
	return all
}
