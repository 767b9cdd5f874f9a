// killer N UID PROGRAM ARG...: runs a program and kills it by SIGKILL at the N-th
// of the calls that a tracer lives by, made by it or by anything it starts.
//
// A seccomp listener tells of the calls before they run, so the moment is exact
// and the same at each run. What is left may go on: killer ends when the last
// process of the tree has ended, and never if one lives on.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	int number;
	const char *name;
} calls[] = {
	{SYS_ptrace, "ptrace"}, {SYS_wait4, "wait4"}, {SYS_kill, "kill"}, {SYS_prctl, "prctl"},
	{SYS_execve, "execve"}, {SYS_close_range, "close_range"}, {SYS_capset, "capset"}, {SYS_seccomp, "seccomp"},
	{SYS_process_vm_readv, "process_vm_readv"}, {SYS_process_vm_writev, "process_vm_writev"},
	{SYS_prlimit64, "prlimit64"},
#ifdef SYS_landlock_restrict_self
	{SYS_landlock_restrict_self, "landlock_restrict_self"},
#endif
};
enum { ncalls = sizeof calls / sizeof *calls };

static void die(const char *what) {
	perror(what);
	exit(99);
}

// A filter that reports the calls above and allows all others. An architecture
// is not looked at: a foreign call that has the same number is reported too.
static int install(void) {
	struct sock_filter code[ncalls + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	for (int i = 0; i < ncalls; i++)
		code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, ncalls - i, 0);
	code[ncalls + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[ncalls + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_fprog program = {ncalls + 3, code};
	// Without no_new_privs where that is possible, so that set-user-ID programs
	// are what they are.
	int fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return fd;
}

static void pass(int to, int fd) {
	char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec data = {&byte, 1};
	struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	*c = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	if (sendmsg(to, &msg, 0) != 1)
		die("sendmsg");
}

static int receive(int from) {
	int fd;
	char byte, control[CMSG_SPACE(sizeof fd)];
	struct iovec data = {&byte, 1};
	struct msghdr msg = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		die("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof fd);
	return fd;
}

static void start(int to, int uid, char **argv) {
	int fd = install();
	if (fd < 0)
		die("seccomp");
	if (uid >= 0 && (setgroups(0, NULL) != 0 || setgid(uid) != 0 || setuid(uid) != 0))
		die("setuid");
	pass(to, fd);
	close(fd);
	close(to);
	if (freopen("/dev/null", "w", stdout) == NULL) // the report is the killer's
		die("/dev/null");
	execv(argv[0], argv);
	die(argv[0]);
}

static const char *name(int number) {
	for (int i = 0; i < ncalls; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return "?";
}

// Answers notifications until nobody has the filter any more.
static void serve(int fd, pid_t pid, long at) {
	int status = 0, gone = 0;
	for (long n = 0;;) {
		struct pollfd p = {fd, POLLIN, 0};
		if (poll(&p, 1, -1) < 0)
			die("poll");
		if (!(p.revents & POLLIN)) {
			if (!gone && waitpid(pid, &status, 0) != pid)
				die("waitpid");
			printf("calls %ld status %d\n", n, status);
			return;
		}
		struct seccomp_notif call = {0};
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
			if (errno == ENOENT || errno == EINTR) // it was killed
				continue;
			die("SECCOMP_IOCTL_NOTIF_RECV");
		}
		if (++n == at) {
			kill(pid, SIGKILL);
			// What its death brings about has happened when the status is there.
			if (waitpid(pid, &status, 0) != pid)
				die("waitpid");
			gone = 1;
			printf("killed at %s %#llx by %s\n", name(call.data.nr), call.data.args[0],
				(pid_t)call.pid == pid ? "the first thread" : "another task");
			fflush(stdout);
		}
		struct seccomp_notif_resp go = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &go) != 0 && errno != ENOENT)
			die("SECCOMP_IOCTL_NOTIF_SEND");
	}
}

int main(int argc, char **argv) {
	int ends[2];
	if (argc < 4)
		return 98;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		die("socketpair");
	pid_t pid = fork();
	if (pid == 0)
		start(ends[1], atoi(argv[2]), argv + 3);
	close(ends[1]);
	serve(receive(ends[0]), pid, atol(argv[1]));
	return 0;
}
