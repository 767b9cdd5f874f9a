// Operations that make, move and remove names.
#include "guest.h"
#include <linux/fs.h>
#include <sys/socket.h>
#include <sys/un.h>

// EITHER makes the second of two calls each other time, the first where it exists.
#define EITHER(first, second) (turn % 2 ? (first) : (second))

static void make_dir(char **a) {
	int mode = number(a[1]);
	report(EITHER(mkdir(a[0], mode), mkdirat(AT_FDCWD, a[0], mode)));
}

static void make_node(char **a) {
	mode_t mode = number(a[2]);
	dev_t dev = 0;
	switch (*a[1]) {
	case 'c': mode |= S_IFCHR; break;
	case 'b': mode |= S_IFBLK; break;
	case 'p': mode |= S_IFIFO; break;
	case 's': mode |= S_IFSOCK; break;
	case 'f': mode |= S_IFREG; break;
	case 'd': mode |= S_IFDIR; break; // refused by every kernel
	}
	dev = makedev(number(a[3]), number(a[4]));
#ifdef SYS_mknod
	report(EITHER(syscall(SYS_mknod, a[0], mode, (unsigned)dev), syscall(SYS_mknodat, AT_FDCWD, a[0], mode, (unsigned)dev)));
#else
	report(syscall(SYS_mknodat, AT_FDCWD, a[0], mode, (unsigned)dev));
#endif
}

static void make_link(char **a) { report(symlink(a[0], a[1])); }

static void make_socket(char **a) {
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	snprintf(to.sun_path, sizeof to.sun_path, "%s", a[0]);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	report(fd < 0 ? -1 : bind(fd, (struct sockaddr *)&to, sizeof to));
	close(fd);
}

static void hard_link(char **a) { report(EITHER(link(a[0], a[1]), linkat(AT_FDCWD, a[0], AT_FDCWD, a[1], 0))); }

static void follow_link(char **a) { report(linkat(AT_FDCWD, a[0], AT_FDCWD, a[1], AT_SYMLINK_FOLLOW)); }

// A name for what is open: the way that open(2) describes for O_TMPFILE.
static void name_open(char **a) {
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", slot(a[0]));
	report(linkat(AT_FDCWD, path, AT_FDCWD, a[1], AT_SYMLINK_FOLLOW));
}

// The same by an empty path, which needs a capability.
static void name_empty(char **a) { report(linkat(slot(a[0]), "", AT_FDCWD, a[1], AT_EMPTY_PATH)); }

static void forget(char **a) { report(EITHER(unlink(a[0]), unlinkat(AT_FDCWD, a[0], 0))); }

static void forget_dir(char **a) { report(EITHER(rmdir(a[0]), unlinkat(AT_FDCWD, a[0], AT_REMOVEDIR))); }

static void move(char **a) { report(EITHER(rename(a[0], a[1]), renameat(AT_FDCWD, a[0], AT_FDCWD, a[1]))); }

static void swap(char **a) { report(syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_EXCHANGE)); }

static void move_new(char **a) { report(syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_NOREPLACE)); }

static void whiteout(char **a) { report(syscall(SYS_renameat2, AT_FDCWD, a[0], AT_FDCWD, a[1], RENAME_WHITEOUT)); }

static void go(char **a) { report(chdir(a[0])); }

// Back to the directory of the sequence.
static void go_back(char **a) {
	(void)a;
	report(fchdir(HOME));
}

// Names in an open directory.
static void make_dir_at(char **a) { report(mkdirat(slot(a[0]), a[1], number(a[2]))); }
static void forget_at(char **a) { report(unlinkat(slot(a[0]), a[1], 0)); }
static void move_at(char **a) { report(renameat(slot(a[0]), a[1], AT_FDCWD, a[2])); }

const struct op node_ops[] = {
	{"mkdir", "p.", make_dir}, {"mknod", "p....", make_node}, {"symlink", ".p", make_link}, {"bind", "p", make_socket},
	{"link", "pp", hard_link}, {"linkfollow", "pp", follow_link}, {"linkopen", ".p", name_open}, {"linkempty", ".p", name_empty}, {"unlink", "p", forget},
	{"rmdir", "p", forget_dir}, {"rename", "pp", move}, {"exchange", "pp", swap}, {"noreplace", "pp", move_new},
	{"whiteout", "pp", whiteout}, {"chdir", ".", go}, {"back", "", go_back},
	{"mkdirat", "...", make_dir_at}, {"unlinkat", "..", forget_at}, {"renameat", "..p", move_at}, {0},
};
