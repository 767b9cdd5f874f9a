// Operations on extended attributes.
#include "guest.h"
#include <sys/xattr.h>

static void show(const unsigned char *value, ssize_t size) {
	for (ssize_t i = 0; i < size; i++)
		printf("%02x", value[i]);
}

// set PATH NAME VALUE FLAGS
static void set(char **a) {
	unsigned char value[1024];
	size_t size = bytes(a[2], value, sizeof value);
	report(setxattr(a[0], a[1], value, size, number(a[3])));
}

static void lset(char **a) {
	unsigned char value[1024];
	size_t size = bytes(a[2], value, sizeof value);
	report(lsetxattr(a[0], a[1], value, size, number(a[3])));
}

static void fset(char **a) {
	unsigned char value[1024];
	size_t size = bytes(a[2], value, sizeof value);
	report(fsetxattr(slot(a[0]), a[1], value, size, number(a[3])));
	glimpse(slot(a[0]));
}

static void tell(ssize_t n, const unsigned char *value, size_t room) {
	report(n < 0 ? -1 : 0);
	if (n < 0)
		return;
	printf(" %zd", n);
	if (room) {
		printf(" ");
		show(value, n);
	}
}

// get PATH NAME ROOM
static void get(char **a) {
	unsigned char value[1024];
	size_t room = number(a[2]);
	tell(getxattr(a[0], a[1], value, room), value, room);
}

static void lget(char **a) {
	unsigned char value[1024];
	size_t room = number(a[2]);
	tell(lgetxattr(a[0], a[1], value, room), value, room);
}

static void fget(char **a) {
	unsigned char value[1024];
	size_t room = number(a[2]);
	tell(fgetxattr(slot(a[0]), a[1], value, room), value, room);
}

static void removes(char **a) { report(removexattr(a[0], a[1])); }
static void lremoves(char **a) { report(lremovexattr(a[0], a[1])); }
static void fremoves(char **a) { report(fremovexattr(slot(a[0]), a[1])); }

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

// The order of names is the file system's own.
static int sorted(char *names, ssize_t size, char **to, int room) {
	int n = 0;
	for (char *name = names; name < names + size && n < room; name += strlen(name) + 1)
		to[n++] = name;
	qsort(to, n, sizeof *to, by_name);
	return n;
}

static void tell_names(ssize_t size, char *names, size_t room) {
	char *sort[32];
	report(size < 0 ? -1 : 0);
	if (size < 0)
		return;
	printf(" %zd", size);
	int n = sorted(names, room ? size : 0, sort, 32);
	for (int i = 0; i < n; i++)
		printf(" %s", sort[i]);
}

// names PATH ROOM
static void names(char **a) {
	char all[2048];
	size_t room = number(a[1]);
	tell_names(listxattr(a[0], all, room), all, room);
}

static void lnames(char **a) {
	char all[2048];
	size_t room = number(a[1]);
	tell_names(llistxattr(a[0], all, room), all, room);
}

static void fnames(char **a) {
	char all[2048];
	size_t room = number(a[1]);
	tell_names(flistxattr(slot(a[0]), all, room), all, room);
}

void attributes(const char *path) {
	char names[2048], *sort[32];
	unsigned char value[1024];
	ssize_t size = llistxattr(path, names, sizeof names);
	if (size < 0) {
		printf("  %s: its attributes are not told: %s\n", path, outcome(-1));
		return;
	}
	int n = sorted(names, size, sort, 32);
	for (int i = 0; i < n; i++) {
		ssize_t got = lgetxattr(path, sort[i], value, sizeof value);
		printf("  %s has %s: ", path, sort[i]);
		if (got < 0)
			printf("%s", outcome(-1));
		show(value, got);
		printf("\n");
	}
}

// getxattrat PATH NAME (Linux 6.13)
static void get_at(char **a) {
	unsigned char value[64];
	struct { uint64_t value; uint32_t size, flags; } args = {(uintptr_t)value, sizeof value, 0};
	report(syscall(464, AT_FDCWD, a[0], 0, a[1], &args, sizeof args));
}

const struct op xattr_ops[] = {
	{"setxattr", "p...", set}, {"lsetxattr", "p...", lset}, {"fsetxattr", "....", fset}, {"getxattr", "...", get},
	{"lgetxattr", "...", lget}, {"fgetxattr", "...", fget}, {"removexattr", "p.", removes}, {"lremovexattr", "p.", lremoves},
	{"fremovexattr", "..", fremoves}, {"listxattr", "..", names}, {"llistxattr", "..", lnames}, {"flistxattr", "..", fnames},
	{"getxattrat", "..", get_at}, {0},
};
