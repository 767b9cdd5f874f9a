// Guest: signals, job control and interrupted calls. What it prints must be the
// same with and without a tracer.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t count;
static int tube[2];

static void on_tick(int sig) {
	(void)sig;
	if (++count == 5 && write(tube[1], "x", 1) != 1)
		abort();
}

static void action(int sig, void (*f)(int), int flags) {
	struct sigaction a = {.sa_handler = f, .sa_flags = flags};
	sigaction(sig, &a, NULL);
}

static void tick(int usec) {
	struct itimerval v = {{0, usec}, {0, usec}};
	setitimer(ITIMER_REAL, &v, NULL);
}

static const char *outcome(long r) {
	static char buf[64];
	snprintf(buf, sizeof buf, "%ld %s", r, r < 0 ? strerrorname_np(errno) : "");
	return buf;
}

static void interrupted(void) {
	char c;
	if (pipe(tube) != 0)
		abort();
	action(SIGALRM, on_tick, SA_RESTART);
	tick(2000);
	printf("read with SA_RESTART: %s\n", outcome(read(tube[0], &c, 1)));
	action(SIGALRM, on_tick, 0);
	printf("read without: %s\n", outcome(read(tube[0], &c, 1)));
	printf("pause: %s\n", outcome(pause()));
	printf("poll: %s\n", outcome(poll(NULL, 0, -1)));
	printf("select: %s\n", outcome(select(0, NULL, NULL, NULL, NULL)));
	struct timespec hour = {3600, 0}, rest = {0, 0};
	printf("nanosleep: %s", outcome(nanosleep(&hour, &rest)));
	printf(", rest %d\n", rest.tv_sec > 3000);
	printf("clock_nanosleep: %s\n", strerrorname_np(clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL)));
	sigset_t none;
	sigemptyset(&none);
	printf("sigsuspend: %s\n", outcome(sigsuspend(&none)));
	pid_t pid = fork();
	if (pid == 0) {
		tick(0);
		for (;;)
			pause();
	}
	printf("waitpid: %s\n", outcome(waitpid(pid, NULL, 0)));
	tick(0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	count = 0;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	alarm(1);
	sigsuspend(&none);
	printf("alarm: %d\n", (int)count);
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleeps(int kind) {
	struct timespec t = {0, 60000000};
	double start = now();
	long r = -1;
	unsigned long long ticks = 0;
	struct itimerspec first = {{0, 0}, {0, 60000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(fd, 0, &first, NULL);
	switch (kind) {
	case 0: r = nanosleep(&t, NULL); break;
	case 1: r = poll(NULL, 0, 60); break;
	case 2: r = read(fd, &ticks, sizeof ticks); break;
	case 3: r = clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL); break;
	}
	printf("sleep %d: %s, long enough %d, ticks %llu\n", kind, outcome(r), now() - start >= 0.06, ticks);
	fflush(stdout);
	_exit(0);
}

// SIGSTOP and SIGCONT interrupt a sleep, which goes on afterwards.
static void stopped_sleep(void) {
	for (int kind = 0; kind < 4; kind++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			sleeps(kind);
		int stops = 0, s, ended = 0;
		for (; stops < 5 && !ended; stops++) {
			kill(pid, SIGSTOP);
			waitpid(pid, &s, WUNTRACED);
			ended = !WIFSTOPPED(s);
			if (ended)
				break;
			kill(pid, SIGCONT);
			waitpid(pid, &s, WCONTINUED);
			ended = !WIFCONTINUED(s);
		}
		if (!ended)
			waitpid(pid, &s, 0);
		printf("stopped sleep %d: status %d\n", kind, s);
	}
}

static void wait_for(const char *what, pid_t pid, int options) {
	siginfo_t i = {0};
	int r = waitid(P_PID, pid, &i, options);
	printf("%s: %d code %d status %d pid %d\n", what, r, i.si_code, i.si_status, i.si_pid == pid);
}

static void chld(pid_t pid) {
	sigset_t set;
	siginfo_t i = {0};
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigwaitinfo(&set, &i);
	printf("SIGCHLD: code %d status %d pid %d\n", i.si_code, i.si_status, i.si_pid == pid);
}

static void on_stop(int sig) {
	printf("handler of SIGTSTP\n");
	fflush(stdout);
	action(SIGTSTP, SIG_DFL, 0);
	raise(sig);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL); // stops here
	action(SIGTSTP, on_stop, 0);
	printf("after the stop\n");
	fflush(stdout);
}

// A parent sees the stops and continues of its child, by wait and by signal. The
// child makes its next step when the parent has looked.
static void jobs(void) {
	sigset_t set;
	int go[2];
	char c;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (pipe(go) != 0)
		abort();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		raise(SIGSTOP);
		if (read(go[0], &c, 1) != 1)
			abort();
		action(SIGTSTP, on_stop, 0);
		raise(SIGTSTP);
		if (read(go[0], &c, 1) != 1)
			abort();
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	for (int i = 0; i < 3; i++) {
		chld(pid);
		wait_for("stop", pid, WSTOPPED);
		kill(pid, SIGCONT);
		chld(pid);
		wait_for("continue", pid, WCONTINUED);
		if (write(go[1], "g", 1) != 1)
			abort();
	}
	kill(pid, SIGTERM);
	chld(pid);
	wait_for("end", pid, WEXITED);
}

static void on_info(int sig, siginfo_t *i, void *unused) {
	(void)unused;
	printf("signal %d code %d value %d pid %d\n", sig, i->si_code, i->si_value.sival_int, i->si_pid == getpid());
}

static void *end_thread(void *p) { return p; }

static void infos(void) {
	struct sigaction a = {.sa_sigaction = on_info, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &a, NULL);
	sigaction(SIGRTMIN, &a, NULL);
	sigaction(SIGTRAP, &a, NULL);
	union sigval v = {.sival_int = 42};
	sigqueue(getpid(), SIGUSR1, v);
	for (v.sival_int = 0; v.sival_int < 3; v.sival_int++)
		sigqueue(getpid(), SIGRTMIN, v);
	kill(getpid(), SIGTRAP);
	raise(SIGTRAP);
#ifdef __x86_64__
	__asm__ volatile("int3");
#endif
	pthread_t id;
	pthread_create(&id, NULL, end_thread, NULL);
	pthread_join(id, NULL);
}

// The handlers say it themselves: a signal may come before the read.
static void on_cont(int sig) {
	(void)sig;
	if (write(1, "<continued>\n", 12) != 12)
		abort();
}

static void on_winch(int sig) {
	char buf[64];
	struct winsize w;
	(void)sig;
	ioctl(0, TIOCGWINSZ, &w);
	int n = snprintf(buf, sizeof buf, "<size %d %d>\n", w.ws_row, w.ws_col);
	if (write(1, buf, (size_t)n) != n)
		abort();
}

// A program at a terminal: says what happens to it, counts lines, ends on quit.
static int terminal(void) {
	char line[100];
	action(SIGCONT, on_cont, SA_RESTART);
	action(SIGWINCH, on_winch, SA_RESTART);
	dprintf(1, "<ready>\n");
	for (;;) {
		ssize_t n = read(0, line, sizeof line - 1);
		if (n <= 0)
			return 8;
		line[n] = 0;
		dprintf(1, "<line %zd>\n", n);
		if (!strncmp(line, "quit", 4))
			return 7;
	}
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	if (!strcmp(mode, "interrupted"))
		interrupted();
	else if (!strcmp(mode, "stopped-sleep"))
		stopped_sleep();
	else if (!strcmp(mode, "jobs"))
		jobs();
	else if (!strcmp(mode, "infos"))
		infos();
	else if (!strcmp(mode, "terminal"))
		return terminal();
	else
		return 99;
	return 0;
}
