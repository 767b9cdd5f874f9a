// Signals: what comes, in which order, with what, on which stack.
#include "guest.h"
#include <ucontext.h>

static pid_t me;

static void on_info(int sig, siginfo_t *info, void *context) {
	(void)context;
	say("signal %s code %d value %d from me %d", sig >= SIGRTMIN ? "of real time" : sigabbrev_np(sig), info->si_code,
		info->si_code == SI_QUEUE ? info->si_value.sival_int : 0, info->si_pid == me);
}

// Signals of real time come in the order of their numbers, and queued ones in the
// order in which they were sent.
static void queued(void) {
	sigset_t all, old;
	me = getpid();
	for (int i = 0; i < 3; i++)
		handle_info(SIGRTMIN + i, on_info, 0);
	handle_info(SIGUSR1, on_info, 0);
	handle_info(SIGTERM, on_info, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int i = 0; i < 9; i++)
		MUST(sigqueue(me, SIGRTMIN + (7 - i % 3) % 3, (union sigval){.sival_int = i}));
	MUST(sigqueue(me, SIGUSR1, (union sigval){.sival_int = 20}));
	MUST(sigqueue(me, SIGUSR1, (union sigval){.sival_int = 21})); // is lost
	MUST(kill(me, SIGTERM));
	put("file", "x"); // a call that is looked at, while all of them wait
	sigset_t pending;
	MUST(sigpending(&pending));
	say("pending %d %d %d", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGRTMIN), sigismember(&pending, SIGUSR2));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static int ready[2];

static void sends(void) {
	for (int i = 0; i < 100; i++)
		MUST(sigqueue(getppid(), SIGRTMIN + i % 2, (union sigval){.sival_int = i}));
}

static void queued_by_child(void) {
	sigset_t set;
	siginfo_t info;
	int last[2] = {-2, -1}, n = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pid_t pid = child(sends);
	while (n < 100) {
		int sig = sigwaitinfo(&set, &info);
		if (sig < 0 && errno == EINTR)
			continue;
		int *was = &last[sig - SIGRTMIN];
		TRUE(info.si_pid == pid && info.si_code == SI_QUEUE && info.si_uid == getuid());
		TRUE(info.si_value.sival_int == *was + 2);
		*was = info.si_value.sival_int;
		n++;
		put("file", "x");
	}
	ended("sender", pid);
	struct timespec soon = {0, 1000000};
	say("no more: %s", outcome(sigtimedwait(&set, &info, &soon)));
}

static stack_t alternate;
static int on_alternate(void) {
	char here;
	return &here >= (char *)alternate.ss_sp && &here < (char *)alternate.ss_sp + alternate.ss_size;
}

static void on_stack(int sig) {
	stack_t now;
	MUST(sigaltstack(NULL, &now));
	say("on the other stack %d, flags %d", on_alternate(), now.ss_flags);
	put("file", "by the handler");
	say("change it meanwhile: %s", outcome(sigaltstack(&alternate, NULL)));
	if (sig == SIGUSR1)
		raise(SIGUSR2);
}

static void alternate_stack(void) {
	alternate.ss_size = 65536;
	alternate.ss_sp = malloc(alternate.ss_size);
	MUST(sigaltstack(&alternate, NULL));
	handle(SIGUSR1, on_stack, SA_ONSTACK);
	handle(SIGUSR2, on_stack, SA_ONSTACK);
	raise(SIGUSR1);
	handle(SIGUSR2, on_stack, 0);
	raise(SIGUSR2);
	say("%s", get("file"));
}

static int depth;
static void on_nested(int sig) {
	int mine = ++depth;
	sigset_t mask;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	say("depth %d, blocked %d %d", mine, sigismember(&mask, sig), sigismember(&mask, SIGUSR2));
	put("file", "x");
	if (mine < 3)
		raise(sig);
	say("leaves %d", mine);
}

