// Races with descriptors: descriptor 100 is by turns one of an object inside and
// one of an object outside. And opens that wait, and are begun again.
#include "races.h"

static int two_fds[2];
static void flip_fd(int side) { dup2(two_fds[side], 100); }
static void swap(int by, const char *file, call c) {
	int flags = *file ? O_RDONLY : O_RDONLY | O_DIRECTORY;
	two_fds[0] = open(A(file), flags);
	two_fds[1] = open(F(file), flags);
	if (two_fds[0] < 0 || two_fds[1] < 0)
		return cannot("open");
	flip_fd(0);
	race(by, flip_fd, c);
}

static int fd_open(long n) { return close(openat(100, "new", O_WRONLY | O_CREAT, 0644)), 0; }
static int fd_trunc(long n) { return close(openat(100, "file", O_RDONLY | O_TRUNC)), 0; }
static int fd_mkdir(long n) { return mkdirat(100, "new", 0755), 0; }
static int fd_unlink(long n) { return unlinkat(100, "file", 0), 0; }
static int fd_rename(long n) {
	if (renameat(AT_FDCWD, A("file"), 100, "new") == 0)
		close(creat(A("file"), 0644));
	return 0;
}
static int fd_link(long n) {
	if (linkat(AT_FDCWD, "/proc/self/fd/100", AT_FDCWD, A("alias"), AT_SYMLINK_FOLLOW) == 0)
		unlink(A("alias"));
	return 0;
}
static int fd_reopen(long n) { return close(open("/proc/self/fd/100", O_WRONLY | O_TRUNC)), 0; }
static int fd_proc_chmod(long n) { return chmod("/proc/self/fd/100", n & 1 ? 0600 : 0644), 0; }
static int fd_fchmod(long n) { return fchmod(100, n & 1 ? 0600 : 0644), 0; }
static int fd_fchmodat(long n) { return fchmodat(100, "file", n & 1 ? 0600 : 0644, 0), 0; }
static int fd_fchmodat2(long n) { return syscall(452, 100, "", n & 1 ? 0600 : 0644, AT_EMPTY_PATH), 0; }
static int fd_fchown(long n) { return fchown(100, getuid(), getgid()), 0; }
static int fd_fchownat(long n) { return fchownat(100, "", getuid(), getgid(), AT_EMPTY_PATH), 0; }
static int fd_futimens(long n) { return futimens(100, NULL), 0; }
static int fd_utimensat(long n) { return syscall(SYS_utimensat, 100, "", NULL, AT_EMPTY_PATH), 0; }
static int fd_fsetxattr(long n) { return fsetxattr(100, "user.x", "1", 1, 0), 0; }
static int fd_fremovexattr(long n) { return fremovexattr(100, "user.mark"), 0; }
static int fd_setflags(long n) {
	int flags = n & 1 ? FS_NODUMP_FL : 0;
	return ioctl(100, FS_IOC_SETFLAGS, &flags), 0;
}
static int fd_fssetxattr(long n) {
	struct fsxattr x = {.fsx_xflags = n & 1 ? FS_XFLAG_NODUMP : 0};
	return ioctl(100, FS_IOC_FSSETXATTR, &x), 0;
}
static void dup2_openat(void) { swap(THREAD, "", fd_open); }
static void dup2_trunc(void) { swap(THREAD, "", fd_trunc); }
static void dup2_mkdirat(void) { swap(THREAD, "", fd_mkdir); }
static void dup2_unlinkat(void) { swap(THREAD, "", fd_unlink); }
static void dup2_renameat(void) { swap(THREAD, "", fd_rename); }
static void dup2_linkat(void) { swap(THREAD, "file", fd_link); }
static void dup2_reopen(void) { swap(THREAD, "file", fd_reopen); }
static void dup2_proc_chmod(void) { swap(THREAD, "file", fd_proc_chmod); }
static void dup2_fchmod(void) { swap(THREAD, "file", fd_fchmod); }
static void dup2_fchmodat(void) { swap(THREAD, "", fd_fchmodat); }
static void dup2_fchmodat2(void) { swap(THREAD, "file", fd_fchmodat2); }
static void dup2_fchown(void) { swap(THREAD, "file", fd_fchown); }
static void dup2_fchownat(void) { swap(THREAD, "file", fd_fchownat); }
static void dup2_futimens(void) { swap(THREAD, "file", fd_futimens); }
static void dup2_utimensat(void) { swap(THREAD, "file", fd_utimensat); }
static void dup2_fsetxattr(void) { swap(THREAD, "file", fd_fsetxattr); }
static void dup2_fremovexattr(void) {
	close(creat(A("marked"), 0644));
	swap(THREAD, "marked", fd_fremovexattr);
}
static void dup2_setflags(void) { swap(THREAD, "file", fd_setflags); }
static void dup2_fssetxattr(void) { swap(THREAD, "file", fd_fssetxattr); }
static void files_peer_openat(void) { swap(CLONE_FILES, "", fd_open); }
static void files_peer_fchmod(void) { swap(CLONE_FILES, "file", fd_fchmod); }

