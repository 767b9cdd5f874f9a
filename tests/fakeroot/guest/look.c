// Looking: all calls that tell owner, mode, device number and type of a file.
#include "guest.h"
#include <linux/stat.h>

const char *outcome(long result) {
	const char *name = result == -1 ? strerrorname_np(errno) : "ok";
	return name ? name : "an unknown error";
}

void report(long result) { printf(" %s", outcome(result)); }

unsigned long long number(const char *text) { return strtoull(text, NULL, 0); }

uint32_t id(const char *text) { return (uint32_t)strtoll(text, NULL, 0); }

size_t bytes(const char *text, unsigned char *to, size_t size) {
	size_t n = 0;
	unsigned byte;
	for (; *text != '-' && n < size && sscanf(text, "%2x", &byte) == 1; text += 2)
		to[n++] = byte;
	return n;
}

int slot(const char *text) { return 10 + number(text) % 3; }

// seen is what a call has told. The time of the last change is told by whether it is
// the one that the operation utime sets.
struct seen {
	uint32_t mode, uid, gid, major, minor;
	unsigned long long links, size;
	int old;
};

enum { OLD = 1000000000 };

#define SEEN(s) (struct seen){(s).st_mode, (s).st_uid, (s).st_gid, major((s).st_rdev), minor((s).st_rdev), (s).st_nlink, (s).st_size, (s).st_mtime == OLD}

// The calls, each with an empty path for the descriptor itself; -2 stands for a call
// that cannot be asked.
static int by_libc(int fd, const char *path, int flags, struct seen *to) {
	struct stat s;
	int r = *path ? fstatat(AT_FDCWD, path, &s, flags) : fstat(fd, &s);
	*to = SEEN(s);
	return r;
}

static int by_statx(int fd, const char *path, int flags, struct seen *to) {
	struct statx s;
	int r = *path ? syscall(SYS_statx, AT_FDCWD, path, flags, STATX_BASIC_STATS, &s)
		: syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s);
	*to = (struct seen){s.stx_mode, s.stx_uid, s.stx_gid, s.stx_rdev_major, s.stx_rdev_minor, s.stx_nlink, s.stx_size, s.stx_mtime.tv_sec == OLD};
	return r;
}

#ifdef __i386__
// The structure of stat64(2) with 32-bit times, which no header of libc has.
struct stat64_i386 {
	uint64_t dev;
	uint32_t pad, low_ino, mode, nlink, uid, gid;
	uint64_t rdev;
	uint32_t pad2;
	int64_t size __attribute__((packed));
	uint32_t blksize;
	uint64_t blocks __attribute__((packed));
	uint32_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
	uint64_t ino __attribute__((packed));
} __attribute__((packed));

struct stat_i386 {
	uint32_t dev, ino;
	uint16_t mode, nlink, uid, gid;
	uint32_t rdev, size, blksize, blocks, atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, pad[2];
};

#define OF64(s) (struct seen){(s).mode, (s).uid, (s).gid, major((s).rdev), minor((s).rdev), (s).nlink, (s).size, (s).mtime == OLD}

static int by_stat64(int fd, const char *path, int flags, struct seen *to) {
	struct stat64_i386 s;
	int r = !*path ? syscall(SYS_fstat64, fd, &s) : syscall(flags ? SYS_lstat64 : SYS_stat64, path, &s);
	*to = OF64(s);
	return r;
}

static int by_fstatat64(int fd, const char *path, int flags, struct seen *to) {
	struct stat64_i386 s;
	int r = *path ? syscall(SYS_fstatat64, AT_FDCWD, path, &s, flags) : syscall(SYS_fstatat64, fd, "", &s, AT_EMPTY_PATH);
	*to = OF64(s);
	return r;
}

static int by_stat(int fd, const char *path, int flags, struct seen *to) {
	struct stat_i386 s;
	int r = !*path ? syscall(SYS_fstat, fd, &s) : syscall(flags ? SYS_lstat : SYS_stat, path, &s);
	*to = (struct seen){s.mode, s.uid, s.gid, s.rdev >> 8, s.rdev & 255, s.nlink, s.size, s.mtime == OLD};
	return r;
}
#else
static int by_fstatat(int fd, const char *path, int flags, struct seen *to) {
	struct stat s;
	int r = *path ? syscall(SYS_newfstatat, AT_FDCWD, path, &s, flags) : syscall(SYS_newfstatat, fd, "", &s, AT_EMPTY_PATH);
	*to = SEEN(s);
	return r;
}
#ifdef SYS_stat
static int by_stat(int fd, const char *path, int flags, struct seen *to) {
	struct stat s;
	int r = !*path ? syscall(SYS_fstat, fd, &s) : syscall(flags ? SYS_lstat : SYS_stat, path, &s);
	*to = SEEN(s);
	return r;
}
#endif
#endif

static const struct call {
	const char *name;
	int (*ask)(int fd, const char *path, int flags, struct seen *to);
} calls[] = {
	{"libc", by_libc},
	{"statx", by_statx},
#ifdef __i386__
	{"stat64", by_stat64},
	{"fstatat64", by_fstatat64},
	{"stat", by_stat},
#else
	{"newfstatat", by_fstatat},
#ifdef SYS_stat
	{"stat", by_stat},
#endif
#endif
};

enum { CALLS = sizeof calls / sizeof *calls };

static const char *kind(uint32_t mode) {
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "dir";
	case S_IFLNK: return "link";
	case S_IFCHR: return "chr";
	case S_IFBLK: return "blk";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "sock";
	}
	return "nothing known";
}

