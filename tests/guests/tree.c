// Guest: makes trees of processes and threads. The first argument says which.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **arguments;

static void status(const char *what, pid_t pid) {
	int s = 0;
	pid_t got = waitpid(pid, &s, __WALL);
	dprintf(1, "%s %d exit %d signal %d\n", what, got == pid, WIFEXITED(s) ? WEXITSTATUS(s) : -1,
		WIFSIGNALED(s) ? WTERMSIG(s) : 0);
}

static int cloned(void *arg) { _exit((int)(long)arg); }

static void births(void) {
	static char stack[65536];
	pid_t pid = fork();
	if (pid == 0)
		_exit(3);
	status("fork", pid);
	pid = vfork();
	if (pid == 0)
		_exit(4);
	status("vfork", pid);
	pid = vfork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", (char *)0);
		_exit(127);
	}
	status("vfork exec", pid);
	status("clone", clone(cloned, stack + sizeof stack, SIGCHLD, (void *)6));
	status("clone without a signal", clone(cloned, stack + sizeof stack, 0, (void *)7));
	status("clone vm", clone(cloned, stack + sizeof stack, CLONE_VM | SIGCHLD, (void *)8));
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0)
		_exit(9);
	if (pid > 0)
		status("clone3", pid);
	else
		dprintf(1, "clone3 %s\n", strerror(errno));
	pid = fork();
	if (pid == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	status("killed", pid);
}

static void *add(void *sum) {
	for (int i = 0; i < 100; i++) {
		close(open("/dev/null", O_RDONLY | O_CLOEXEC));
		__sync_fetch_and_add((int *)sum, 1);
	}
	return NULL;
}

static void threads(void) {
	int sum = 0;
	for (int round = 0; round < 5; round++) {
		pthread_t id[8];
		for (int i = 0; i < 8; i++)
			if (pthread_create(&id[i], NULL, add, &sum) != 0)
				abort();
		for (int i = 0; i < 8; i++)
			pthread_join(id[i], NULL);
	}
	dprintf(1, "sum %d\n", sum);
}

static void *waits(void *unused) {
	for (;;)
		pause();
	return unused;
}

static void *execs(void *unused) {
	execv(arguments[0], arguments);
	dprintf(1, "exec: %s\n", strerror(errno));
	_exit(1);
	return unused;
}

// A thread other than the first executes the rest of the command line, while
// the others sleep or, in the first, have ended.
static void exec_from_thread(int leader_ends) {
	pthread_t id;
	for (int i = 0; i < 4; i++)
		pthread_create(&id, NULL, waits, NULL);
	pthread_create(&id, NULL, execs, NULL);
	if (leader_ends)
		pthread_exit(NULL);
	waits(NULL);
}

// A grandchild in a session of its own outlives its parents: the end of a pipe
// tells it that they are gone.
static void daemonize(void) {
	int gone[2];
	if (pipe(gone) != 0)
		abort();
	if (fork() != 0)
		_exit(11);
	setsid();
	if (fork() != 0)
		_exit(0);
	close(gone[1]);
	char c;
	if (read(gone[0], &c, 1) != 0)
		abort();
	dprintf(1, "daemon wrote\n");
}

static void ready(void) {
	if (write(4, "r", 1) != 1)
		abort();
	waits(NULL);
}

// A tree that waits for ever: a child, a daemon, a thread, one that ignores
// signals, a stopped one. Each holds descriptor 3 and reports on descriptor 4.
// With ends, the first process ends as soon as the others are there.
static void block(int ends) {
	int there[2];
	pthread_t id;
	if (pipe(there) != 0)
		abort();
	for (int i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		if (i == 1 || i == 3) {
			setsid();
			if (fork() != 0)
				_exit(0);
		}
		if (i == 2)
			for (int sig = 1; sig < 32; sig++)
				signal(sig, SIG_IGN);
		if (i == 3)
			pthread_create(&id, NULL, waits, NULL);
		if (write(there[1], "t", 1) != 1)
			abort();
		if (i == 0)
			raise(SIGSTOP);
		waits(NULL);
	}
	for (int i = 0; i < 4; i++) {
		char c;
		if (read(there[0], &c, 1) != 1)
			abort();
	}
	if (ends)
		_exit(12);
	ready();
}

// Ends by itself when SIGTERM comes, after it has said so.
static void on_term(int sig) {
	dprintf(1, "got %d\n", sig);
	_exit(13);
}

// Forks without end, until somebody kills all.
static void grow(void) {
	if (write(4, "r", 1) != 1)
		abort();
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid_t pid = fork();
		if (pid < 0)
			continue;
		if (pid == 0 && fork() == 0)
			_exit(0);
		if (pid == 0)
			_exit(0);
	}
}

static void facts(void) {
	int death = -1;
	prctl(PR_GET_PDEATHSIG, &death);
	dprintf(1, "no_new_privs %d\npdeathsig %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), death);
	for (int fd = 0; fd < 300; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			dprintf(1, "fd %d\n", fd);
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int sig = 1; sig < 32; sig++) {
		struct sigaction act;
		sigaction(sig, NULL, &act);
		if (sigismember(&set, sig) || act.sa_handler == SIG_IGN)
			dprintf(1, "signal %d is not as it was\n", sig);
	}
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	arguments = argv + 2;
	if (!strcmp(mode, "births"))
		births();
	else if (!strcmp(mode, "threads"))
		threads();
	else if (!strcmp(mode, "exec-from-thread"))
		exec_from_thread(0);
	else if (!strcmp(mode, "exec-leader-ended"))
		exec_from_thread(1);
	else if (!strcmp(mode, "daemon"))
		daemonize();
	else if (!strcmp(mode, "block"))
		block(0);
	else if (!strcmp(mode, "block-and-end"))
		block(1);
	else if (!strcmp(mode, "term")) {
		signal(SIGTERM, on_term);
		ready();
	} else if (!strcmp(mode, "grow"))
		grow();
	else if (!strcmp(mode, "facts"))
		facts();
	else
		return 99;
	return 0;
}
