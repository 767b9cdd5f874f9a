// Modes, owners, times and extended attributes, by path and by descriptor: what
// may be changed is changed as without confinement, to the last bit and error.
#include "guest.h"

#define BAD ((void *)1)

// facts prints what stat knows and does not change by itself.
static void facts(const char *name) {
	struct stat s;
	char list[200], value[200];
	if (lstat(name, &s) != 0) {
		say("  %s: %s", name, outcome(-1));
		return;
	}
	say("  %s: mode %o owner %d:%d links %d size %lld", name, s.st_mode, (int)s.st_uid, (int)s.st_gid, (int)s.st_nlink,
		S_ISDIR(s.st_mode) ? 0LL : (long long)s.st_size);
	ssize_t n = llistxattr(name, list, sizeof list);
	for (char *at = list; n > 0 && at < list + n; at += strlen(at) + 1) {
		ssize_t size = lgetxattr(name, at, value, sizeof value);
		say("  %s: %s is %zd bytes: %.*s", name, at, size, size > 0 ? (int)size : 0, value);
	}
}

static void change_modes(void) {
	static const mode_t modes[] = {0, 0444, 0777, 01777, 02755, 04755, 06711, 07777, 0170644, (mode_t)-1};
	put("file", "x");
	MUST(mkdir("dir", 0755));
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		say("chmod %o: %s", modes[i], outcome(syscall(SYS_fchmodat, AT_FDCWD, "file", modes[i])));
		facts("file");
		say("chmod of a directory %o: %s", modes[i], outcome(chmod("dir", modes[i])));
		facts("dir");
	}
	int fd = MUST(open("file", O_RDONLY | O_CREAT, 0)), at = MUST(open("dir", O_RDONLY | O_DIRECTORY));
	say("fchmod: %s", outcome(fchmod(fd, 04711)));
	say("fchmod of a directory: %s", outcome(fchmod(at, 02711)));
	facts("file");
	facts("dir");
	MUST(unlink("file"));
	say("fchmod of what is deleted: %s", outcome(fchmod(fd, 0600)));
	struct stat s;
	MUST(fstat(fd, &s));
	say("mode %o", s.st_mode);
	MUST(symlink("nowhere", "link"));
	say("fchmodat2 of a link: %s", outcome(syscall(452, AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW)));
	say("chmod of a dangling link: %s", outcome(chmod("link", 0600)));
}

// Set-id bits: who may set them, what clears them.
static void set_ids(void) {
	put("file", "text");
	MUST(chmod("file", 06777));
	int fd = MUST(open("file", O_WRONLY | O_APPEND));
	TRUE(write(fd, "x", 1) == 1);
	facts("file");
	MUST(chmod("file", 06777));
	MUST(ftruncate(fd, 1));
	facts("file");
	MUST(chmod("file", 06777));
	MUST(truncate("file", 9));
	facts("file");
	MUST(chmod("file", 06777));
	say("chown -1 -1: %s", outcome(chown("file", -1, -1)));
	facts("file");
	MUST(chmod("file", 06777));
	say("chown to myself: %s", outcome(chown("file", getuid(), getgid())));
	facts("file");
	MUST(chmod("file", 06777));
	MUST(fchown(fd, getuid(), -1));
	facts("file");
	MUST(chmod("file", 06777));
	MUST(setxattr("file", "user.a", "v", 1, 0));
	MUST(utimes("file", NULL));
	facts("file");
	MUST(mkdir("dir", 0777));
	MUST(chmod("dir", 02777));
	put("dir/inner", "x");
	MUST(mkdir("dir/sub", 0700));
	MUST(chown("dir", getuid(), -1));
	facts("dir");
	facts("dir/inner");
	facts("dir/sub");
}

static void change_owners(void) {
	static const int ids[][2] = {{-1, -1}, {0, -1}, {-1, 0}, {1, 1}, {65534, 65534}, {-2, -1}, {65535, 65535}, {70000, -1}};
	put("file", "x");
	MUST(symlink("file", "link"));
	int fd = MUST(open("file", O_RDONLY)), at = MUST(open("file", O_PATH));
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		int u = ids[i][0], g = ids[i][1];
		say("chown %d:%d: %s", u, g, outcome(chown("file", u, g)));
		say("lchown %d:%d: %s", u, g, outcome(lchown("link", u, g)));
		say("fchown %d:%d: %s", u, g, outcome(fchown(fd, u, g)));
		say("fchownat %d:%d: %s", u, g, outcome(fchownat(at, "", u, g, AT_EMPTY_PATH)));
#if defined(__i386__) // ids of sixteen bits
		say("chown16 %d:%d: %s", u, g, outcome(syscall(SYS_chown, "file", u, g)));
		say("lchown16 %d:%d: %s", u, g, outcome(syscall(SYS_lchown, "link", u, g)));
		say("fchown16 %d:%d: %s", u, g, outcome(syscall(SYS_fchown, fd, u, g)));
#endif
		facts("file");
		facts("link");
	}
}

