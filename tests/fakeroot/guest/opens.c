// Operations that open files, read and write them, and ask for permission.
#include "guest.h"
#include <linux/openat2.h>

// flags reads letters: r, w or b (both), c create, x exclusively, t truncate,
// a append, n do not follow, d a directory, o a path only, T without a name.
static int flags(const char *letters) {
	static const struct { char letter; int flag; } table[] = {
		{'r', O_RDONLY}, {'w', O_WRONLY}, {'b', O_RDWR}, {'c', O_CREAT}, {'x', O_EXCL}, {'t', O_TRUNC}, {'a', O_APPEND},
		{'n', O_NOFOLLOW}, {'d', O_DIRECTORY}, {'o', O_PATH}, {'T', O_TMPFILE},
	};
	int all = O_NONBLOCK; // a FIFO would wait
	for (; *letters; letters++)
		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			if (table[i].letter == *letters)
				all |= table[i].flag;
	return all;
}

// Devices are not opened: root would reach the real one.
static int spared(const char *path) {
	if (!device(path))
		return 0;
	printf(" left alone");
	return 1;
}

// open PATH FLAGS MODE
static void opens(char **a) {
	if (spared(a[0]))
		return;
	int fd = open(a[0], flags(a[1]), (int)number(a[2]));
	report(fd);
	if (fd >= 0)
		glimpse(fd);
	close(fd);
}

// The flags of creat(2) are write, create and truncate.
static void creates(char **a) {
	struct stat s;
	if (spared(a[0]))
		return;
	if (!stat(a[0], &s) && S_ISFIFO(s.st_mode)) {
		printf(" would wait");
		return;
	}
	int fd = creat(a[0], (int)number(a[1]));
	report(fd);
	if (fd >= 0)
		glimpse(fd);
	close(fd);
}

// fstatat SLOT PATH
static void look_at(char **a) {
	struct stat s;
	int r = fstatat(slot(a[0]), a[1], &s, AT_SYMLINK_NOFOLLOW);
	report(r);
	if (!r)
		printf(" %o %u:%u", s.st_mode, s.st_uid, s.st_gid);
}

// keep SLOT PATH FLAGS MODE: it stays open
static void keep(char **a) {
	if (spared(a[1]))
		return;
	int fd = open(a[1], flags(a[2]), (int)number(a[3]));
	report(fd);
	if (fd >= 0)
		dup2(fd, slot(a[0]));
	close(fd);
}

static void look(char **a) {
	glimpse(slot(a[0]));
}

static void writes(char **a) {
	if (spared(a[0]))
		return;
	int fd = open(a[0], O_WRONLY | O_NONBLOCK | (turn % 2 ? O_APPEND : 0));
	report(fd);
	if (fd >= 0)
		report(write(fd, a[1], strlen(a[1])));
	close(fd);
}

static void write_open(char **a) {
	int fd = slot(a[0]);
	report(write(fd, a[1], strlen(a[1])));
	glimpse(fd);
}

static void reads(char **a) {
	char text[64];
	if (spared(a[0]))
		return;
	int fd = open(a[0], O_RDONLY | O_NONBLOCK);
	report(fd);
	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof text - 1);
		text[n < 0 ? 0 : n] = 0;
		report(n);
		printf(" %s", text);
	}
	close(fd);
}

static void cut(char **a) {
	if (spared(a[0]))
		return;
	report(truncate(a[0], number(a[1])));
}

static void cut_open(char **a) {
	report(ftruncate(slot(a[0]), number(a[1])));
	glimpse(slot(a[0]));
}

const struct op open_ops[] = {
	{"open", "p..", opens}, {"creat", "p.", creates}, {"fstatat", "..", look_at}, {"keep", ".p..", keep}, {"fstat", ".", look}, {"write", "p.", writes}, {"fwrite", "..", write_open},
	{"read", "p", reads}, {"truncate", "p.", cut}, {"ftruncate", "..", cut_open}, {0},
};

// access PATH MODE
static void may(char **a) {
	int mode = number(a[1]);
#ifdef SYS_access
	report(turn % 2 ? syscall(SYS_access, a[0], mode) : syscall(SYS_faccessat, AT_FDCWD, a[0], mode));
#else
	report(syscall(SYS_faccessat, AT_FDCWD, a[0], mode));
#endif
}

// access2 PATH MODE FLAGS
static void may2(char **a) { report(syscall(SYS_faccessat2, AT_FDCWD, a[0], (int)number(a[1]), (int)number(a[2]))); }

static void lists(char **a) { list(a[0]); }

static void follow(char **a) {
	struct stat s;
	int r = stat(a[0], &s);
	report(r);
	if (!r)
		printf(" %o %u:%u", s.st_mode, s.st_uid, s.st_gid);
}

static void text(char **a) {
	char to[128];
	ssize_t n = readlink(a[0], to, sizeof to - 1);
	to[n < 0 ? 0 : n] = 0;
	report(n);
	printf(" %s", to);
}

static void everything(char **a) {
	(void)a;
	printf("\n");
	whole();
}

// A device is opened here all the same.
static void open_device(char **a) {
	char text[4];
	int fd = open(a[0], O_RDONLY);
	report(fd);
	ssize_t n = read(fd, text, sizeof text);
	report(n);
	printf(" %zd", n);
	close(fd);
}

static void open2(char **a) {
	struct open_how how = {.flags = O_RDONLY};
	int fd = syscall(SYS_openat2, AT_FDCWD, a[0], &how, sizeof how);
	report(fd);
	close(fd);
}

static void by_oldstat(char **a) {
#ifdef __i386__
	unsigned char old[64];
	report(syscall(SYS_oldstat, a[0], old));
#else
	report(access(a[0], F_OK));
#endif
}

const struct op ask_ops[] = {
	{"access", "..", may}, {"access2", "...", may2}, {"list", ".", lists}, {"stat", ".", follow}, {"readlink", ".", text},
	{"whole", "", everything}, {"opendevice", ".", open_device},
	{"openat2", ".", open2}, {"oldstat", ".", by_oldstat}, {0},
};
