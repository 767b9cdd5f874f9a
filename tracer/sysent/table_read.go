package sysent

// statMask holds the flags of the stat family.
const statMask = atNoFollow | atNoMount | atEmptyPath | atStatxSync

// noteEmptyPath says which calls of the stat family name a descriptor.
const noteEmptyPath = `AT_EMPTY_PATH with the path "" (since Linux 6.11 also NULL) means the descriptor.`

// statCalls read the metadata of a file.
var statCalls = []Entry{
	{Name: "stat", Class: Stat, Stat: StatNative, Args: [6]Role{Path, StatBuf}},
	{Name: "lstat", Class: Stat, Stat: StatNative, Last: NoFollow, Args: [6]Role{Path, StatBuf}},
	{Name: "fstat", Class: Stat, Stat: StatNative, Args: [6]Role{FD, StatBuf}},
	{Name: "oldstat", Class: Stat, Stat: StatOld, Args: [6]Role{Path, StatBuf}},
	{Name: "oldlstat", Class: Stat, Stat: StatOld, Last: NoFollow, Args: [6]Role{Path, StatBuf}},
	{Name: "oldfstat", Class: Stat, Stat: StatOld, Args: [6]Role{FD, StatBuf}},
	{Name: "stat64", Class: Stat, Stat: Stat64, Args: [6]Role{Path, StatBuf}},
	{Name: "lstat64", Class: Stat, Stat: Stat64, Last: NoFollow, Args: [6]Role{Path, StatBuf}},
	{Name: "fstat64", Class: Stat, Stat: Stat64, Args: [6]Role{FD, StatBuf}},
	{
		Name: "newfstatat", Class: Stat, Stat: StatNative, Last: ByAtNoFollow,
		Args: [6]Role{DirFD, Path, StatBuf, AtFlags}, AtMask: statMask, Note: noteEmptyPath,
	},
	{
		Name: "fstatat64", Class: Stat, Stat: Stat64, Last: ByAtNoFollow,
		Args: [6]Role{DirFD, Path, StatBuf, AtFlags}, AtMask: statMask, Note: noteEmptyPath,
	},
	{
		Name: "statx", Class: Stat, Stat: Statx, Last: ByAtNoFollow,
		Args: [6]Role{DirFD, Path, AtFlags, Unused, StatBuf}, AtMask: statMask, Note: noteEmptyPath,
	},
}

// xattrReadCalls read extended attributes.
var xattrReadCalls = []Entry{
	{Name: "getxattr", Class: XattrRead, Args: [6]Role{Path, XattrName, XattrValue, XattrSize}},
	{Name: "lgetxattr", Class: XattrRead, Last: NoFollow, Args: [6]Role{Path, XattrName, XattrValue, XattrSize}},
	{Name: "fgetxattr", Class: XattrRead, Args: [6]Role{FD, XattrName, XattrValue, XattrSize}},
	{Name: "listxattr", Class: XattrRead, Args: [6]Role{Path, XattrValue, XattrSize}},
	{Name: "llistxattr", Class: XattrRead, Last: NoFollow, Args: [6]Role{Path, XattrValue, XattrSize}},
	{Name: "flistxattr", Class: XattrRead, Args: [6]Role{FD, XattrValue, XattrSize}},
	{
		Name: "getxattrat", Class: XattrRead, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, AtFlags, XattrName},
		AtMask: atNoFollow | atEmptyPath, Note: "Since Linux 6.13.",
	},
	{
		Name: "listxattrat", Class: XattrRead, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, AtFlags, XattrValue, XattrSize},
		AtMask: atNoFollow | atEmptyPath, Note: "Since Linux 6.13.",
	},
}

// lookupCalls look a path up, or list a directory, without opening it.
var lookupCalls = []Entry{
	{
		Name: "access", Class: Access, Op: OpAccess, Args: [6]Role{Path, AccessMode}, Confine: accessMode1,
		Note: "Asks for the real user id.",
	},
	{
		Name: "faccessat", Class: Access, Op: OpAccess, Args: [6]Role{DirFD, Path, AccessMode}, Confine: accessMode2,
		Note: "The system call has no flags argument and always follows.",
	},
	{
		Name: "faccessat2", Class: Access, Op: OpAccess, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, AccessMode, AtFlags},
		AtMask: atEAccess | atNoFollow | atEmptyPath, Confine: accessMode2,
	},
	{Name: "readlink", Class: PathRead, Last: NoFollow, Args: [6]Role{Path}},
	{
		Name: "readlinkat", Class: PathRead, Last: NoFollow, Args: [6]Role{DirFD, Path},
		Note: `The path "" means a descriptor of a symbolic link.`,
	},
	{Name: "getdents", Class: PathRead, Op: OpList, Args: [6]Role{FD, EntryBuf}},
	{Name: "getdents64", Class: PathRead, Op: OpList, Args: [6]Role{FD, EntryBuf64}},
	{Name: "readdir", Class: PathRead, Args: [6]Role{FD}},
	{Name: "statfs", Class: PathRead, Args: [6]Role{Path}},
	{Name: "statfs64", Class: PathRead, Args: [6]Role{Path}},
	{Name: "fstatfs", Class: PathRead, Args: [6]Role{FD}},
	{Name: "fstatfs64", Class: PathRead, Args: [6]Role{FD}},
	{
		Name: "inotify_add_watch", Class: PathRead, Args: [6]Role{FD, Path},
		Note: "IN_DONT_FOLLOW in the mask keeps the last component from being followed.",
	},
	{
		Name: "name_to_handle_at", Class: PathRead, Last: ByAtFollow,
		Args:   [6]Role{DirFD, Path, Unused, Unused, AtFlags},
		AtMask: atFollow | atEmptyPath | atHandleFID | 0x1 | 0x2, // AT_HANDLE_MNT_ID_UNIQUE, AT_HANDLE_CONNECTABLE
		Note:   "Opening the handle is refused.",
	},
	{
		Name: "file_getattr", Class: PathRead, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, Unused, Unused, AtFlags},
		AtMask: atNoFollow | atEmptyPath, Note: "Since Linux 6.17.",
	},
}

// cwdCalls read or change the working directory.
var cwdCalls = []Entry{
	{Name: "getcwd", Class: Cwd},
	{
		Name: "chdir", Class: Cwd, Args: [6]Role{Path},
		Note: "Processes made with CLONE_FS share the working directory.",
	},
	{Name: "fchdir", Class: Cwd, Args: [6]Role{FD}},
}

// execCalls start a program.
var execCalls = []Entry{
	{
		Name: "execve", Class: Exec, Args: [6]Role{Path},
		Note: "The kernel opens the interpreter of a script and of an ELF file by itself.",
	},
	{
		Name: "execveat", Class: Exec, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, Unused, Unused, AtFlags},
		AtMask: atNoFollow | atEmptyPath | atExecCheck,
		Note:   "AT_EXECVE_CHECK (since Linux 6.14) starts nothing.",
	},
}
