// crowd MODE [N]: many processes and threads, one after the other or at once.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *self;
static int ends[2];

static void die(const char *what) {
	perror(what);
	_exit(97);
}

// Processes that begin and end.
static void processes(long n) {
	while (n-- > 0) {
		pid_t pid = vfork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			die("vfork");
	}
}

static void *nothing(void *unused) { return unused; }

static void threads(long n) {
	while (n-- > 0) {
		pthread_t id;
		if ((errno = pthread_create(&id, NULL, nothing, NULL)) != 0 || (errno = pthread_join(id, NULL)) != 0)
			die("pthread_create");
	}
}

// Each process starts the next one and ends.
static void chain(long n) {
	for (; n > 0; n--) {
		pid_t pid = fork();
		if (pid < 0)
			die("fork");
		if (pid > 0)
			_exit(0);
	}
	puts("end of the chain");
}

static char *rest[4];

static void *execs(void *unused) {
	execv(self, rest);
	die(self);
	return unused;
}

// A thread other than the first executes the program again, N times: its thread
// id vanishes without an end.
static void reexec(long n) {
	char text[24];
	pthread_t id;
	if (n == 0)
		return;
	snprintf(text, sizeof text, "%ld", n - 1);
	rest[0] = self, rest[1] = "reexec", rest[2] = text;
	if ((errno = pthread_create(&id, NULL, execs, NULL)) != 0)
		die("pthread_create");
	pthread_join(id, NULL);
}

// Two processes of a group that fork all the time are killed with all their
// children after a while, N times: parents die before they have told of a child,
// and children before they ran.
static void massacre(long n) {
	for (; n > 0; n--) {
		int go[2];
		char c;
		if (pipe(go) != 0)
			die("pipe");
		pid_t pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			signal(SIGCHLD, SIG_IGN);
			if (fork() < 0 || write(go[1], "g", 1) != 1)
				_exit(1);
			for (int i = 0; i < 5000; i++)
				if (fork() == 0)
					_exit(0);
			pause();
		}
		close(go[1]);
		if (pid < 0 || read(go[0], &c, 1) != 1)
			die("read");
		close(go[0]);
		for (long i = 0; i < 7 * n % 20; i++)
			sched_yield();
		if (kill(-pid, SIGKILL) != 0)
			die("kill");
		if (waitpid(pid, NULL, 0) != pid)
			die("waitpid");
	}
}

static int waits(void *unused) {
	char c;
	(void)unused;
	syscall(SYS_read, ends[0], &c, 1);
	syscall(SYS_exit, 0);
	return 0;
}

// N processes at once, as small as possible: they share the memory and the
// descriptors. They end when standard input ends.
static void alive(long n) {
	enum { size = 4096 };
	char c, *stacks = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stacks == MAP_FAILED || pipe(ends) != 0)
		die("mmap");
	for (long i = 0; i < n; i++)
		if (clone(waits, stacks + (i + 1) * size, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) < 0) {
			int e = errno;
			printf("only %ld: %s\n", i, strerror(e));
			fflush(stdout);
			exit(96);
		}
	printf("alive\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	close(ends[1]);
	for (long i = 0; i < n; i++)
		if (wait(NULL) < 0)
			die("wait");
	printf("all ended\n");
}

// Forks until there are no more processes, and goes on trying.
static void bomb(void) {
	long failures = 0;
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		if (fork() < 0 && failures++ % 100 == 0)
			if (write(1, "full\n", 5) != 5)
				_exit(0);
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	long n = argc > 2 ? atol(argv[2]) : 0;
	self = argv[0];
	if (!strcmp(mode, "processes"))
		processes(n);
	else if (!strcmp(mode, "threads"))
		threads(n);
	else if (!strcmp(mode, "chain"))
		chain(n);
	else if (!strcmp(mode, "reexec"))
		reexec(n);
	else if (!strcmp(mode, "massacre"))
		massacre(n);
	else if (!strcmp(mode, "alive"))
		alive(n);
	else if (!strcmp(mode, "bomb"))
		bomb();
	else
		return 98;
	return 0;
}