static void spell(char *to, size_t size, int result, const struct seen *s) {
	if (result == -1) {
		snprintf(to, size, "%s", outcome(-1));
		return;
	}
	int n = snprintf(to, size, "%s %04o %u:%u", kind(s->mode), s->mode & 07777, s->uid, s->gid);
	if (S_ISCHR(s->mode) || S_ISBLK(s->mode))
		n += snprintf(to + n, size - n, " rdev %u:%u", s->major, s->minor);
	else if (s->major || s->minor)
		n += snprintf(to + n, size - n, " RDEV %u:%u", s->major, s->minor);
	if (!S_ISDIR(s->mode)) // elsewhere the numbers are the file system's own
		n += snprintf(to + n, size - n, " links %llu size %llu", s->links, s->size);
	snprintf(to + n, size - n, "%s", s->old ? " old" : "");
}

static void ask(const struct call *c, int fd, const char *path, int flags, char *to, size_t size) {
	struct seen s = {0};
	int r = c->ask(fd, path, flags, &s);
	spell(to, size, r, &s);
}

// One call for each look, in turns.
static void one(int fd, const char *path) {
	char text[256];
	const struct call *c = &calls[turn % CALLS];
	ask(c, fd, path, *path ? AT_SYMLINK_NOFOLLOW : 0, text, sizeof text);
	printf("  %s by %s: %s\n", *path ? path : "open", c->name, text);
}

void see(const char *path) { one(-1, path); }
void glimpse(int fd) { printf("\n"); one(fd, ""); }

int device(const char *path) {
	struct stat s;
	return !stat(path, &s) && (S_ISCHR(s.st_mode) || S_ISBLK(s.st_mode));
}

// All calls about one thing, by its path and, without flags to follow a link, by a
// descriptor of it: what the first one says, and each that says something else.
static void all(const char *path, int flags) {
	char first[256], other[256];
	int fd = flags ? open(path, O_PATH | O_NOFOLLOW) : -1;
	ask(&calls[0], -1, path, flags, first, sizeof first);
	printf("  %s%s: %s\n", path, flags ? "" : " followed", first);
	for (int i = 1; i < CALLS; i++) {
		ask(&calls[i], -1, path, flags, other, sizeof other);
		if (strcmp(first, other))
			printf("  %s by %s: %s\n", path, calls[i].name, other);
	}
	for (int i = 0; fd >= 0 && i < CALLS; i++) {
		ask(&calls[i], fd, "", 0, other, sizeof other);
		if (strcmp(first, other))
			printf("  %s opened, by %s: %s\n", path, calls[i].name, other);
	}
	close(fd);
}

// entry is a directory entry as getdents64(2) writes it, old_entry as getdents(2)
// does; there the type is the last byte.
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t length;
	uint8_t type;
	char name[];
} __attribute__((packed));

struct old_entry {
	unsigned long ino, off;
	uint16_t length;
	char name[];
} __attribute__((packed));

// named is what a directory says of a name.
struct named {
	char name[60];
	uint8_t type;
};

static void add(struct named *to, int *n, const char *name, uint8_t type) {
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return;
	snprintf(to[*n].name, sizeof to->name, "%s", name);
	to[(*n)++].type = type;
}

static int by_name(const void *a, const void *b) { return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name); }

static int entries(const char *path, struct named *to, int room) {
	char b[4096];
	int n = 0, fd = open(path, O_RDONLY | O_DIRECTORY), saved;
	long size;
#ifdef SYS_getdents
	if (turn % 2) {
		size = fd < 0 ? -1 : syscall(SYS_getdents, fd, b, sizeof b);
		for (long at = 0; at < size && n < room; at += ((struct old_entry *)(b + at))->length) {
			struct old_entry *e = (struct old_entry *)(b + at);
			add(to, &n, e->name, (uint8_t)((char *)e)[e->length - 1]);
		}
	} else
#endif
	{
		size = fd < 0 ? -1 : syscall(SYS_getdents64, fd, b, sizeof b);
		for (long at = 0; at < size && n < room; at += ((struct entry *)(b + at))->length) {
			struct entry *e = (struct entry *)(b + at);
			add(to, &n, e->name, e->type);
		}
	}
	saved = errno;
	close(fd);
	errno = saved;
	qsort(to, n, sizeof *to, by_name);
	return size < 0 ? -1 : n;
}

static const char *type(const struct named *e) { return kind((uint32_t)e->type << 12); }

void list(const char *path) {
	struct named names[64];
	int n = entries(path, names, 64);
	report(n);
	for (int i = 0; i < n; i++)
		printf(" %s (%s)", names[i].name, type(&names[i]));
}

static void one_file(const char *path, const char *type) {
	struct stat s;
	char text[128];
	all(path, AT_SYMLINK_NOFOLLOW);
	if (lstat(path, &s))
		return;
	if (strcmp(type, kind(s.st_mode)))
		printf("  %s: the directory says %s\n", path, type);
	if (S_ISLNK(s.st_mode)) {
		all(path, 0);
		ssize_t n = readlink(path, text, sizeof text - 1);
		text[n < 0 ? 0 : n] = 0;
		printf("  %s -> %s\n", path, text);
	}
	attributes(path);
}

static void below(const char *dir) {
	struct named names[64];
	char path[256];
	int n = entries(dir, names, 64);
	if (n < 0)
		printf("  %s is not read: %s\n", dir, outcome(-1));
	for (int i = 0; i < n; i++) {
		struct stat s;
		snprintf(path, sizeof path, "%s%s%s", strcmp(dir, ".") ? dir : "", strcmp(dir, ".") ? "/" : "", names[i].name);
		one_file(path, type(&names[i]));
		if (!lstat(path, &s) && S_ISDIR(s.st_mode))
			below(path);
	}
}

void whole(void) {
	printf("left:\n");
	one_file(".", "dir");
	below(".");
}
