// Guest: an interpreter of raw system calls. Its arguments are calls, separated
// by ":", each a name and words:
//
//	openat AT_FDCWD /d/x O_CREAT|O_WRONLY 0644 : fchmod $1 0600
//
// It prints a line for each: "openat=0" if it succeeded, or "openat=EACCES".
//
//	!NAME      the number of the call has garbage in its upper half
//	80:N       int 0x80 with call number N of the 32-bit table (amd64 and i386)
//
// A word is a number, constants joined by "|", or
//
//	$N         the result of the Nth call
//	LEN        the length of the last address
//	BAD        a pointer to nothing
//	w:A,B      a pointer to an array of 64-bit words; d:A,B of 32-bit ones
//	in4:A/P, in6:A/P, un:PATH, un:@NAME, family:N
//	           a pointer to such a socket address
//	msg:A      a pointer to a message to the address A; mmsg:A to two, the
//	           first without an address
//	s:TEXT     a pointer to the text, as is any other word
//
// These are no calls of the kernel: "thread" runs what follows in a new thread,
// "child" in a child, "orphan" in a child whose parent has ended, "storm P N
// PATH" opens PATH for writing N times in each of P processes and prints how
// often that was refused, "hold" waits until its standard input ends, "read N"
// prints what can be read from a descriptor, "exec PROGRAM WORDS" executes.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct name {
	const char *name;
	long value;
};

#define C(x) {#x, x}
static const struct name constants[] = {
	C(AT_FDCWD), C(O_RDONLY), C(O_WRONLY), C(O_RDWR), C(O_CREAT), C(O_EXCL), C(O_TRUNC), C(O_APPEND),
	C(O_PATH), C(O_DIRECTORY), C(O_NOFOLLOW), C(O_TMPFILE), C(O_NONBLOCK), C(AT_SYMLINK_NOFOLLOW),
	C(AT_SYMLINK_FOLLOW), C(AT_EMPTY_PATH), C(AT_REMOVEDIR), C(RENAME_NOREPLACE), C(RENAME_EXCHANGE),
	C(RENAME_WHITEOUT), C(S_IFREG), C(S_IFIFO), C(S_IFSOCK), C(S_IFCHR), C(S_IFBLK), C(S_IFDIR),
	C(AF_UNIX), C(AF_INET), C(AF_INET6), C(AF_NETLINK), C(AF_PACKET), C(AF_VSOCK), C(AF_ALG),
	C(SOCK_STREAM), C(SOCK_DGRAM), C(SOCK_RAW), C(CLONE_FS), C(CLONE_NEWUSER), C(CLONE_NEWNS), C(W_OK),
	C(R_OK), C(F_OK), C(FS_IOC_SETFLAGS), C(FS_IOC_GETFLAGS),
	{"NULL", 0},
};

#define S(x) {#x, SYS_##x}
static const struct name calls[] = {
	S(openat), S(mkdirat), S(mknodat), S(unlinkat), S(symlinkat), S(linkat), S(renameat2), S(fchmodat), S(fchownat),
	S(utimensat), S(truncate), S(ftruncate), S(setxattr), S(lsetxattr), S(fsetxattr), S(removexattr), S(fchmod),
	S(fchown), S(faccessat), S(chdir), S(fchdir), S(socket), S(connect), S(bind), S(listen), S(sendto),
	S(sendmsg), S(sendmmsg), S(socketpair), S(close), S(ioctl), S(unshare), S(setns), S(ptrace), S(mount),
	S(umount2), S(chroot), S(pivot_root), S(getpid), S(kill), S(write), S(dup3), S(umask), S(shutdown),
	S(process_vm_writev), S(open_by_handle_at), S(bpf), S(memfd_create), S(pipe2), S(fcntl),
	S(setresuid), S(setresgid), S(setfsuid), S(clone),
#ifdef SYS_accept4
	S(accept4),
#endif
#ifdef SYS_io_uring_setup
	S(io_uring_setup),
#endif
#ifdef SYS_openat2
	S(openat2),
#endif
#ifdef SYS_open_tree
	S(open_tree), S(move_mount), S(fsopen),
#endif
#ifdef SYS_fchmodat2
	S(fchmodat2),
#else
	{"fchmodat2", 452},
#endif
	{"setxattrat", 463}, {"pidfd_send_signal", 424},
#ifdef SYS_open
	S(open), S(creat), S(mkdir), S(rmdir), S(unlink), S(rename), S(renameat), S(link), S(symlink), S(mknod), S(chmod),
	S(chown), S(lchown), S(utime), S(utimes), S(futimesat), S(access),
#endif
};

