package fakeroot

// words are what arguments are taken from, by letter; a word that stands there
// twice is taken more often.
var words = map[byte][]string{
	// p: a path. f: one that leads to no directory, mostly.
	'p': {"a", "a", "b", "c", "d", "d", "d/x", "d/y", "l", "e", ".", "nothing/x"},
	// P: one that is written in another way. Q: one that leads to what is open, too
	'P': {"%p", "%p", "%p", "d/../%p", "./%p", "%p/", "l/x"},
	'Q': {"%P", "%P", "%P", "%P", "/proc/self/fd/1%s", "/dev/fd/1%s", "/proc/thread-self/fd/1%s"},
	// r: one in an open directory
	'r': {"x", "x", "y", ".", "../a", "../c", "nothing"},
	'f': {"a", "a", "b", "b", "c", "d/x", "d/y", "l"},
	'e': {"d", "d", "e", "b", "d/y", "."},
	// s: a descriptor that stays open
	's': {"0", "0", "1", "2"},
	// m: permission bits
	'm': {"0644", "0755", "0600", "0777", "0", "0400", "0111", "0070", "0200", "04755", "02755", "06711", "01777", "02775", "02644",
		"04600", "07777", "0177777"},
	'M': {"0777", "04755", "04777", "02755", "06755", "06711"},
	'k': {"0", "022", "022", "077", "0777", "0700", "0277", "02"},
	// n: the type of a node; v: device numbers
	'n': {"c", "c", "b", "b", "p", "s", "f"},
	'v': {"1 3", "8 0", "8 17", "240 255", "300 7", "259 70000", "0 0"},
	// o: how a file is opened
	'o': {"r", "r", "w", "b", "rc", "wc", "wcx", "rcx", "wt", "wct", "rt", "wa", "rn", "rd", "on", "o", "rdc", "wnc"},
	// u: an id; U: an id or none
	'u': {"0", "0", "1", "1000", "1001", "65534", "65535", "100000", "4294967294"},
	'U': {"%u", "%u", "%u", "-1"},
	'G': {"0 0", "1 1000", "2 1000,5", "3 65534,7,1", "2 0,0", "4 9,8,70000,0", "1 -1", "70000 1", "-1 1"},
	// x: the name of an extended attribute; y: with a value
	'x': {"user.a", "user.a", "user.b", "trusted.t", "trusted.t", "trusted.u", "security.capability", "security.capability",
		"system.posix_acl_access", "system.posix_acl_access", "system.posix_acl_default", "security.other", "system.none", "none",
		"user.", "trusted."},
	'y': {"user.a %t", "user.a %t", "user.b %t", "trusted.t %t", "trusted.t %t", "trusted.u %t", "security.capability %q",
		"security.capability %q", "system.posix_acl_access %l", "system.posix_acl_access %l", "system.posix_acl_default %l",
		"security.other %t", "system.none %t", "none %t", "user. %t", "trusted. %t"},
	't': {"61", "6162636465", "-", "00ff00"},
	// q: capabilities of a file, versions 1 to 3 and things that are none
	'q': {"0100000200200000000000000000000000000000", "0000000200200000000000000000000000000000",
		"0100000200040000000000000000000000000000", "010000010020000000000000", "0100000300200000000000000000000000000000e8030000",
		"0100000300200000000000000000000000000000" + "00000000", "01000002", "-", "616263"},
	// l: access control lists: what a mode says too, named users and groups, a mask,
	// in a wrong order, of another version, empty
	'l': {"0200000001000600ffffffff04000400ffffffff20000400ffffffff",
		"0200000001000700ffffffff04000000ffffffff20000000ffffffff",
		"0200000001000600ffffffff02000700e803000004000400ffffffff10000500ffffffff20000400ffffffff",
		"0200000001000700ffffffff0200060001000000020004000000000004000700ffffffff08000700e903000010000700ffffffff20000500ffffffff",
		"0200000001000700ffffffff04000500ffffffff10000100ffffffff20000000ffffffff",
		"0200000001000700ffffffff02000700e803000004000500ffffffff20000000ffffffff",
		"0200000004000400ffffffff01000600ffffffff20000400ffffffff", "0300000001000600ffffffff04000400ffffffff20000400ffffffff",
		"02000000", "-", "0200000001000600", "020000"},
	// w: how much room there is for an answer; a: what access(2) asks
	'w': {"1000", "1000", "0", "3", "40"},
	'a': {"0", "1", "2", "4", "5", "6", "7", "8"},
	'A': {"0", "0x200", "0x100", "0x300", "1"},
	'z': {"0", "0", "0", "1", "2", "3"},
}

// generous are the words for sequences in which the permissions of files shall not
// matter: a process that is not root any more is not kept from files by the tracer.
var generous = map[byte][]string{
	'm': {"0777", "0777", "04777", "02777", "06777"},
	'k': {"0"},
	'Q': {"%P"}, // below /proc nobody knows of faked ids
	'l': {"0200000001000700ffffffff04000700ffffffff20000700ffffffff",
		"0200000001000700ffffffff02000700e803000004000700ffffffff10000700ffffffff20000700ffffffff", "-", "020000"},
}

