// Attacks by links: hard ones in both directions, symbolic ones, and the magic
// ones of procfs.
#include "guest.h"

static char *self(const char *format, int fd) {
	static char path[4][256];
	static int next;
	char *p = path[next++ % 4];
	snprintf(p, 256, format, fd);
	return p;
}
static int empty_write(int fd) { return fd < 0 ? -1 : ftruncate(fd, 0); }

static void link_in(void) { link(F("file"), A("new")); }
static void link_in_write(void) {
	link(F("file"), A("new"));
	empty_write(open(A("new"), O_WRONLY));
}
static void link_in_fd(void) {
	int fd = open(F("file"), O_RDONLY);
	linkat(AT_FDCWD, self("/proc/self/fd/%d", fd), AT_FDCWD, A("new"), AT_SYMLINK_FOLLOW);
	empty_write(open(A("new"), O_WRONLY));
}
static void link_in_empty(void) {
	linkat(open(F("file"), O_PATH), "", AT_FDCWD, A("new"), AT_EMPTY_PATH);
	link_in_fd();
}
static void link_in_follow(void) { linkat(AT_FDCWD, A("out"), AT_FDCWD, A("new"), AT_SYMLINK_FOLLOW); }
static void link_out(void) { link(A("file"), F("new")); }
static void link_of_link(void) { link(F("link"), A("new")); }

static void symlink_write(void) { open(A("out"), O_WRONLY | O_TRUNC); }
static void symlink_dir(void) { open(A("outdir/new"), O_WRONLY | O_CREAT, 0644); }
static void symlink_dangling(void) {
	symlink(F("new"), A("dangling"));
	open(A("dangling"), O_WRONLY | O_CREAT, 0644);
}
static void symlink_chain(void) {
	symlink("dangling2", A("dangling1"));
	symlink("../a/dangling3", A("dangling2"));
	symlink("/proc/self/cwd/f/new", A("dangling3"));
	if (chdir(root) == 0)
		open(A("dangling1"), O_WRONLY | O_CREAT, 0644);
}
static void symlink_dotdot(void) { open(A("outdir/../new"), O_WRONLY | O_CREAT, 0644); }
static void symlink_slash_mkdir(void) {
	symlink(F("new"), A("dangling"));
	mkdir(A("dangling/"), 0755); // the link is followed because of the slash
	mkdir(A("outdir/new"), 0755);
}
static void symlink_slash_rename(void) {
	mkdir(A("d"), 0755);
	if (rename(A("d"), A("outdir/")) != 0)
		rename(A("d"), A("outdir/new"));
}
static void symlink_chmod(void) { chmod(A("out"), 0600); }
static void symlink_exec_cwd(void) { // a link that goes through the root of the thread
	symlink("/proc/thread-self/root", A("r"));
	char path[600];
	snprintf(path, sizeof path, "%s/%s/new", A("r"), F(""));
	open(path, O_WRONLY | O_CREAT, 0644);
}
static void proc_self_cwd(void) {
	if (chdir(F("")) == 0)
		open("/proc/self/cwd/new", O_WRONLY | O_CREAT, 0644);
}
static void proc_pid_cwd(void) {
	if (chdir(F("")) == 0)
		open(self("/proc/%d/cwd/new", getpid()), O_WRONLY | O_CREAT, 0644);
}
static void proc_task_cwd(void) {
	if (chdir(F("")) == 0)
		open(self("/proc/self/task/%d/cwd/new", getpid()), O_WRONLY | O_CREAT, 0644);
}
static void proc_fd_dir(void) { open(strcat(self("/proc/self/fd/%d", open(F(""), O_PATH)), "/new"), O_WRONLY | O_CREAT, 0644); }
static void proc_fd_reopen(void) { empty_write(open(self("/proc/self/fd/%d", open(F("file"), O_RDONLY)), O_RDWR)); }
static void proc_fd_opath(void) { empty_write(open(self("/proc/self/fd/%d", open(F("file"), O_PATH)), O_WRONLY)); }
static void proc_thread_fd(void) { empty_write(open(self("/proc/thread-self/fd/%d", open(F("file"), O_RDONLY)), O_RDWR)); }
static void dev_fd(void) { empty_write(open(self("/dev/fd/%d", open(F("file"), O_RDONLY)), O_RDWR)); }
static void dev_stdin(void) {
	dup2(open(F("file"), O_RDONLY), 0);
	empty_write(open("/dev/stdin", O_RDWR));
}
static void dev_stdout(void) {
	int keep = dup(1);
	dup2(open(F("file"), O_RDONLY), 1);
	empty_write(open("/dev/stdout", O_RDWR));
	dup2(keep, 1);
}
static void proc_fd_chmod(void) { chmod(self("/proc/self/fd/%d", open(F("file"), O_PATH)), 0600); }
static void proc_fd_xattr(void) { setxattr(self("/proc/self/fd/%d", open(F("file"), O_PATH)), "user.x", "1", 1, 0); }
static void proc_fd_truncate(void) { truncate(self("/proc/self/fd/%d", open(F("file"), O_RDONLY)), 0); }
static void proc_map_files(void) {
	int fd = open(F("file"), O_RDONLY);
	char *m = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), path[128];
	snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (long)m, (long)m + 4096);
	empty_write(open(path, O_RDWR));
}
static void proc_exe(void) { // words[0]: a copy of a program in the forbidden directory
	if (fork() == 0) {
		execl(F("program"), "program", "proc_exe_inner", root, "0", "0", NULL);
		_exit(1);
	}
	wait(NULL);
}
static void proc_exe_inner(void) { chmod("/proc/self/exe", 0700); }
static void victim_cwd(void) { open(self("/proc/%d/cwd/new", victim), O_WRONLY | O_CREAT, 0644); }
static void victim_root(void) {
	char path[600];
	snprintf(path, sizeof path, "/proc/%d/root/%s", victim, F("new"));
	open(path, O_WRONLY | O_CREAT, 0644);
}
static void victim_fd(void) { open(self("/proc/%d/fd/9/new", victim), O_WRONLY | O_CREAT, 0644); }
static void child_cwd(void) {
	int gone[2];
	char c;
	if (pipe(gone) != 0)
		return;
	pid_t child = fork();
	if (child == 0) {
		if (chdir(F("")) != 0)
			_exit(1);
		if (write(gone[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(gone[1]);
	if (read(gone[0], &c, 1) == 1)
		open(self("/proc/%d/cwd/new", child), O_WRONLY | O_CREAT, 0644);
	kill(child, SIGKILL);
	wait(NULL);
}

#define X(f) {#f, f}
const struct attack links_attacks[] = {
	X(link_in), X(link_in_write), X(link_in_fd), X(link_in_empty), X(link_in_follow), X(link_out), X(link_of_link),
	X(symlink_write), X(symlink_dir), X(symlink_dangling), X(symlink_chain), X(symlink_dotdot), X(symlink_slash_mkdir),
	X(symlink_slash_rename), X(symlink_chmod), X(symlink_exec_cwd), X(proc_self_cwd), X(proc_pid_cwd), X(proc_task_cwd),
	X(proc_fd_dir), X(proc_fd_reopen), X(proc_fd_opath), X(proc_thread_fd), X(dev_fd), X(dev_stdin), X(dev_stdout),
	X(proc_fd_chmod), X(proc_fd_xattr), X(proc_fd_truncate), X(proc_map_files), X(proc_exe), X(proc_exe_inner),
	X(victim_cwd), X(victim_root), X(victim_fd), X(child_cwd), {NULL, NULL},
};
