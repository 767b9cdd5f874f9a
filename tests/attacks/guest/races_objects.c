// Races that leave the name as it is and move what lies behind it.
#include "races.h"

// exchange: "d" is by turns a directory and a link to the forbidden one, which
// has "file" and "marked" in it as well.
static char dir_d[300], link_l[300], d_new[300], d_file[300];
static void flip_exchange(int side) { syscall(SYS_renameat2, AT_FDCWD, dir_d, AT_FDCWD, link_l, RENAME_EXCHANGE); }
static void exchange(call c) {
	strcpy(dir_d, A("d"));
	strcpy(link_l, A("l"));
	strcpy(d_new, A("d/new"));
	strcpy(d_file, A("d/file"));
	mkdir(dir_d, 0755);
	close(creat(d_file, 0644));
	if (symlink("../f", link_l) != 0)
		return cannot("symlink");
	race(THREAD, flip_exchange, c);
}
static int d_open(long n) { return close(open(d_new, O_WRONLY | O_CREAT, 0644)), 0; }
static int d_trunc(long n) { return close(open(d_file, O_RDONLY | O_TRUNC)), 0; }
static int d_mkdir(long n) { return mkdir(d_new, 0755), 0; }
static int d_symlink(long n) { return symlink("x", d_new), 0; }
static int d_mknod(long n) { return mknod(d_new, S_IFREG | 0644, 0), 0; }
static int d_unlink(long n) {
	if (unlink(d_file) == 0)
		close(creat(d_file, 0644));
	return 0;
}
static int d_rename(long n) {
	if (rename(A("file"), d_new) == 0)
		close(creat(A("file"), 0644));
	return 0;
}
static int d_link(long n) { return n & 1 ? link(A("file"), d_new) : link(d_file, A("alias")), 0; }
static int d_bind(long n) {
	struct sockaddr_un un = {AF_UNIX, ""};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(un.sun_path, d_new);
	return bind(s, (struct sockaddr *)&un, sizeof un), close(s), 0;
}
static int d_chmod(long n) { return chmod(d_file, n & 1 ? 0600 : 0644), 0; }
static int d_chown(long n) { return chown(d_file, getuid(), getgid()), 0; }
static int d_utimes(long n) { return utimensat(AT_FDCWD, d_file, NULL, 0), 0; }
static int d_setxattr(long n) { return setxattr(d_file, "user.x", "1", 1, 0), 0; }
static void exchange_open(void) { exchange(d_open); }
static void exchange_trunc(void) { exchange(d_trunc); }
static void exchange_mkdir(void) { exchange(d_mkdir); }
static void exchange_symlink(void) { exchange(d_symlink); }
static void exchange_mknod(void) { exchange(d_mknod); }
static void exchange_unlink(void) { exchange(d_unlink); }
static void exchange_rename(void) { exchange(d_rename); }
static void exchange_link(void) { exchange(d_link); }
static void exchange_bind(void) { exchange(d_bind); }
static void exchange_chmod(void) { exchange(d_chmod); }
static void exchange_chown(void) { exchange(d_chown); }
static void exchange_utimes(void) { exchange(d_utimes); }
static void exchange_setxattr(void) { exchange(d_setxattr); }

// relink: the last component is a link, which another replaces by rename.
static char link_next[300];
static const char *targets[2];
static void flip_link(int side) {
	if (symlink(targets[side], link_next) == 0)
		rename(link_next, link_l);
}
static void relink(const char *inside, const char *outside, call c) {
	strcpy(link_l, A("l"));
	strcpy(link_next, A("next"));
	targets[0] = inside;
	targets[1] = outside;
	race(THREAD, flip_link, c);
}
static int l_open(long n) { return close(open(link_l, O_WRONLY | O_CREAT, 0644)), 0; }
static int l_chmod(long n) { return chmod(link_l, n & 1 ? 0600 : 0644), 0; }
static int l_setxattr(long n) { return setxattr(link_l, "user.x", "1", 1, 0), 0; }
static void relink_open(void) { relink("new", "../f/new", l_open); }
static void relink_chmod(void) { relink("file", "../f/file", l_chmod); }
static void relink_setxattr(void) { relink("file", "../f/file", l_setxattr); }

static int l_rate(long n) { // how readily the kernel kills the process
	char path[64], text[16] = "";
	int fd = open(link_l, O_WRONLY);
	if (fd >= 0 && (write(fd, "777", 3) != 3 || close(fd) != 0))
		return 0;
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", victim);
	fd = open(path, O_RDONLY);
	return read(fd, text, sizeof text - 1) > 0 && close(fd) == 0 && atoi(text) == 777;
}
static void own_proc_file(void) { // a file that a process may write of itself
	static char path[64];
	snprintf(path, sizeof path, "/proc/%d/oom_score_adj", victim);
	relink("/proc/self/oom_score_adj", path, l_rate);
}

