package sysent

// Flags of the calls that take a path relative to a descriptor.
const (
	atNoFollow  = 0x100
	atRemoveDir = 0x200 // unlinkat
	atEAccess   = 0x200 // faccessat2
	atHandleFID = 0x200 // name_to_handle_at
	atFollow    = 0x400
	atNoMount   = 0x800 // AT_NO_AUTOMOUNT
	atEmptyPath = 0x1000
	atStatxSync = 0x6000
	atRecursive = 0x8000
	atExecCheck = 0x10000 // AT_EXECVE_CHECK

	renameMask = 0x7 // RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT
)

// Notes that hold for several rows.
const (
	noteBothParents = "Both parent directories are written; neither name is followed."
	noteOldIsWrite  = "The old file is written too: its link count and change time, and it gets a second, writable name."
	noteNullPath    = "A NULL path means the descriptor itself."
)

// pathCalls change a directory or a file by path.
var pathCalls = []Entry{
	{Name: "truncate", Class: PathWrite, Op: OpTruncate, Args: [6]Role{Path, Length}, Confine: stop},
	{
		Name: "truncate64", Class: PathWrite, Op: OpTruncate,
		Args: [6]Role{Path, Length, LengthHigh}, Confine: stop,
	},
	{
		Name: "rename", Class: PathWrite, Op: OpRename, Last: NoFollow,
		Args: [6]Role{Path, NewPath}, Confine: stop, Note: noteBothParents,
	},
	{
		Name: "renameat", Class: PathWrite, Op: OpRename, Last: NoFollow,
		Args: [6]Role{DirFD, Path, NewDirFD, NewPath}, Confine: stop, Note: noteBothParents,
	},
	{
		Name: "renameat2", Class: PathWrite, Op: OpRename, Last: NoFollow,
		Args: [6]Role{DirFD, Path, NewDirFD, NewPath, RenameFlags}, AtMask: renameMask, Confine: stop,
		Note: noteBothParents + " RENAME_WHITEOUT leaves a device node at the old name.",
	},
	{
		Name: "mkdir", Class: PathWrite, Op: OpMkdir, Last: NoFollow,
		Args: [6]Role{Path, FileMode}, Confine: stop,
	},
	{
		Name: "mkdirat", Class: PathWrite, Op: OpMkdir, Last: NoFollow,
		Args: [6]Role{DirFD, Path, FileMode}, Confine: stop,
	},
	{Name: "rmdir", Class: PathWrite, Op: OpRmdir, Last: NoFollow, Args: [6]Role{Path}, Confine: stop},
	{Name: "unlink", Class: PathWrite, Op: OpUnlink, Last: NoFollow, Args: [6]Role{Path}, Confine: stop},
	{
		Name: "unlinkat", Class: PathWrite, Op: OpUnlink, Last: NoFollow,
		Args: [6]Role{DirFD, Path, AtFlags}, AtMask: atRemoveDir, Confine: stop,
	},
	{
		Name: "link", Class: PathWrite, Op: OpLink, Last: NoFollow,
		Args: [6]Role{Path, NewPath}, Confine: stop, Note: noteOldIsWrite,
	},
	{
		Name: "linkat", Class: PathWrite, Op: OpLink, Last: ByAtFollow,
		Args:   [6]Role{DirFD, Path, NewDirFD, NewPath, AtFlags},
		AtMask: atFollow | atEmptyPath, Confine: stop,
		Note: noteOldIsWrite + " /proc/self/fd/N with AT_SYMLINK_FOLLOW names a file made with O_TMPFILE.",
	},
	{
		Name: "symlink", Class: PathWrite, Op: OpSymlink, Last: NoFollow,
		Args: [6]Role{LinkText, Path}, Confine: stop,
	},
	{
		Name: "symlinkat", Class: PathWrite, Op: OpSymlink, Last: NoFollow,
		Args: [6]Role{LinkText, DirFD, Path}, Confine: stop,
	},
	{
		Name: "mknod", Class: PathWrite, Op: OpMknod, Last: NoFollow,
		Args: [6]Role{Path, FileMode, Device}, Confine: stop,
	},
	{
		Name: "mknodat", Class: PathWrite, Op: OpMknod, Last: NoFollow,
		Args: [6]Role{DirFD, Path, FileMode, Device}, Confine: stop,
	},
	{Name: "utime", Class: PathWrite, Op: OpUtimes, Times: Utimbuf, Args: [6]Role{Path, TimesArg}, Confine: stop},
	{Name: "utimes", Class: PathWrite, Op: OpUtimes, Times: Timevals, Args: [6]Role{Path, TimesArg}, Confine: stop},
	{
		Name: "futimesat", Class: PathWrite, Op: OpUtimes, Times: Timevals,
		Args: [6]Role{DirFD, Path, TimesArg}, Confine: stop, NullPath: true, Note: noteNullPath,
	},
	{
		Name: "utimensat", Class: PathWrite, Op: OpUtimes, Times: Timespecs, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, TimesArg, AtFlags},
		AtMask: atNoFollow | atEmptyPath, Confine: stop, NullPath: true,
		Note: noteNullPath + " No flag is accepted then.",
	},
	{
		Name: "utimensat_time64", Class: PathWrite, Op: OpUtimes, Times: Timespecs64, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, TimesArg, AtFlags},
		AtMask: atNoFollow | atEmptyPath, Confine: stop, NullPath: true,
		Note: noteNullPath + " No flag is accepted then.",
	},
	{
		Name: "file_setattr", Class: PathWrite, Op: OpSetAttr, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, Unused, Unused, AtFlags},
		AtMask: atNoFollow | atEmptyPath, Confine: enosys,
		Note: "Since Linux 6.17. Changes inode flags and the project id.",
	},
}
