// What a parent learns of its children.
#include "guest.h"
#include <sys/times.h>

static int ready[2], go[2];

static void pipes(void) {
	MUST(pipe(ready));
	MUST(pipe(go));
}

static void look(const char *what, idtype_t type, id_t id, int options, pid_t expected) {
	siginfo_t info = {0};
	int r = waitid(type, id, &info, options);
	if (r != 0)
		say("%s: %s", what, outcome(r));
	else
		say("%s: code %d status %d child %d, signal %d", what, info.si_code, info.si_status, info.si_pid == expected, info.si_signo);
}

static void exits_3(void) { _exit(3); }
static void steps(void) { // stops itself whenever it is told to go on
	for (;;) {
		raise(SIGSTOP);
		tell(ready[1]);
		hear(go[0]);
	}
}

static void wait_options(void) {
	pipes();
	look("no child", P_ALL, 0, WEXITED, 0);
	pid_t pid = child(exits_3);
	look("kept", P_PID, pid, WEXITED | WNOWAIT, pid);
	look("kept again", P_ALL, 0, WEXITED | WNOWAIT, pid);
	look("not stopped", P_PID, pid, WSTOPPED | WNOHANG, 0);
	look("taken", P_PID, pid, WEXITED, pid);
	look("gone", P_PID, pid, WEXITED | WNOHANG, 0);
	look("no options", P_PID, pid, 0, 0);
	look("bad options", P_PID, pid, WEXITED | 0x100, 0);
	pid = child(steps);
	look("stop kept", P_PID, pid, WSTOPPED | WNOWAIT, pid);
	look("stop", P_PID, pid, WSTOPPED | WEXITED | WCONTINUED, pid);
	look("no second stop", P_PID, pid, WSTOPPED | WEXITED | WCONTINUED | WNOHANG, 0);
	MUST(kill(pid, SIGCONT));
	look("continue kept", P_PID, pid, WCONTINUED | WNOWAIT, pid);
	look("continue", P_PID, pid, WSTOPPED | WEXITED | WCONTINUED, pid);
	hear(ready[0]);
	look("nothing yet", P_PID, pid, WSTOPPED | WEXITED | WCONTINUED | WNOHANG, 0);
	tell(go[1]);
	int status = 0;
	TRUE(waitpid(pid, &status, WUNTRACED) == pid);
	say("waitpid: %s", spell(status));
	MUST(kill(pid, SIGCONT));
	TRUE(waitpid(pid, &status, WCONTINUED) == pid);
	say("continued %d", WIFCONTINUED(status));
	hear(ready[0]);
	MUST(kill(pid, SIGKILL));
	look("killed", P_PID, pid, WSTOPPED | WEXITED | WCONTINUED, pid);
	say("none: %s", outcome(waitpid(-1, NULL, WNOHANG)));
}

// A child that was stopped and is killed without having been continued.
static void stopped_and_killed(void) {
	pipes();
	for (int i = 0; i < 10; i++) {
		int status;
		pid_t pid = child(steps);
		TRUE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		MUST(kill(pid, i % 2 ? SIGKILL : SIGTERM));
		if (i % 2 == 0)
			MUST(kill(pid, SIGCONT));
		ended("end", pid);
	}
}

static int nothing(void *arg) {
	(void)arg;
	return 5;
}

static void clones(void) {
	static char stack[65536] __attribute__((aligned(16)));
	int status = 0;
	sigset_t set;
	siginfo_t info = {0};
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid_t pid = MUST(clone(nothing, stack + sizeof stack, SIGUSR2, NULL)); // announces itself by another signal
	pid_t plain = child(exits_3);
	say("not a plain one: %s", outcome(waitpid(pid, &status, 0)));
	TRUE(waitpid(plain, &status, 0) == plain);
	TRUE(waitpid(-1, &status, __WCLONE) == pid);
	say("clone: %s", spell(status));
	sigwaitinfo(&set, &info);
	pid = MUST(clone(nothing, stack + sizeof stack, SIGUSR2, NULL));
	sigwaitinfo(&set, &info);
	say("told by SIGUSR2: code %d status %d child %d", info.si_code, info.si_status, info.si_pid == pid);
	say("all kinds: %d", waitpid(-1, &status, __WALL) == pid);
	pid = MUST(clone(nothing, stack + sizeof stack, 0, NULL));
	say("silent: %d", waitpid(pid, &status, __WALL) == pid);
	say("%s", spell(status));
}

static void *waits_in_thread(void *pid) {
	int status;
	pid_t got = waitpid((pid_t)(intptr_t)pid, &status, __WNOTHREAD);
	say("of another thread only: %s", outcome(got));
	got = waitpid((pid_t)(intptr_t)pid, &status, 0);
	say("of the whole process: %s", got > 0 ? spell(status) : outcome(got));
	return NULL;
}