// Everything that a call points to lies here: static, so that a 64-bit program
// that is linked at a fixed address can pass it to int 0x80.
static char arena[1 << 18];
static size_t used;
static socklen_t addr_len;
static long results[1024];
static int done;

static void *take(size_t n) {
	used = (used + 7) & ~(size_t)7;
	if (used + n > sizeof arena)
		abort();
	used += n;
	return arena + used - n;
}

static void *text(const char *s) { return strcpy(take(strlen(s) + 1), s); }

static int find(const struct name *list, size_t n, const char *s, size_t len, long *value) {
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i].name) == len && !memcmp(list[i].name, s, len)) {
			*value = list[i].value;
			return 1;
		}
	return 0;
}

#define FIND(list, s, len, value) find(list, sizeof list / sizeof *list, s, len, value)

static int flags(const char *s, long *value) {
	*value = 0;
	for (;;) {
		size_t n = strcspn(s, "|");
		long v;
		if (!FIND(constants, s, n, &v)) {
			char *end;
			v = (long)strtoull(s, &end, 0);
			if (end != s + n || n == 0)
				return 0;
		}
		*value |= v;
		if (!s[n])
			return 1;
		s += n + 1;
	}
}

static void *address(const char *s) {
	char host[64];
	const char *slash = strrchr(s, '/');
	if (!strncmp(s, "un:", 3)) {
		struct sockaddr_un *un = take(sizeof *un);
		un->sun_family = AF_UNIX;
		size_t n = strlen(s + 3);
		if (n > sizeof un->sun_path)
			abort();
		memcpy(un->sun_path, s + 3, n);
		if (s[3] == '@')
			un->sun_path[0] = 0;
		addr_len = offsetof(struct sockaddr_un, sun_path) + n + (s[3] != '@' && n < sizeof un->sun_path);
		return un;
	}
	if (!strncmp(s, "family:", 7)) {
		struct sockaddr *sa = take(sizeof *sa);
		sa->sa_family = strtoul(s + 7, NULL, 0);
		addr_len = sizeof *sa;
		return sa;
	}
	snprintf(host, sizeof host, "%.*s", (int)(slash - s - 4), s + 4);
	if (s[2] == '6') {
		struct sockaddr_in6 *in = take(sizeof *in);
		in->sin6_family = AF_INET6;
		in->sin6_port = htons(atoi(slash + 1));
		inet_pton(AF_INET6, host, &in->sin6_addr);
		addr_len = sizeof *in;
		return in;
	}
	struct sockaddr_in *in = take(sizeof *in);
	in->sin_family = AF_INET;
	in->sin_port = htons(atoi(slash + 1));
	inet_pton(AF_INET, host, &in->sin_addr);
	addr_len = sizeof *in;
	return in;
}

static int is_address(const char *s) {
	return !strncmp(s, "in4:", 4) || !strncmp(s, "in6:", 4) || !strncmp(s, "un:", 3) || !strncmp(s, "family:", 7);
}

static void *message(const char *s, int vector) {
	struct mmsghdr *m = take(2 * sizeof *m);
	struct iovec *iov = take(sizeof *iov);
	iov->iov_base = text("m");
	iov->iov_len = 1;
	for (int i = 0; i < 2; i++) {
		m[i].msg_hdr.msg_iov = iov;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	m[vector].msg_hdr.msg_name = address(s);
	m[vector].msg_hdr.msg_namelen = addr_len;
	return m;
}

static long word(const char *s);

static void *array(const char *s, size_t size) {
	char *list = strdup(s), *save = NULL;
	size_t n = 1;
	for (const char *p = s; *p; p++)
		n += *p == ',';
	char *out = take(n * size), *to = out;
	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save), to += size) {
		long v = word(p);
		memcpy(to, &v, size < sizeof v ? size : sizeof v);
	}
	free(list);
	return out;
}

static long word(const char *s) {
	long v;
	if (s[0] == '$')
		return results[atoi(s + 1)];
	if (!strcmp(s, "LEN"))
		return addr_len;
	if (!strcmp(s, "BAD"))
		return 1;
	if (is_address(s))
		return (long)address(s);
	if (!strncmp(s, "msg:", 4))
		return (long)message(s + 4, 0);
	if (!strncmp(s, "mmsg:", 5))
		return (long)message(s + 5, 1);
	if (!strncmp(s, "w:", 2))
		return (long)array(s + 2, 8);
	if (!strncmp(s, "d:", 2))
		return (long)array(s + 2, 4);
	if (!strncmp(s, "s:", 2))
		return (long)text(s + 2);
	if (flags(s, &v))
		return v;
	return (long)text(s);
}

