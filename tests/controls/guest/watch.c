// Descriptors that tell of something: what they tell must be what the program did,
// and nothing that a tracer did.
#include "guest.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static void print_events(int fd) {
	static char buf[65536] __attribute__((aligned(8)));
	ssize_t n = read(fd, buf, sizeof buf);
	uint32_t first = 0;
	for (char *at = buf; n > 0 && at < buf + n;) {
		struct inotify_event *e = (void *)at;
		if (e->cookie && !first)
			first = e->cookie;
		say("  %#x %s%s", e->mask, e->len ? e->name : "-", e->cookie ? e->cookie == first ? " moved" : " moved again" : "");
		at += sizeof *e + e->len;
	}
	if (n < 0)
		say("  none");
}

// Every event of a directory, among them opens, closes and changes of metadata.
static void changes_seen(void) {
	int n = MUST(inotify_init1(IN_NONBLOCK));
	MUST(mkdir("dir", 0755));
	put("dir/file", "before");
	MUST(symlink("file", "dir/link"));
	MUST(inotify_add_watch(n, "dir", IN_ALL_EVENTS));
	put("dir/new", "new");
	print_events(n);
	MUST(rename("dir/new", "dir/newer"));
	MUST(link("dir/newer", "dir/hard"));
	print_events(n);
	MUST(chmod("dir/file", 0600));
	print_events(n);
	MUST(chmod("dir/link", 0640));
	print_events(n);
	MUST(lchown("dir/link", -1, -1));
	print_events(n);
	MUST(setxattr("dir/file", "user.a", "v", 1, 0));
	print_events(n);
	struct timespec t[2] = {{1, 0}, {2, 0}};
	MUST(utimensat(AT_FDCWD, "dir/file", t, 0));
	print_events(n);
	MUST(truncate("dir/file", 2));
	print_events(n);
	int fd = MUST(open("dir/file", O_RDONLY));
	MUST(fchmod(fd, 0644));
	MUST(futimens(fd, t));
	print_events(n);
	close(fd);
	MUST(mkdir("dir/sub", 0755));
	MUST(rmdir("dir/sub"));
	MUST(mkfifo("dir/fifo", 0600));
	MUST(unlink("dir/fifo"));
	MUST(access("dir/file", W_OK));
	print_events(n);
	MUST(rename("dir/file", path("b", "file")));
	MUST(rename(path("b", "file"), "dir/back"));
	print_events(n);
	say("mkdir of what is there: %s", outcome(mkdir("dir", 0755)));
	say("open of nothing: %s", outcome(open("dir/none", O_WRONLY)));
	print_events(n);
}

static void waits_on_epoll(void) {
	int e = MUST(epoll_create1(EPOLL_CLOEXEC)), tube[2], event = MUST(eventfd(0, EFD_NONBLOCK));
	MUST(pipe(tube));
	struct epoll_event add = {.events = EPOLLIN, .data.u32 = 1}, got[4];
	MUST(epoll_ctl(e, EPOLL_CTL_ADD, tube[0], &add));
	add = (struct epoll_event){.events = EPOLLIN | EPOLLET, .data.u32 = 2};
	MUST(epoll_ctl(e, EPOLL_CTL_ADD, event, &add));
	say("nothing: %d", epoll_wait(e, got, 4, 0));
	tell(tube[1]);
	say("pipe: %d, %d", epoll_wait(e, got, 4, -1), (int)got[0].data.u32);
	hear(tube[0]);
	uint64_t value = 3;
	TRUE(write(event, &value, 8) == 8 && write(event, &value, 8) == 8);
	say("event: %d, %d", epoll_wait(e, got, 4, -1), (int)got[0].data.u32);
	say("at the edge: %d", epoll_wait(e, got, 4, 0));
	TRUE(read(event, &value, 8) == 8);
	say("value %d, then %s", (int)value, outcome(read(event, &value, 8)));
	int file = MUST(open("file", O_CREAT | O_RDWR, 0600));
	say("a file: %s", outcome(epoll_ctl(e, EPOLL_CTL_ADD, file, &add)));
	close(tube[1]);
	say("hung up: %d, %#x", epoll_wait(e, got, 4, -1), (unsigned)got[0].events);
}

static void signals_by_descriptor(void) {
	sigset_t set;
	struct signalfd_siginfo info;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGCHLD);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	int fd = MUST(signalfd(-1, &set, SFD_NONBLOCK));
	MUST(kill(getpid(), SIGUSR1));
	MUST(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 5}));
	MUST(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 6}));
	for (int i = 0; i < 3; i++) {
		TRUE(read(fd, &info, sizeof info) == sizeof info);
		say("signal %d code %d value %d from me %d", (int)info.ssi_signo, info.ssi_code, info.ssi_int, info.ssi_pid == (uint32_t)getpid());
	}
	say("no more: %s", outcome(read(fd, &info, sizeof info)));
	pid_t pid = fork();
	if (pid == 0)
		_exit(7);
	struct pollfd p = {fd, POLLIN, 0};
	MUST(poll(&p, 1, -1));
	TRUE(read(fd, &info, sizeof info) == sizeof info);
	say("child: code %d status %d %d", info.ssi_code, info.ssi_status, info.ssi_pid == (uint32_t)pid);
	ended("child", pid);
}