// A process that has gone by turns with one outside, and a file by turns with the
// terminal of the standard input.
static int fd_signal(long n) { return syscall(424, 100, SIGUSR1, NULL, 0) == 0; } // pidfd_send_signal
static void dup2_pidfd(void) {
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	two_fds[0] = syscall(434, child, 0); // pidfd_open
	two_fds[1] = syscall(434, victim, 0);
	waitpid(child, NULL, 0);
	if (two_fds[0] < 0 || two_fds[1] < 0)
		return cannot("pidfd_open");
	flip_fd(0);
	race(THREAD, flip_fd, fd_signal);
}
static int fd_type(long n) { return ioctl(100, TIOCSTI, "\n") == 0; }
static void type_race(void) {
	two_fds[0] = open(A("file"), O_RDONLY);
	two_fds[1] = 0;
	flip_fd(0);
	race(THREAD, flip_fd, fd_type);
}

// An open of a FIFO that nobody reads waits. A signal interrupts it and has it
// begun again, and by then it means something else.
static volatile pid_t opener;
static volatile int opening;
static void ignore(int s) { (void)s; }
static void wait_for_opener(void) {
	char path[64], text[256], *state;
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", opener);
	int fd = open(path, O_RDONLY);
	for (;;) {
		ssize_t n = pread(fd, text, sizeof text - 1, 0);
		text[n < 0 ? 0 : n] = 0;
		if (board->over || ((state = strrchr(text, ')')) && state[2] == 'S' && opening))
			break;
		sched_yield();
	}
	close(fd);
}
static void interrupt(void) { syscall(SYS_tgkill, getpid(), opener, SIGUSR1); }
static void handle(void) {
	struct sigaction sa = {.sa_handler = ignore, .sa_flags = SA_RESTART};
	sigaction(SIGUSR1, &sa, NULL);
	opener = syscall(SYS_gettid);
}
static void flip_wait(int side) {
	wait_for_opener();
	flip_name(1);
	interrupt();
}
static int open_fifo(long n) {
	flip_name(0);
	opening = 1;
	close(open(name, O_WRONLY | O_CREAT, 0644));
	return opening = 0;
}
static void fifo_restart(void) {
	handle();
	mkfifo(A("new"), 0644);
	point("new");
	race(THREAD, flip_wait, open_fifo);
}
static char wait_link[300], next_link[300];
static void link_to(const char *target) {
	if (symlink(target, next_link) == 0)
		rename(next_link, wait_link);
}
static void flip_wait_link(int side) {
	wait_for_opener();
	link_to("../f/new");
	interrupt();
}
static int open_fifo_link(long n) {
	link_to("fifo");
	opening = 1;
	close(open(wait_link, O_WRONLY | O_CREAT, 0644));
	return opening = 0;
}
static void fifo_restart_link(void) {
	handle();
	mkfifo(A("fifo"), 0644);
	strcpy(wait_link, A("l"));
	strcpy(next_link, A("next"));
	race(THREAD, flip_wait_link, open_fifo_link);
}

// The process that gets the signals of a descriptor, in memory.
static struct f_owner_ex owner;
static int owned[2];
static void flip_owner(int side) { *(volatile int *)&owner.pid = side ? victim : getpid(); }
static long wakes(void) { // how often the victim has waited: once more for each signal
	char path[64], text[4096], *at;
	snprintf(path, sizeof path, "/proc/%d/status", victim);
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	at = strstr(text, "\nvoluntary_ctxt_switches:");
	return at ? atol(at + 25) : 0;
}
static int told(void) { // the descriptor is the victim's, who gets a signal
	struct f_owner_ex e = {0};
	static long was;
	char c;
	if (!was)
		was = wakes();
	if (fcntl(owned[0], F_GETOWN_EX, &e) != 0 || e.pid != victim || write(owned[1], "x", 1) != 1)
		return 0;
	return read(owned[0], &c, 1) == 1 && wakes() != was;
}
static int set_owner_ex(long n) { return fcntl(owned[0], F_SETOWN_EX, &owner) == 0 && told(); }
static int fio_set_owner(long n) { return ioctl(owned[0], 0x8901, &owner.pid) == 0 && told(); } // FIOSETOWN
static void own(call c) {
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, owned) != 0)
		return cannot("socketpair");
	signal(SIGUSR1, SIG_IGN);
	owner.type = F_OWNER_PID;
	owner.pid = getpid();
	fcntl(owned[0], F_SETSIG, SIGUSR1);
	fcntl(owned[0], F_SETFL, O_ASYNC);
	race(THREAD, flip_owner, c);
}
static void setown_ex(void) { own(set_owner_ex); }
static void fiosetown_race(void) { own(fio_set_owner); }

#define X(f) {#f, f}
const struct attack races_fds_attacks[] = {
	X(dup2_openat), X(dup2_trunc), X(dup2_mkdirat), X(dup2_unlinkat), X(dup2_renameat), X(dup2_linkat), X(dup2_reopen),
	X(dup2_proc_chmod), X(dup2_fchmod), X(dup2_fchmodat), X(dup2_fchmodat2), X(dup2_fchown), X(dup2_fchownat),
	X(dup2_futimens), X(dup2_utimensat), X(dup2_fsetxattr), X(dup2_fremovexattr), X(dup2_setflags),
	X(dup2_fssetxattr), X(files_peer_openat), X(files_peer_fchmod), X(fifo_restart), X(fifo_restart_link),
	X(setown_ex), X(fiosetown_race), X(dup2_pidfd), X(type_race), {NULL, NULL},
};
