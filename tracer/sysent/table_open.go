package sysent

// openCalls open or create a file by its path.
var openCalls = []Entry{
	{
		Name: "open", Class: Open, Op: OpOpen, Last: ByOpenFlags,
		Args:    [6]Role{Path, OpenFlags, FileMode},
		Confine: openFlags1,
		Note:    "A dangling link with O_CREAT creates its target. O_PATH switches all writing flags off. O_TMPFILE names a directory.",
	},
	{
		Name: "creat", Class: Open, Op: OpOpen, Last: Follow,
		Args:    [6]Role{Path, FileMode},
		Confine: stop,
		Note:    "The same as open with O_CREAT|O_WRONLY|O_TRUNC.",
	},
	{
		Name: "openat", Class: Open, Op: OpOpen, Last: ByOpenFlags,
		Args:    [6]Role{DirFD, Path, OpenFlags, FileMode},
		Confine: openFlags2,
		Note:    "As open.",
	},
	{
		Name: "openat2", Class: Open, Op: OpOpen, Last: ByOpenFlags,
		Args:    [6]Role{DirFD, Path, OpenHow, OpenHowSize},
		Confine: enosys,
		Note:    "The flags are in memory, which another thread can change; callers fall back to openat.",
	},
}
