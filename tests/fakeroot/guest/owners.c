// Operations that change owner, mode and times.
#include "guest.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static void mode_of_path(char **a) {
	int mode = number(a[1]);
#ifdef SYS_chmod
	report(turn % 2 ? syscall(SYS_chmod, a[0], mode) : syscall(SYS_fchmodat, AT_FDCWD, a[0], mode));
#else
	report(syscall(SYS_fchmodat, AT_FDCWD, a[0], mode));
#endif
}

static void mode_of_link(char **a) { report(syscall(SYS_fchmodat2, AT_FDCWD, a[0], (int)number(a[1]), AT_SYMLINK_NOFOLLOW)); }

static void mode_of_open(char **a) {
	report(fchmod(slot(a[0]), number(a[1])));
	glimpse(slot(a[0]));
}

#ifdef SYS_chown32 // i386: ids of 32 bits have calls of their own
#define CHOWN SYS_chown32
#define LCHOWN SYS_lchown32
#define FCHOWN SYS_fchown32
#else
#define CHOWN SYS_chown
#define LCHOWN SYS_lchown
#define FCHOWN SYS_fchown
#endif

static long chown_at(const char *path, char **a, int flags) { return syscall(SYS_fchownat, AT_FDCWD, path, id(a[1]), id(a[2]), flags); }

static void owner_of_path(char **a) {
#ifdef SYS_chown
	report(turn % 2 ? syscall(CHOWN, a[0], id(a[1]), id(a[2])) : chown_at(a[0], a, 0));
#else
	report(chown_at(a[0], a, 0));
#endif
}

static void owner_of_link(char **a) {
#ifdef SYS_lchown
	report(turn % 2 ? syscall(LCHOWN, a[0], id(a[1]), id(a[2])) : chown_at(a[0], a, AT_SYMLINK_NOFOLLOW));
#else
	report(chown_at(a[0], a, AT_SYMLINK_NOFOLLOW));
#endif
}

static void owner_of_open(char **a) {
	int fd = slot(a[0]);
	report(turn % 2 ? syscall(FCHOWN, fd, id(a[1]), id(a[2])) : syscall(SYS_fchownat, fd, "", id(a[1]), id(a[2]), AT_EMPTY_PATH));
	glimpse(fd);
}

// fchownat SLOT PATH UID GID, fchmodat SLOT PATH MODE: in an open directory
static void owner_at(char **a) { report(syscall(SYS_fchownat, slot(a[0]), a[1], id(a[2]), id(a[3]), AT_SYMLINK_NOFOLLOW)); }
static void mode_at(char **a) { report(syscall(SYS_fchmodat, slot(a[0]), a[1], (int)number(a[2]))); }

// The calls with ids of 16 bits; elsewhere the ordinary ones.
static void owner_16(char **a) {
#ifdef __i386__
	report(syscall(turn % 2 ? SYS_chown : SYS_lchown, a[0], id(a[1]), id(a[2])));
#else
	owner_of_path(a);
#endif
}

static void mask(char **a) { printf(" was %04o", umask(number(a[0]))); }

// The time that looking tells from others, see look.c; or the present.
static void times(char **a) {
	struct timespec t[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	report(utimensat(AT_FDCWD, a[0], t, AT_SYMLINK_NOFOLLOW));
}

static void touch(char **a) { report(utimensat(AT_FDCWD, a[0], NULL, 0)); }

const struct op owner_ops[] = {
	{"chmod", "p.", mode_of_path}, {"lchmod", "p.", mode_of_link}, {"fchmod", "..", mode_of_open}, {"chown", "p..", owner_of_path},
	{"lchown", "p..", owner_of_link}, {"fchown", "...", owner_of_open}, {"chown16", "p..", owner_16}, {"fchownat", "....", owner_at}, {"fchmodat", "...", mode_at}, {"umask", ".", mask},
	{"utime", "p", times}, {"touch", "p", touch}, {0},
};
