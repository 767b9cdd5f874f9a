// dying MODE: a victim that makes every kind of stop, and threads that are stopped
// while one of them ends or replaces them all.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self;

static void die(const char *what) {
	perror(what);
	_exit(97);
}

static void ignore(int sig) { (void)sig; }

static void *thread(void *unused) {
	getppid();
	return unused;
}

// Makes every kind of stop, then executes itself to begin again.
static void victim(void) {
	pthread_t id;
	pid_t pid;
	char *argv[] = {self, "victim", NULL}, *ends[] = {self, "ends", NULL};
	signal(SIGUSR1, ignore);
	getppid();
	raise(SIGUSR1);
	if ((pid = fork()) == 0) {
		getppid();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if ((pid = vfork()) == 0) {
		getppid();
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if ((pid = vfork()) == 0) {
		execve(self, ends, environ);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pthread_create(&id, NULL, thread, NULL) == 0)
		pthread_join(id, NULL);
	raise(SIGSTOP);
	execve(self, argv, environ);
	die(self);
}

// Continues the victim until it is dead, and tells what it died of.
static void nurse(void) {
	int status;
	pid_t pid = fork(), got;
	if (pid == 0)
		victim();
	while ((got = waitpid(pid, &status, WNOHANG)) == 0) {
		kill(pid, SIGCONT);
		sched_yield();
	}
	if (got != pid)
		die("waitpid");
	printf("exit %d signal %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	fflush(stdout);
	_exit(7);
}

static atomic_int started;
static int all;

// Waits until all threads are here. Each sees that for itself: behind a pthread_barrier_t a
// thread may sleep that the last one, which the tracer has stopped on its way, is to wake.
static void together(void) {
	for (atomic_fetch_add(&started, 1); atomic_load(&started) < all;)
		getppid();
}

static void *calls(void *unused) {
	together();
	for (;;)
		getppid();
	return unused;
}

static void *replaces(void *unused) {
	char *argv[] = {self, "ends", NULL};
	together();
	execve(self, argv, environ);
	die(self);
	return unused;
}

static void *leaves(void *unused) {
	together();
	_exit(8); // exit_group(2)
	return unused;
}

// Seven threads make calls without end; another one, or the first one, does the rest.
static void group(void *(*rest)(void *), int first) {
	pthread_t id;
	all = 9 - (first != 0);
	for (int i = 0; i < 7; i++)
		if (pthread_create(&id, NULL, calls, NULL) != 0)
			die("pthread_create");
	if (first)
		rest(NULL);
	if (pthread_create(&id, NULL, rest, NULL) != 0)
		die("pthread_create");
	calls(NULL);
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
	self = argv[0];
	if (!strcmp(mode, "nurse"))
		nurse();
	else if (!strcmp(mode, "victim"))
		victim();
	else if (!strcmp(mode, "ends"))
		_exit(8);
	else if (!strcmp(mode, "exit-first"))
		group(leaves, 1);
	else if (!strcmp(mode, "exit-other"))
		group(leaves, 0);
	else if (!strcmp(mode, "exec-first"))
		group(replaces, 1);
	else if (!strcmp(mode, "exec-other"))
		group(replaces, 0);
	return 98;
}