// dotdot: the directory that ".." leaves is moved up and down.
static char low_y[300], high_y[300];
static int from_y;
static void flip_depth(int side) { side ? rename(low_y, high_y) : rename(high_y, low_y); }
static void dotdot(call c) {
	strcpy(low_y, A("x/y"));
	strcpy(high_y, A("y"));
	mkdir(A("x"), 0755);
	mkdir(low_y, 0755);
	mkdir(A("f"), 0755);
	close(creat(A("f/file"), 0644));
	from_y = open(low_y, O_RDONLY | O_DIRECTORY);
	race(THREAD, flip_depth, c);
}
static int y_open(long n) { return close(openat(from_y, "../../f/new", O_WRONLY | O_CREAT, 0644)), 0; }
static int y_chmod(long n) { return fchmodat(from_y, "../../f/file", n & 1 ? 0600 : 0644, 0), 0; }
static void dotdot_open(void) { dotdot(y_open); }
static void dotdot_chmod(void) { dotdot(y_chmod); }

// chdir: a process that shares the working directory changes it.
static void flip_cwd(int side) {
	if (chdir(two_names[side]) != 0)
		abort();
}
static void cwd(int by, call c) {
	pair("");
	race(by, flip_cwd, c);
}
static int c_open(long n) { return close(open("new", O_WRONLY | O_CREAT, 0644)), 0; }
static int c_mkdir(long n) { return mkdir("new", 0755), 0; }
static int c_unlink(long n) { return unlink("file"), 0; }
static int c_chmod(long n) { return chmod("file", n & 1 ? 0600 : 0644), 0; }
static int c_utimes(long n) { return utimensat(AT_FDCWD, "file", NULL, 0), 0; }
static void chdir_open(void) { cwd(CLONE_FS, c_open); }
static void chdir_mkdir(void) { cwd(THREAD, c_mkdir); }
static void chdir_unlink(void) { cwd(CLONE_FS, c_unlink); }
static void chdir_chmod(void) { cwd(CLONE_FS, c_chmod); }
static void chdir_utimes(void) { cwd(THREAD, c_utimes); }

// What follows has rules of its own: "sub/secret" is denied, or is what a pattern
// does not match. "sub/secreu" beside it is allowed.
static volatile char *last;
static void flip_secret(int side) { *last = side ? 't' : 'u'; }
static void secret(const char *file, call c) {
	static char path[300];
	mkdir(A("sub/secreu"), 0755);
	close(creat(A("sub/secreu/file"), 0644));
	name = path;
	strcpy(path, A("sub/secreu/"));
	last = path + strlen(path) - 2;
	strcat(path, file);
	race(THREAD, flip_secret, c);
}
static int s_open(long n) { return close(open(name, O_WRONLY | O_CREAT, 0644)), 0; }
static int s_unlink(long n) { return unlink(name), 0; }
static int s_chmod(long n) { return chmod(name, n & 1 ? 0600 : 0644), 0; }
static void deny_race_open(void) { secret("new", s_open); }
static void deny_race_unlink(void) { secret("file", s_unlink); }
static void deny_race_chmod(void) { secret("file", s_chmod); }
static void pattern_race_open(void) { secret("new", s_open); }
static void pattern_race_unlink(void) { secret("file", s_unlink); }
static void pattern_race_chmod(void) { secret("file", s_chmod); }

#define X(f) {#f, f}
const struct attack races_objects_attacks[] = {
	X(exchange_open), X(exchange_trunc), X(exchange_mkdir), X(exchange_symlink), X(exchange_mknod),
	X(exchange_unlink), X(exchange_rename), X(exchange_link), X(exchange_bind), X(exchange_chmod), X(exchange_chown),
	X(exchange_utimes), X(exchange_setxattr), X(relink_open), X(relink_chmod), X(relink_setxattr), X(own_proc_file),
	X(dotdot_open), X(dotdot_chmod), X(chdir_open), X(chdir_mkdir), X(chdir_unlink), X(chdir_chmod), X(chdir_utimes),
	X(deny_race_open), X(deny_race_unlink), X(deny_race_chmod), X(pattern_race_open), X(pattern_race_unlink),
	X(pattern_race_chmod),
	{NULL, NULL},
};