// operations are what sequences are made of: how often, in which kinds, and a line
// for the guest with %LETTER for each argument.
var operations = []struct {
	weight int
	kinds  kind
	line   string
}{
	{40, files | mixed, "open %Q %o %m"},
	{10, files | mixed, "open %e wT %m"},
	{20, files | mixed, "keep %s %p %o %m"},
	{10, files | mixed, "keep %s %e bT %m"},
	{25, files | mixed, "mkdir %e %m"},
	{40, files | mixed, "mknod %f %n %m %v"},
	{5, files | mixed, "mknod %f d %m 0 0"},
	{12, files | mixed, "symlink %p %f"},
	{8, files | mixed, "bind %f"},
	{25, files | mixed, "link %P %f"},
	{6, files | mixed, "linkfollow %Q %f"},
	{8, files | mixed, "linkopen %s %f"},
	{30, files | mixed, "unlink %f"},
	{10, files | mixed, "rmdir %e"},
	{40, files | mixed, "rename %p %p"},
	{15, files | mixed, "exchange %p %p"},
	{10, files | mixed, "noreplace %p %p"},
	{3, files, "whiteout %f %f"},
	{5, files | mixed, "linkempty %s %f"},
	{8, files | mixed, "keep %s d rd 0"},
	{6, files | mixed, "mkdirat %s %r %m"},
	{6, files | mixed, "unlinkat %s %r"},
	{6, files | mixed, "renameat %s %r %f"},
	{12, files | mixed, "fchownat %s %r %U %U"},
	{12, files | mixed, "fchmodat %s %r %m"},
	{6, files | mixed, "fstatat %s %r"},
	{6, files | mixed, "creat %p %m"},
	{3, files | mixed, "chdir d"},
	{3, files | mixed, "back"},

	{60, files | mixed, "chmod %Q %m"},
	{10, files | mixed, "lchmod %P %m"},
	{20, files | mixed, "fchmod %s %m"},
	{50, files | mixed, "chown %Q %U %U"},
	{20, files | mixed, "lchown %P %U %U"},
	{15, files | mixed, "fchown %s %U %U"},
	{10, files | mixed, "chown16 %p %U %U"},
	{15, files | mixed, "umask %k"},
	{15, files | mixed, "utime %P"},
	{6, files | mixed, "touch %p"},

	{50, files | mixed, "setxattr %Q %y %z"},
	{15, files | mixed, "lsetxattr %P %y %z"},
	{12, files | mixed, "fsetxattr %s %y %z"},
	{15, files | mixed, "getxattr %Q %x %w"},
	{8, files | mixed, "lgetxattr %p %x %w"},
	{6, files | mixed, "fgetxattr %s %x %w"},
	{15, files | mixed, "removexattr %Q %x"},
	{6, files | mixed, "lremovexattr %p %x"},
	{6, files | mixed, "fremovexattr %s %x"},
	{6, files | mixed, "listxattr %Q %w"},
	{3, files | mixed, "llistxattr %p %w"},
	{3, files | mixed, "flistxattr %s %w"},

	{8, files | mixed, "fstat %s"},
	{20, files | mixed, "write %f text"},
	{8, files | mixed, "fwrite %s more"},
	{15, files | mixed, "read %f"},
	{15, files | mixed, "truncate %f 3"},
	{6, files | mixed, "ftruncate %s 2"},
	{20, files | mixed, "access %Q %a"},
	{15, files | mixed, "access2 %P %a %A"},
	{10, files, "try %f"},
	{10, files | mixed, "list %e"},
	{10, files | mixed, "stat %Q"},
	{3, files | mixed, "readlink %p"},
	{6, files | mixed, "whole"},
	{6, files | identities | mixed, "fork"},
	{6, files | identities | mixed, "exec"},

	{12, identities | mixed, "setuid %u"},
	{12, identities | mixed, "setgid %u"},
	{12, identities | mixed, "setreuid %U %U"},
	{12, identities | mixed, "setregid %U %U"},
	{20, identities | mixed, "setresuid %U %U %U"},
	{15, identities | mixed, "setresgid %U %U %U"},
	{15, identities | mixed, "setfsuid %U"},
	{15, identities | mixed, "setfsgid %U"},
	{4, identities, "setuid16 %U"},
	{4, identities, "setgid16 %U"},
	{4, identities, "setreuid16 %U %U"},
	{4, identities, "setresgid16 %U %U %U"},
	{15, identities | mixed, "setgroups %G"},
	{4, identities, "getgroups 0"},
	{4, identities, "getgroups 1"},
	{4, identities, "ids16"},
	{10, identities | mixed, "drop %X"},
	{5, identities | mixed, "drop -1"},
	{8, identities, "capset %X %X %X"},
	{4, identities, "capset %X -1 0"},
	{2, identities, "capget 0x19980330 0"},
	{2, identities, "capget 0x20071026 0"},
	{2, identities, "capget 0 0"},
	{2, identities, "capget 0x20080522 -1"},
	{8, identities | mixed, "keepcaps 1"},
	{3, identities, "keepcaps 0"},
	{3, identities, "keepcaps 2"},
	{6, identities, "capbset 7"},
	{3, identities, "capbset 99"},
	{4, identities, "capbound 7"},
	{2, identities, "capbound 99"},
	{8, identities, "status"},
	{6, identities, "program %M %u %u"},
}