static void stamp(const char *name) {
	struct stat s;
	time_t now = time(NULL);
	MUST(lstat(name, &s));
	say("  %s: accessed %lld.%09ld modified %lld.%09ld changed just now %d", name,
		now - s.st_atime < 100 ? -1LL : (long long)s.st_atime, now - s.st_atime < 100 ? 0 : s.st_atim.tv_nsec,
		now - s.st_mtime < 100 ? -1LL : (long long)s.st_mtime, now - s.st_mtime < 100 ? 0 : s.st_mtim.tv_nsec,
		now - s.st_ctime < 100);
}

static void change_times(void) {
	static const struct timespec list[][2] = {
		{{1, 2}, {3, 999999999}}, {{-5, 0}, {-6, 7}}, {{0, UTIME_NOW}, {0, UTIME_NOW}}, {{9, UTIME_OMIT}, {10, 11}},
		{{12, 13}, {-1, UTIME_OMIT}}, {{0, UTIME_OMIT}, {0, UTIME_OMIT}}, {{0, UTIME_NOW}, {0, UTIME_OMIT}},
		{{1, 1000000000}, {1, 1}}, {{1, -1}, {1, 1}}, {{1, 1}, {1, 2000000000}}, {{2000000000, 5}, {1 << 30, 5}},
	};
	put("file", "x");
	MUST(symlink("file", "link"));
	int fd = MUST(open("file", O_RDONLY)), at = MUST(open("file", O_PATH));
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		say("utimensat %zu: %s", i, outcome(utimensat(AT_FDCWD, "file", list[i], 0)));
		stamp("file");
		say("of the link %zu: %s", i, outcome(utimensat(AT_FDCWD, "link", list[i], AT_SYMLINK_NOFOLLOW)));
		stamp("link");
		say("futimens %zu: %s", i, outcome(futimens(fd, list[i])));
		stamp("file");
		say("empty path %zu: %s", i, outcome(utimensat(at, "", list[i], AT_EMPTY_PATH)));
		say("futimens of O_PATH %zu: %s", i, outcome(futimens(at, list[i])));
		say("of nothing %zu: %s", i, outcome(utimensat(AT_FDCWD, "none", list[i], 0)));
		say("NULL %zu: %s", i, outcome(syscall(SYS_utimensat, AT_FDCWD, NULL, list[i], 0)));
		say("NULL with a flag %zu: %s", i, outcome(syscall(SYS_utimensat, fd, NULL, list[i], AT_SYMLINK_NOFOLLOW)));
	}
	say("bad times: %s", outcome(syscall(SYS_utimensat, AT_FDCWD, "file", BAD, 0)));
	say("bad times of nothing: %s", outcome(syscall(SYS_utimensat, AT_FDCWD, "none", BAD, 0)));
	say("bad times, bad flag: %s", outcome(syscall(SYS_utimensat, AT_FDCWD, "none", BAD, 1)));
	say("bad flag: %s", outcome(syscall(SYS_utimensat, AT_FDCWD, "none", list[0], 1)));
	say("bad descriptor: %s", outcome(futimens(99, list[0])));
#ifdef SYS_utimes
	static const struct timeval us[][2] = {{{5, 6}, {7, 999999}}, {{1, 1000000}, {1, 1}}, {{1, 1}, {1, -1}}};
	for (int i = 0; i < 3; i++) {
		say("utimes %d: %s", i, outcome(utimes("link", us[i])));
		stamp("file");
		say("lutimes %d: %s", i, outcome(lutimes("link", us[i])));
		say("futimesat %d: %s", i, outcome(futimesat(AT_FDCWD, "link", us[i])));
	}
	long two[2] = {21, 22};
	say("utime: %s", outcome(syscall(SYS_utime, "file", two)));
	stamp("file");
	say("utime NULL: %s", outcome(syscall(SYS_utime, "file", NULL)));
	stamp("file");
	say("utime bad: %s", outcome(syscall(SYS_utime, "none", BAD)));
#endif
}

static void try_attribute(const char *name, const void *value, size_t size, int flags) {
	int fd = MUST(open("file", O_RDONLY));
	char label[40];
	snprintf(label, sizeof label, "%.20s, %zu bytes, flags %d", name && name != BAD ? name : "a bad name", size, flags);
	say("setxattr %s: %s", label, outcome(setxattr("file", name, value, size, flags)));
	say("of the link: %s", outcome(lsetxattr("link", name, value, size, flags)));
	say("of a descriptor: %s", outcome(fsetxattr(fd, name, value, size, flags)));
	say("of no descriptor: %s", outcome(fsetxattr(99, name, value, size, flags)));
	say("of no file: %s", outcome(setxattr("none", name, value, size, flags)));
	say("of a bad path: %s", outcome(setxattr(BAD, name, value, size, flags)));
	close(fd);
}

