/*
 * owner: a program that gives files away and says what it sees of them.
 *
 *     owner
 *
 * works in the current directory, which must be empty, as root or as somebody who
 * takes himself for root. Each file is looked at in every way there is; tests/owners/guest
 * prints the same. The exit status is 0, 1 if a call failed, 3 if two ways differ.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MUST(call)                                                                \
	do {                                                                      \
		if ((call) < 0) {                                                 \
			printf("%s: %s\n", #call, strerror(errno));               \
			exit(1);                                                  \
		}                                                                 \
	} while (0)

static void same(const char *how, const struct stat *a, const struct stat *b)
{
	if (a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid && a->st_rdev == b->st_rdev)
		return;
	printf("%s sees %o %u:%u\n", how, b->st_mode, b->st_uid, b->st_gid);
	exit(3);
}

static void look(const char *name)
{
	struct stat st, other = {0};
	struct statx x;
	int fd;

	MUST(lstat(name, &st));
	printf("%s %o %u:%u %u,%u %u\n", name, st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev),
	       (unsigned)st.st_nlink);
	MUST(statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x));
	other.st_mode = x.stx_mode;
	other.st_uid = x.stx_uid;
	other.st_gid = x.stx_gid;
	other.st_rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor);
	same("statx", &st, &other);
	MUST(fd = open(name, O_PATH | O_NOFOLLOW));
	MUST(fstat(fd, &other));
	same("fstat", &st, &other);
	MUST(fstatat(fd, "", &other, AT_EMPTY_PATH));
	same("fstatat of a descriptor", &st, &other);
	MUST(close(fd));
	if (S_ISLNK(st.st_mode))
		return;
	MUST(stat(name, &other));
	same("stat", &st, &other);
#ifdef __i386__ /* with ids of 16 bits */
	struct {
		unsigned long dev, ino;
		unsigned short mode, nlink, uid, gid;
		char rest[64];
	} old;
	MUST(syscall(SYS_lstat, name, &old));
	other.st_mode = old.mode;
	other.st_uid = old.uid;
	other.st_gid = old.gid;
	same("lstat of old", &st, &other);
#endif
}

/* what readdir says, in the order of names */
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void entries(void)
{
	struct dirent **all;
	int n;

	MUST(n = scandir(".", &all, NULL, by_name));
	for (int i = 0; i < n; i++)
		if (all[i]->d_name[0] != '.')
			printf("%s type %o\n", all[i]->d_name, DTTOIF(all[i]->d_type));
}

static void give_away(void)
{
	int fd;

	MUST(chown("file", 1, 2));
	MUST(symlink("file", "link"));
	MUST(lchown("link", 3, 4));
	MUST(fd = open("file", O_RDONLY));
	MUST(fchown(fd, 5, -1));
	MUST(fchownat(fd, "", -1, 6, AT_EMPTY_PATH));
	MUST(fchmod(fd, 04711));
	MUST(close(fd));
	MUST(mkdir("dir", 0700));
	MUST(chown("dir", 7, 8));
	MUST(chmod("dir", 03770));
#ifdef __i386__ /* the call with ids of 16 bits */
	MUST(syscall(SYS_chown, "dir", 7, 9));
#else
	MUST(chown("dir", -1, 9));
#endif
	MUST(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	MUST(mknod("disk", S_IFBLK | 0660, makedev(8, 1)));
	MUST(chown("disk", 0, 6));
	MUST(mkfifo("fifo", 0600));
	MUST(link("file", "hard"));
	MUST(rename("null", "zero"));
}

int main(void)
{
	char value[64];
	ssize_t n;
	int fd;

	umask(022);
	MUST(fd = open("file", O_WRONLY | O_CREAT | O_EXCL, 0644));
	MUST(close(fd));
	look("file");
	give_away();
	look("file");
	look("hard");
	look("link");
	look("dir");
	look("zero");
	look("disk");
	look("fifo");
	MUST(setxattr("file", "trusted.from", "root", 4, 0));
	MUST(n = getxattr("hard", "trusted.from", value, sizeof value));
	printf("trusted.from %.*s\n", (int)n, value);
	entries();
	MUST(unlink("file"));
	MUST(chown("hard", 0, 0)); /* takes the set-user-id bit away */
	look("hard");
	printf("ids %u %u %u %u\n", getuid(), geteuid(), getgid(), getegid());
	return 0;
}