static void timers_by_descriptor(void) {
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	struct itimerspec every = {{0, 2000000}, {0, 1000000}}, left;
	MUST(timerfd_settime(fd, 0, &every, NULL));
	uint64_t total = 0, n;
	char name[20];
	for (int i = 0; total < 20; i++) { // files are made meanwhile
		snprintf(name, sizeof name, "f%d", i % 10);
		put(name, name);
		TRUE(read(fd, &n, sizeof n) == sizeof n);
		total += n;
		MUST(unlink(name));
	}
	MUST(timerfd_gettime(fd, &left));
	say("interval %ld", left.it_interval.tv_nsec);
	every = (struct itimerspec){{0, 0}, {0, 0}};
	MUST(timerfd_settime(fd, 0, &every, NULL));
	MUST(fcntl(fd, F_SETFL, O_NONBLOCK));
	say("disarmed: %s", outcome(read(fd, &n, sizeof n)));
}

static void memory_files(void) {
	int fd = MUST(memfd_create("memory", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	TRUE(write(fd, "hello", 5) == 5);
	char self[40], text[100];
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	ssize_t n = MUST(readlink(self, text, sizeof text));
	say("%.*s", (int)n, text);
	int again = MUST(open(self, O_RDWR));
	TRUE(pread(again, text, 5, 0) == 5);
	say("%.5s", text);
	say("chmod: %s", outcome(fchmod(fd, 0600)));
	say("utimes: %s", outcome(futimens(fd, NULL)));
	say("truncate by name: %s", outcome(truncate(self, 3)));
	say("seals: %s", outcome(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK)));
	say("sealed: %s", outcome(write(fd, "x", 1)));
	say("sealed against shorter: %s", outcome(ftruncate(fd, 1)));
	say("seals %#x", fcntl(fd, F_GET_SEALS));
	say("linked: %s", outcome(linkat(AT_FDCWD, self, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW)));
}

static volatile sig_atomic_t told;
static void on_input(int sig, siginfo_t *info, void *context) {
	(void)context;
	told = sig == SIGIO || info->si_fd > 0 ? 1 : 2;
}

static int pair[2];
static void owns(void) {
	MUST(fcntl(pair[0], F_SETOWN, getpid()));
	MUST(fcntl(pair[0], F_SETFL, O_ASYNC));
	say("child is owner %d", fcntl(pair[0], F_GETOWN) == getpid());
	tell(pair[1]);
	while (!told)
		sched_yield();
	hear(pair[0]);
}

// Input that is announced by a signal: to a process, a thread, a group.
static void announced_input(void) {
	handle_info(SIGIO, on_input, 0);
	handle_info(SIGRTMIN, on_input, 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	struct f_owner_ex thread = {F_OWNER_TID, gettid()}, got = {0}, bad = {77, getpid()};
	ended("child", child(owns));
	say("process: %s", outcome(fcntl(pair[0], F_SETOWN, getpid())));
	MUST(fcntl(pair[0], F_SETFL, O_ASYNC));
	tell(pair[1]);
	while (!told)
		sched_yield();
	hear(pair[0]);
	say("group: %s", outcome(fcntl(pair[0], F_SETOWN, -getpgrp())));
	say("thread: %s", outcome(fcntl(pair[0], F_SETOWN_EX, &thread)));
	MUST(fcntl(pair[0], F_GETOWN_EX, &got));
	say("of kind %d, me %d", got.type, got.pid == gettid());
	MUST(fcntl(pair[0], F_SETSIG, SIGRTMIN));
	told = 0;
	tell(pair[1]);
	while (!told)
		sched_yield();
	say("bad kind: %s", outcome(fcntl(pair[0], F_SETOWN_EX, &bad)));
	say("bad pointer: %s", outcome(fcntl(pair[0], F_SETOWN_EX, (void *)1)));
	say("nobody: %s", outcome(fcntl(pair[0], F_SETOWN, 0)));
	say("of nobody: %s", outcome(fcntl(pair[0], F_SETOWN, 1 << 22)));
	say("bad descriptor: %s", outcome(fcntl(99, F_SETOWN, getpid())));
}

#define X(f) {#f, f}
const struct control watch_controls[] = {
	X(changes_seen), X(waits_on_epoll), X(signals_by_descriptor), X(timers_by_descriptor), X(memory_files), X(announced_input),
	{NULL, NULL},
};