static void handler_flags(void) {
	struct sigaction a = {.sa_handler = on_nested, .sa_flags = SA_NODEFER}, old;
	sigemptyset(&a.sa_mask);
	sigaddset(&a.sa_mask, SIGUSR2);
	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	depth = 0;
	a.sa_flags = 0;
	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	depth = 5;
	a.sa_flags = SA_RESETHAND;
	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	MUST(sigaction(SIGUSR1, NULL, &old));
	say("reset %d", old.sa_handler == SIG_DFL);
	say("SIGKILL: %s", outcome(sigaction(SIGKILL, &a, NULL)));
	say("SIGSTOP: %s", outcome(sigaction(SIGSTOP, &a, NULL)));
	say("65: %s", outcome(kill(getpid(), 65)));
}

// A handler may change where the program goes on.
static void on_skip(int sig, siginfo_t *info, void *context) {
	ucontext_t *u = context;
	(void)sig, (void)info, (void)u;
#if defined(__x86_64__)
	u->uc_mcontext.gregs[REG_RAX] = 77;
#elif defined(__i386__)
	u->uc_mcontext.gregs[REG_EAX] = 77;
#endif
	put("file", "in the handler");
}

static void changed_context(void) {
#if defined(__x86_64__) || defined(__i386__)
	long r;
	handle_info(SIGTRAP, on_skip, 0);
	__asm__ volatile("int3" : "=a"(r) : "a"(1) : "memory");
	say("register %ld", r);
	say("%s", get("file"));
#else
	say("register 77");
	say("in the handler");
#endif
}

// Ending signals, natively and by a group.
static void aborts(void) { abort(); }
static void waits(void) {
	tell(ready[1]);
	for (;;)
		pause();
}
static void groups(void) {
	MUST(setpgid(0, 0));
	pid_t a = child(waits), b = child(waits);
	hear(ready[0]), hear(ready[0]);
	signal(SIGTERM, SIG_IGN);
	MUST(kill(0, SIGTERM));
	ended("first", a);
	ended("second", b);
	say("none left: %s", outcome(kill(-getpgrp(), 0)));
}

static void endings(void) {
	static const int list[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGPIPE, SIGALRM,
		SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS};
	MUST(pipe(ready));
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		pid_t pid = child(waits);
		hear(ready[0]);
		MUST(kill(pid, list[i]));
		ended(sigabbrev_np(list[i]), pid);
	}
	ended("abort", child(aborts));
	ended("group", child(groups));
	say("nobody: %s", outcome(kill(getpid(), 0)));
	say("real time: %s", outcome(sigqueue(getpid(), 0, (union sigval){0})));
}

static void pid_descriptors(void) {
	MUST(pipe(ready));
	pid_t pid = child(waits);
	hear(ready[0]);
	int fd = MUST(syscall(SYS_pidfd_open, pid, 0));
	struct pollfd p = {fd, POLLIN, 0};
	say("alive: %d", poll(&p, 1, 0));
	say("probe: %s", outcome(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0)));
	say("signal: %s", outcome(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0)));
	say("ended: %d", poll(&p, 1, -1));
	siginfo_t info = {0};
	say("waitid: %s", outcome(waitid(P_PIDFD, fd, &info, WEXITED)));
	say("code %d status %d", info.si_code, info.si_status);
	say("gone: %s", outcome(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0)));
	say("of a file: %s", outcome(syscall(SYS_pidfd_send_signal, open(".", O_RDONLY), 0, NULL, 0)));
	say("of nobody: %s", outcome(syscall(SYS_pidfd_open, 1 << 22, 0)));
	say("bad descriptor: %s", outcome(syscall(SYS_pidfd_send_signal, 99, SIGTERM, NULL, 0)));
}

#define X(f) {#f, f}
const struct control signals_controls[] = {
	X(queued), X(queued_by_child), X(alternate_stack), X(handler_flags), X(changed_context), X(endings), X(pid_descriptors),
	{NULL, NULL},
};