static void waits_by_threads(void) {
	pthread_t id;
	pid_t pid = child(exits_3);
	TRUE(pthread_create(&id, NULL, waits_in_thread, (void *)(intptr_t)pid) == 0);
	pthread_join(id, NULL);
}

static void in_group(void) {
	setpgid(0, 0);
	tell(ready[1]);
	hear(go[0]);
	_exit(4);
}

static void waits_for_groups(void) {
	pipes();
	pid_t a = child(in_group), b = child(exits_3);
	hear(ready[0]);
	look("of the group, alive", P_PGID, a, WEXITED | WNOHANG, 0);
	tell(go[1]);
	look("of the group", P_PGID, a, WEXITED, a);
	int status;
	TRUE(waitpid(0, &status, 0) == b);
	say("of my group: %s", spell(status));
	say("of no group: %s", outcome(waitpid(-a, &status, 0)));
}

// Children that nobody waits for.
static volatile sig_atomic_t died;
static void on_child(int sig) {
	(void)sig;
	died++;
}

static void ignored_children(void) {
	struct sigaction a = {.sa_handler = SIG_IGN};
	MUST(sigaction(SIGCHLD, &a, NULL));
	pid_t pid = child(exits_3);
	say("ignored: %s", outcome(waitpid(pid, NULL, 0)));
	a = (struct sigaction){.sa_handler = on_child, .sa_flags = SA_NOCLDWAIT};
	MUST(sigaction(SIGCHLD, &a, NULL));
	pid = child(exits_3);
	pid_t got;
	while ((got = waitpid(pid, NULL, 0)) < 0 && errno == EINTR)
		;
	say("not kept: %s, told %d", outcome(got), (int)died);
	pipes();
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	a = (struct sigaction){.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
	MUST(sigaction(SIGCHLD, &a, NULL));
	pid = child(steps);
	int status;
	TRUE(waitpid(pid, &status, WUNTRACED) == pid);
	sigset_t pending;
	sigpending(&pending);
	say("told of a stop: %d", sigismember(&pending, SIGCHLD));
	kill(pid, SIGKILL);
	TRUE(waitpid(pid, &status, 0) == pid);
	sigpending(&pending);
	say("told of the end: %d", sigismember(&pending, SIGCHLD));
}

// A child that has ended and was not waited for still takes signals.
static void ended_children(void) {
	siginfo_t info;
	pid_t pid = child(exits_3);
	MUST(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	int fd = MUST(syscall(SYS_pidfd_open, pid, 0));
	for (int round = 0; round < 2; round++) {
		say("kill: %s", outcome(kill(pid, SIGTERM)));
		say("SIGKILL: %s", outcome(kill(pid, SIGKILL)));
		say("probe: %s", outcome(kill(pid, 0)));
		say("no signal: %s", outcome(kill(pid, 99)));
		say("queue: %s", outcome(sigqueue(pid, SIGUSR1, (union sigval){0})));
		say("tgkill: %s", outcome(syscall(SYS_tgkill, pid, pid, SIGTERM)));
		say("tkill: %s", outcome(syscall(SYS_tkill, pid, SIGTERM)));
		say("descriptor: %s", outcome(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0)));
		if (round == 0)
			ended("child", pid);
	}
}

// Time that children have used is added up when they are waited for.
static void burns(void) {
	struct timespec t;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec == 0 && t.tv_nsec < 30000000);
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec / 1e6; }
static double used(const struct rusage *u) { return seconds(u->ru_utime) + seconds(u->ru_stime); }

static void usage(void) {
	struct rusage before, of_child, after, self;
	struct tms t;
	MUST(getrusage(RUSAGE_CHILDREN, &before));
	pid_t pid = child(burns);
	int status;
	siginfo_t info;
	MUST(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	MUST(getrusage(RUSAGE_CHILDREN, &after));
	say("added up before: %d", used(&after) - used(&before) > 0.02);
	TRUE(wait4(pid, &status, 0, &of_child) == pid);
	MUST(getrusage(RUSAGE_CHILDREN, &after));
	MUST(getrusage(RUSAGE_SELF, &self));
	say("child used %d, at most what is added up %d", used(&of_child) >= 0.02, used(&after) - used(&before) >= used(&of_child) - 0.001);
	say("memory %d faults %d", of_child.ru_maxrss > 0, of_child.ru_minflt > 0);
	struct timespec mine;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mine);
	burns();
	struct timespec thread;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &thread);
	say("own clock %d", thread.tv_nsec >= 29000000 || thread.tv_sec > 0);
}

#define X(f) {#f, f}
const struct control waits_controls[] = {
	X(wait_options), X(stopped_and_killed), X(clones), X(waits_by_threads), X(waits_for_groups), X(ignored_children), X(ended_children), X(usage),
	{NULL, NULL},
};