static void change_attributes(void) {
	static char big[70000];
	char longest[300] = "user.", too_long[300] = "user.";
	memset(longest + 5, 'n', 250);
	memset(too_long + 5, 'n', 251);
	memset(big, 'v', sizeof big);
	put("file", "x");
	MUST(symlink("file", "link"));
	try_attribute("user.a", "value", 5, 0);
	try_attribute("user.a", "again", 5, XATTR_CREATE);
	try_attribute("user.b", "b", 1, XATTR_REPLACE);
	try_attribute("user.b", "b", 1, XATTR_CREATE);
	try_attribute("user.b", "bb", 2, XATTR_REPLACE);
	try_attribute("user.c", "c", 1, XATTR_CREATE | XATTR_REPLACE);
	try_attribute("user.c", "c", 1, 4);
	try_attribute("user.empty", "", 0, 0);
	try_attribute("user.empty", NULL, 0, 0);
	try_attribute("user.bad", BAD, 5, 0);
	try_attribute("user.bad", BAD, 0, 0);
	try_attribute("user.", "v", 1, 0);
	try_attribute("user", "v", 1, 0);
	try_attribute("", "v", 1, 0);
	try_attribute(NULL, "v", 1, 0);
	try_attribute(BAD, "v", 1, 4);
	try_attribute("nonsense.a", "v", 1, 0);
	try_attribute("system.nonsense", "v", 1, 0);
	try_attribute("trusted.a", "v", 1, 0);
	try_attribute("security.a", "v", 1, 0);
	try_attribute("security.capability", "v", 1, 0);
	try_attribute("system.posix_acl_access", "v", 1, 0);
	try_attribute(longest, "v", 1, 0);
	try_attribute(too_long, "v", 1, 0);
	try_attribute("user.big", big, 2000, 0);
	try_attribute("user.big", big, 65536, 0);
	try_attribute("user.big", big, 65537, 0);
	try_attribute("user.big", big, (size_t)-1, 0);
	facts("file");
	static const char *const names[] = {"user.a", "user.a", "user.none", "", "trusted.a", "nonsense.a", NULL};
	int fd = MUST(open("file", O_RDONLY));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		say("removexattr %s: %s", names[i], outcome(removexattr("link", names[i])));
		say("lremovexattr %s: %s", names[i], outcome(lremovexattr("link", names[i])));
	}
	say("fremovexattr: %s", outcome(fremovexattr(fd, "user.b")));
	say("again: %s", outcome(fremovexattr(fd, "user.b")));
	say("too long: %s", outcome(fremovexattr(fd, too_long)));
	facts("file");
}

// An access control list that the kernel accepts changes the mode.
static void access_list(void) {
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entries[5];
	} acl = {2, {{1, 7, -1}, {2, 6, 1}, {4, 5, -1}, {0x10, 6, -1}, {0x20, 4, -1}}};
	put("file", "x");
	MUST(mkdir("dir", 0755));
	say("access: %s", outcome(setxattr("file", "system.posix_acl_access", &acl, sizeof acl, 0)));
	say("default: %s", outcome(setxattr("dir", "system.posix_acl_default", &acl, sizeof acl, 0)));
	say("default of a file: %s", outcome(setxattr("file", "system.posix_acl_default", &acl, sizeof acl, 0)));
	struct stat s;
	MUST(stat("file", &s));
	say("mode %o", s.st_mode);
	umask(077);
	put("dir/inner", "x");
	MUST(stat("dir/inner", &s));
	say("mode of what was made with the default %o", s.st_mode);
	MUST(mkdir("dir/sub", 0777));
	MUST(stat("dir/sub", &s));
	say("of a directory %o", s.st_mode);
	say("removed: %s", outcome(removexattr("dir", "system.posix_acl_default")));
}

// The umask counts for every way to make something, in each thread of a process.
static void *set_umask(void *mask) {
	umask((mode_t)(intptr_t)mask);
	return NULL;
}

