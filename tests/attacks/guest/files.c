// Attacks by paths: opens in all forms, and the calls that change directories.
#include "guest.h"

static void open_rdonly_trunc(void) { syscall(SYS_open, F("file"), O_RDONLY | O_TRUNC); }
static void open_rdonly_creat(void) { syscall(SYS_open, F("new"), O_RDONLY | O_CREAT, 0644); }
static void open_creat(void) { syscall(SYS_creat, F("file"), 0644); }
static void open_rdwr(void) {
	int fd = syscall(SYS_openat, AT_FDCWD, F("file"), O_RDWR);
	if (fd < 0 || write(fd, "x", 1) < 0)
		return;
}
static void open_append(void) {
	int fd = syscall(SYS_openat, AT_FDCWD, F("file"), O_WRONLY | O_APPEND);
	if (fd < 0 || write(fd, "x", 1) < 0)
		return;
}
static void open_mmap(void) {
	int fd = open(F("file"), O_RDWR);
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m != MAP_FAILED) {
		*m = 'x';
		msync(m, 4096, MS_SYNC);
	}
}
static void open_tmpfile_link(void) {
	int fd = open(F(""), O_TMPFILE | O_RDWR, 0644);
	char self[64];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	linkat(AT_FDCWD, self, AT_FDCWD, F("new"), AT_SYMLINK_FOLLOW);
}
static void tmpfile_link_out(void) { // made inside, named outside
	int fd = open(A(""), O_TMPFILE | O_RDWR, 0644);
	char self[64];
	snprintf(self, sizeof self, "/proc/thread-self/fd/%d", fd);
	linkat(AT_FDCWD, self, AT_FDCWD, F("new"), AT_SYMLINK_FOLLOW);
}
static void tmpfile_link_empty(void) {
	int fd = open(A(""), O_TMPFILE | O_RDWR, 0644);
	if (linkat(fd, "", AT_FDCWD, F("new"), AT_EMPTY_PATH) != 0) { // needs CAP_DAC_READ_SEARCH
		char self[64];
		snprintf(self, sizeof self, "/dev/fd/%d", fd);
		linkat(AT_FDCWD, self, AT_FDCWD, F("new"), AT_SYMLINK_FOLLOW);
	}
}
static void open_mode3_fchmod(void) { fchmod(open(F("file"), 3), 0600); }
static void open_mode3_ioctl(void) {
	int flags = FS_NODUMP_FL;
	ioctl(open(F("file"), 3), FS_IOC_SETFLAGS, &flags);
}
struct how {
	uint64_t flags, mode, resolve;
};
static void openat2_creat(void) {
	static struct how how = {O_CREAT | O_WRONLY, 0644, 0};
	syscall(437, AT_FDCWD, F("new"), &how, sizeof how);
}
static void openat2_trunc(void) {
	static struct how how = {O_RDONLY | O_TRUNC, 0, 0};
	syscall(437, AT_FDCWD, F("file"), &how, sizeof how);
}
static void openat2_in_root(void) { // an absolute path that is none
	static struct how how = {O_CREAT | O_WRONLY, 0644, 0x10};
	syscall(437, open(F(""), O_RDONLY), "/new", &how, sizeof how);
}
static void open_flags_highbits(void) {
	syscall(SYS_openat, AT_FDCWD, F("new"), (long)(0xdeadbeef00000000ull | O_CREAT | O_WRONLY), 0644);
}
static void open_path_highbits(void) { // O_PATH in the half that does not count
	syscall(SYS_openat, AT_FDCWD, F("file"), (long)(0x0020000000000000ull | O_WRONLY | O_TRUNC));
}
static void open_dirfd_highbits(void) {
	long fd = open(F(""), O_RDONLY);
	syscall(SYS_openat, (long)(fd | 0xdeadbeef00000000ull), "new", O_CREAT | O_WRONLY, 0644);
}
static void open_cwd_highbits(void) {
	if (chdir(F("")) != 0)
		return;
	syscall(SYS_openat, (long)(uint32_t)AT_FDCWD, "new", O_CREAT | O_WRONLY, 0644);
}
static void open_dotdot(void) { open(A("dir/../../f/new"), O_CREAT | O_WRONLY, 0644); }
static void open_slashes(void) { open(A("//.//..///f//.//new"), O_CREAT | O_WRONLY, 0644); }
static void open_lookalike(void) { // the name of the allowed directory is a prefix of another
	char path[300];
	snprintf(path, sizeof path, "%s/a/../f/a-lookalike", root);
	open(path, O_CREAT | O_WRONLY, 0644);
}
static void open_cwd(void) {
	if (chdir(F("dir")) == 0)
		open("new", O_CREAT | O_WRONLY, 0644);
}
static void open_fchdir(void) {
	if (fchdir(open(F("dir"), O_PATH)) == 0)
		open("new", O_CREAT | O_WRONLY, 0644);
}
static void open_dirfd(void) { openat(open(F(""), O_PATH), "new", O_CREAT | O_WRONLY, 0644); }
static void deep_cwd(void) { // the name of the directory is longer than a path can be
	char name[201];
	memset(name, 'd', 200);
	name[200] = 0;
	if (chdir(F("dir")) != 0)
		return;
	open("new0", O_CREAT | O_WRONLY, 0644);
	for (int i = 0; i < 30; i++)
		if (mkdir(name, 0755) != 0 || chdir(name) != 0)
			return;
	open("new", O_CREAT | O_WRONLY, 0644);
}

