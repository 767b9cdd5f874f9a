package sysent

// ownerCalls change owner or mode by path.
var ownerCalls = []Entry{
	{Name: "chmod", Class: Owner, Op: OpChmod, Args: [6]Role{Path, FileMode}, Confine: stop},
	{
		Name: "fchmodat", Class: Owner, Op: OpChmod, Args: [6]Role{DirFD, Path, FileMode}, Confine: stop,
		Note: "The system call has no flags argument and always follows.",
	},
	{
		Name: "fchmodat2", Class: Owner, Op: OpChmod, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, FileMode, AtFlags},
		AtMask: atNoFollow | atEmptyPath, Confine: stop, Note: "Since Linux 6.6.",
	},
	{Name: "chown", Class: Owner, Op: OpChown, Args: [6]Role{Path, UID, GID}, IDs16: true, Confine: stop},
	{Name: "chown32", Class: Owner, Op: OpChown, Args: [6]Role{Path, UID, GID}, Confine: stop},
	{
		Name: "lchown", Class: Owner, Op: OpChown, Last: NoFollow,
		Args: [6]Role{Path, UID, GID}, IDs16: true, Confine: stop,
	},
	{
		Name: "lchown32", Class: Owner, Op: OpChown, Last: NoFollow,
		Args: [6]Role{Path, UID, GID}, Confine: stop,
	},
	{
		Name: "fchownat", Class: Owner, Op: OpChown, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, UID, GID, AtFlags},
		AtMask: atNoFollow | atEmptyPath, Confine: stop,
	},
}

// xattrCalls change extended attributes by path.
var xattrCalls = []Entry{
	{
		Name: "setxattr", Class: Xattr, Op: OpSetXattr, Args: [6]Role{Path, XattrName, XattrValue, XattrSize, XattrFlags}, Confine: stop,
		Note: "system.posix_acl_access changes the mode too.",
	},
	{Name: "lsetxattr", Class: Xattr, Op: OpSetXattr, Last: NoFollow, Args: [6]Role{Path, XattrName, XattrValue, XattrSize, XattrFlags}, Confine: stop},
	{Name: "removexattr", Class: Xattr, Op: OpRemoveXattr, Args: [6]Role{Path, XattrName}, Confine: stop},
	{Name: "lremovexattr", Class: Xattr, Op: OpRemoveXattr, Last: NoFollow, Args: [6]Role{Path, XattrName}, Confine: stop},
	{
		Name: "setxattrat", Class: Xattr, Op: OpSetXattr, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, AtFlags, XattrName},
		AtMask: atNoFollow | atEmptyPath, Confine: enosys, Note: "Since Linux 6.13.",
	},
	{
		Name: "removexattrat", Class: Xattr, Op: OpRemoveXattr, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, AtFlags, XattrName},
		AtMask: atNoFollow | atEmptyPath, Confine: enosys, Note: "Since Linux 6.13.",
	},
}

// noteAnyMode says why an fd call is not decided by the open that came before.
const noteAnyMode = "Works on a descriptor of any open mode but O_PATH."

// fdMetaCalls change metadata through a descriptor of any open mode.
var fdMetaCalls = []Entry{
	{
		Name: "ioctl", Class: FDMeta, Args: [6]Role{FD, Command, CommandArg}, Confine: ioctlCommands,
		Note: "Many commands write through a read-only descriptor; commands that are not known to be harmless are checked.",
	},
	{
		Name: "fcntl", Class: FDMeta, Args: [6]Role{FD, Command, CommandArg}, Confine: fcntlOwner,
		Note: "F_SETOWN and F_SETOWN_EX choose a process that gets signals.",
	},
	{
		Name: "fcntl64", Class: FDMeta, Args: [6]Role{FD, Command, CommandArg}, Confine: fcntlOwner,
		Note: "As fcntl.",
	},
	{
		Name: "fchmod", Class: FDMeta, Op: OpChmod, Args: [6]Role{FD, FileMode},
		Confine: stop, Note: noteAnyMode,
	},
	{
		Name: "fchown", Class: FDMeta, Op: OpChown, Args: [6]Role{FD, UID, GID}, IDs16: true,
		Confine: stop, Note: noteAnyMode,
	},
	{
		Name: "fchown32", Class: FDMeta, Op: OpChown, Args: [6]Role{FD, UID, GID},
		Confine: stop, Note: noteAnyMode,
	},
	{
		Name: "fsetxattr", Class: FDMeta, Op: OpSetXattr, Args: [6]Role{FD, XattrName, XattrValue, XattrSize, XattrFlags},
		Confine: stop, Note: noteAnyMode,
	},
	{
		Name: "fremovexattr", Class: FDMeta, Op: OpRemoveXattr, Args: [6]Role{FD, XattrName},
		Confine: stop, Note: noteAnyMode,
	},
}

// fdWriteCalls write through a descriptor whose open was checked.
var fdWriteCalls = []Entry{
	{Name: "write", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "pwrite64", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "writev", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "pwritev", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "pwritev2", Class: FDWrite, Args: [6]Role{FD}},
	{
		Name: "mmap", Class: FDWrite,
		Note: "A shared writable mapping needs a descriptor open for reading and writing. On i386 the arguments are in memory.",
	},
	{Name: "mmap2", Class: FDWrite, Args: [6]Role{4: FD}, Note: "As mmap."},
	{Name: "mprotect", Class: FDWrite, Note: "A shared mapping of a read-only descriptor can not be made writable."},
	{Name: "munmap", Class: FDWrite},
	{Name: "mremap", Class: FDWrite},
	{Name: "sendfile", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "sendfile64", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "ftruncate", Class: FDWrite, Op: OpTruncate, Args: [6]Role{FD, Length}},
	{Name: "ftruncate64", Class: FDWrite, Op: OpTruncate, Args: [6]Role{FD, Length, LengthHigh}},
	{Name: "io_submit", Class: FDWrite, Note: "Reads, writes, syncs and polls on open descriptors only."},
	{Name: "splice", Class: FDWrite, Args: [6]Role{2: FD}},
	{Name: "tee", Class: FDWrite, Args: [6]Role{1: FD}},
	{Name: "vmsplice", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "fallocate", Class: FDWrite, Args: [6]Role{FD}},
	{Name: "copy_file_range", Class: FDWrite, Args: [6]Role{2: FD}},
}