static void masks(void) {
	static const mode_t list[] = {0, 022, 077, 0777, 0123};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		pthread_t id;
		TRUE(pthread_create(&id, NULL, set_umask, (void *)(intptr_t)list[i]) == 0);
		pthread_join(id, NULL);
		close(MUST(open("file", O_CREAT | O_WRONLY, 0777)));
		MUST(mkdir("dir", 07777));
		MUST(mkfifo("fifo", 0666));
		MUST(mknod("node", S_IFREG | 06777, 0));
		int s = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
		struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "sock"};
		MUST(bind(s, (struct sockaddr *)&un, sizeof un));
		int fd = MUST(open(".", O_TMPFILE | O_RDWR, 0666));
		struct stat st;
		MUST(fstat(fd, &st));
		say("umask %o, nameless file %o", list[i], st.st_mode);
		facts("file");
		facts("dir");
		facts("fifo");
		facts("node");
		facts("sock");
		MUST(rmdir("dir"));
		unlink("file"), unlink("fifo"), unlink("node"), unlink("sock");
		close(s), close(fd);
	}
}

static const char *descriptor;

static void tried(const char *what, long result) { say("%s of %s: %s", what, descriptor, outcome(result)); }

// try_metadata is not for what belongs to everybody.
static void try_metadata(int fd) {
	char self[40];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	tried("fchmod", fchmod(fd, 0700));
	tried("fchown", fchown(fd, -1, -1));
	if (fd != AT_FDCWD) { // which Linux 6.13 and later take for the working directory here
		tried("fsetxattr", fsetxattr(fd, "user.a", "v", 1, 0));
		tried("fremovexattr", fremovexattr(fd, "user.a"));
	}
	tried("futimens", futimens(fd, NULL));
	tried("fchownat, empty", fchownat(fd, "", -1, -1, AT_EMPTY_PATH));
	tried("fchmodat2, empty", syscall(452, fd, "", 0700, AT_EMPTY_PATH));
	tried("utimensat, empty", utimensat(fd, "", NULL, AT_EMPTY_PATH));
	tried("chmod by name", chmod(self, 0700));
	tried("setxattr by name", setxattr(self, "user.b", "v", 1, 0));
	tried("removexattr by name", removexattr(self, "user.b"));
	tried("truncate by name", truncate(self, 1));
	tried("open by name", open(self, O_WRONLY | O_NONBLOCK));
	int flags = 0;
	ioctl(fd, FS_IOC_GETFLAGS, &flags);
	tried("set flags", ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static void try_descriptor(const char *name, int fd) {
	int bits = 0;
	descriptor = name;
	if (strcmp(name, "/dev/null"))
		try_metadata(fd);
	tried("ftruncate", ftruncate(fd, 1));
	tried("get flags", ioctl(fd, FS_IOC_GETFLAGS, &bits));
	tried("set flags, bad pointer", ioctl(fd, FS_IOC_SETFLAGS, BAD));
	tried("TCGETA", ioctl(fd, 0x5405, &bits));
	tried("unknown command", ioctl(fd, 0xdead, &bits));
	tried("bytes to read", ioctl(fd, FIONREAD, &bits));
	tried("owner", fcntl(fd, F_SETOWN, getpid()));
	say("owner is me: %d", fcntl(fd, F_GETOWN) == getpid());
	tried("mkdirat", mkdirat(fd, "made", 0700));
	tried("openat", openat(fd, "opened", O_CREAT | O_WRONLY, 0600));
	tried("openat by the whole name", openat(fd, path("a", "opened"), O_CREAT | O_WRONLY, 0600));
	tried("linkat, empty", linkat(fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH));
	tried("unlinkat", unlinkat(fd, "opened", 0));
	tried("renameat", renameat(AT_FDCWD, "linked", fd, "renamed"));
	tried("symlinkat", symlinkat("to", fd, "symlink"));
	unlink("linked"), unlink("renamed"), unlink("symlink"), unlink("opened"), rmdir("made");
}

// Each call that acts on a descriptor, on each kind of descriptor.
static void descriptors(void) {
	put("file", "x");
	MUST(symlink("file", "link"));
	int pair[2], tube[2];
	MUST(pipe(tube));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	const struct {
		const char *name;
		int fd;
	} list[] = {
		{"-1", -1}, {"99", 99}, {"AT_FDCWD", AT_FDCWD}, {"read only", open("file", O_RDONLY)}, {"O_PATH", open("file", O_PATH)},
		{"O_PATH of a link", open("link", O_PATH | O_NOFOLLOW)}, {"directory", open(".", O_RDONLY)}, {"O_PATH of a directory", open(".", O_PATH)}, {"pipe", tube[0]},
		{"socket", pair[0]}, {"memory", memfd_create("m", MFD_ALLOW_SEALING)}, {"/dev/null", open("/dev/null", O_RDWR)},
		{"access mode 3", open("file", 3)},
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		try_descriptor(list[i].name, list[i].fd);
	facts("file");
}

#define X(f) {#f, f}
const struct control meta_controls[] = {
	X(change_modes), X(set_ids), X(change_owners), X(change_times), X(change_attributes), X(access_list), X(masks), X(descriptors),
	{NULL, NULL},
};