static void truncate_path(void) { syscall(SYS_truncate, F("file"), 1L); }
static void mkdir_at(void) { mkdir(F("new"), 0755); }
static void mkdir_dirfd(void) { mkdirat(open(F(""), O_RDONLY), "new", 0755); }
static void rmdir_at(void) { rmdir(F("empty")); }
static void unlink_at(void) { unlink(F("file")); }
static void unlinkat_dir(void) { unlinkat(open(F(""), O_RDONLY), "empty", AT_REMOVEDIR); }
static void unlink_link(void) { unlink(F("link")); }
static void symlink_at(void) { symlink("x", F("new")); }
static void mkfifo_at(void) { mknod(F("new"), S_IFIFO | 0644, 0); }
static void mknod_whiteout(void) { mknod(F("new"), S_IFCHR, 0); }
static void mknodat_regular(void) { mknodat(open(F(""), O_PATH), "new", S_IFREG | 0644, 0); }
static void bind_socket(void) {
	struct sockaddr_un un = {AF_UNIX, ""};
	strcpy(un.sun_path, F("new"));
	bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, sizeof un);
}
static void bind_full_path(void) { // sun_path without an end
	struct {
		struct sockaddr_un un;
		char more[32];
	} s = {{AF_UNIX, ""}, ""};
	if (chdir(F("")) != 0)
		return;
	memset(s.un.sun_path, '/', sizeof s.un.sun_path);
	memcpy(s.un.sun_path, "./", 2);
	memcpy(s.un.sun_path + sizeof s.un.sun_path - 3, "new", 3);
	bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&s.un, sizeof s.un);
}

static void rename_out(void) { rename(A("file"), F("new")); }
static void rename_over(void) { rename(A("file"), F("file")); }
static void rename_in(void) { rename(F("file"), A("new")); }
static void rename_exchange(void) { syscall(SYS_renameat2, AT_FDCWD, A("file"), AT_FDCWD, F("file"), RENAME_EXCHANGE); }
static void rename_exchange_back(void) { syscall(SYS_renameat2, AT_FDCWD, F("file"), AT_FDCWD, A("file"), RENAME_EXCHANGE); }
static void rename_whiteout(void) { syscall(SYS_renameat2, AT_FDCWD, F("file"), AT_FDCWD, F("new"), RENAME_WHITEOUT); }
static void rename_noreplace(void) { syscall(SYS_renameat2, AT_FDCWD, A("file"), AT_FDCWD, F("new"), RENAME_NOREPLACE); }
static void rename_dir_in_write(void) {
	if (rename(F("dir"), A("moved")) == 0)
		open(A("moved/inner"), O_WRONLY | O_TRUNC);
}
static void rename_roots(void) { // the allowed root in place of the forbidden one
	if (syscall(SYS_renameat2, AT_FDCWD, A(""), AT_FDCWD, F(""), RENAME_EXCHANGE) == 0)
		open(A("file"), O_WRONLY | O_TRUNC);
}
static void rename_root_away(void) {
	char other[300];
	snprintf(other, sizeof other, "%s/f/was-a", root);
	rename(A(""), other);
}
static void root_replaced(void) { // the allowed root becomes a link
	char other[300];
	snprintf(other, sizeof other, "%s/a/dir", root);
	unlink(A("file"));
	unlink(A("dir/inner"));
	rmdir(other);
	unlink(A("out"));
	unlink(A("outdir"));
	if (rmdir(A("")) == 0 && symlink("f", A("")) == 0)
		open(A("file"), O_WRONLY | O_TRUNC);
}
// The rules of this one deny "sub/secret" below the allowed directory.
static void deny_moved(void) {
	if (rename(F("../a/sub"), A("moved")) == 0)
		open(A("moved/secret/file"), O_WRONLY | O_TRUNC);
}
static void deny_exchanged(void) {
	mkdir(A("other"), 0755);
	if (syscall(SYS_renameat2, AT_FDCWD, A("other"), AT_FDCWD, A("sub"), RENAME_EXCHANGE) == 0)
		open(A("other/secret/file"), O_WRONLY | O_TRUNC);
}
static void deny_linked(void) {
	if (link(A("sub/secret/file"), A("alias")) == 0)
		open(A("alias"), O_WRONLY | O_TRUNC);
}

#define X(f) {#f, f}
const struct attack files_attacks[] = {
	X(open_rdonly_trunc), X(open_rdonly_creat), X(open_creat), X(open_rdwr), X(open_append), X(open_mmap),
	X(open_tmpfile_link), X(tmpfile_link_out), X(tmpfile_link_empty), X(open_mode3_fchmod), X(open_mode3_ioctl),
	X(openat2_creat), X(openat2_trunc), X(openat2_in_root), X(open_flags_highbits), X(open_path_highbits),
	X(open_dirfd_highbits), X(open_cwd_highbits), X(open_dotdot), X(open_slashes), X(open_lookalike), X(open_cwd),
	X(open_fchdir), X(open_dirfd), X(deep_cwd), X(truncate_path), X(mkdir_at), X(mkdir_dirfd), X(rmdir_at),
	X(unlink_at), X(unlinkat_dir), X(unlink_link), X(symlink_at), X(mkfifo_at), X(mknod_whiteout), X(mknodat_regular),
	X(bind_socket), X(bind_full_path), X(rename_out), X(rename_over), X(rename_in), X(rename_exchange),
	X(rename_exchange_back), X(rename_whiteout), X(rename_noreplace), X(rename_dir_in_write), X(rename_roots),
	X(rename_root_away), X(root_replaced), X(deny_moved), X(deny_exchanged), X(deny_linked), {NULL, NULL},
};