static long int80(long nr, const long *a) {
#if defined(__x86_64__)
	long r;
	register long r8 __asm__("r8") = 0;
	__asm__ volatile("int $0x80" : "=a"(r), "+r"(r8) : "a"(nr), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
		: "memory", "cc", "r9", "r10", "r11");
	r = (int)r;
	if (r < 0 && r > -4096) {
		errno = (int)-r;
		return -1;
	}
	return r;
#else
	return syscall(nr, a[0], a[1], a[2], a[3], a[4]);
#endif
}

static void result(const char *name, long r) {
	int e = errno;
	results[++done] = r;
	if (r == -1)
		printf("%s=%s\n", name, strerrorname_np(e) ? strerrorname_np(e) : "E?");
	else
		printf("%s=0\n", name);
	fflush(stdout);
}

static void storm(int processes, int each, const char *path) {
	int refused = 0;
	for (int p = 0; p < processes; p++) {
		if (fork() == 0) {
			int n = 0;
			for (int i = 0; i < each; i++)
				n += open(path, O_WRONLY | O_CREAT, 0644) < 0 && errno == EACCES;
			_exit(n == each ? 0 : 1);
		}
		if (p % 8 == 7 || p == processes - 1)
			for (int s; wait(&s) > 0;)
				refused += s == 0 ? each : 0;
	}
	printf("storm=%d\n", refused);
}

static void one(int n, char **w);

struct rest {
	int n;
	char **w;
};

static void run(int n, char **w);

static void *in_thread(void *arg) {
	struct rest *r = arg;
	run(r->n, r->w);
	return NULL;
}

// elsewhere runs the rest in another thread or process.
static int elsewhere(const char *how, int n, char **w) {
	if (!strcmp(how, "thread")) {
		struct rest r = {n, w};
		pthread_t id;
		if (pthread_create(&id, NULL, in_thread, &r) != 0)
			abort();
		pthread_join(id, NULL);
		return 1;
	}
	int orphan = !strcmp(how, "orphan"), gone[2];
	if (!orphan && strcmp(how, "child"))
		return 0;
	fflush(stdout);
	if (fork() != 0) {
		while (wait(NULL) > 0)
			;
		return 1;
	}
	if (orphan) {
		if (pipe(gone) != 0)
			abort();
		if (fork() != 0)
			_exit(0);
		close(gone[1]);
		char c;
		if (read(gone[0], &c, 1) != 0) // until the parent has ended
			abort();
	}
	run(n, w);
	fflush(stdout);
	_exit(0);
}

static void one(int n, char **w) {
	long a[6] = {0}, nr;
	const char *name = w[0];
	int high = name[0] == '!';
	if (!strcmp(name, "storm")) {
		storm(atoi(w[1]), atoi(w[2]), w[3]);
		return;
	}
	if (!strcmp(name, "hold")) {
		char c;
		while (read(0, &c, 1) > 0)
			;
		return;
	}
	if (!strcmp(name, "read")) {
		char buf[256];
		ssize_t got = read((int)word(w[1]), buf, sizeof buf);
		printf("read=%.*s\n", got > 0 ? (int)got : 0, buf);
		return;
	}
	if (!strcmp(name, "exec")) {
		w[n] = NULL;
		execv(w[1], w + 1);
		result(name, -1);
		return;
	}
	for (int i = 1; i < n && i <= 6; i++)
		a[i - 1] = word(w[i]);
	errno = 0;
	if (!strncmp(name, "80:", 3)) {
		result(name, int80(atol(name + 3), a));
		return;
	}
	name += high;
	if (!FIND(calls, name, strlen(name), &nr)) {
		printf("%s=unknown\n", name);
		return;
	}
#ifdef __x86_64__
	if (high)
		nr |= (long)0xdeadbeef00000000;
#endif
	result(name, syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void run(int n, char **w) {
	for (int from = 0; from < n;) {
		int to = from;
		while (to < n && strcmp(w[to], ":"))
			to++;
		if (to == from + 1 && elsewhere(w[from], n - to - 1, w + to + 1))
			return;
		if (to > from)
			one(to - from, w + from);
		from = to + 1;
	}
}

int main(int argc, char **argv) {
	run(argc - 1, argv + 1);
	fflush(stdout);
	return 0;
}
