// load DIR OUTSIDE [ROUNDS]: a busy build, without end or for some rounds. A tree
// of processes and threads makes, renames and removes files in DIR, and tries to
// make one in OUTSIDE. Each file is a line on standard output.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *self, *dir, *outside;

static void touch(const char *where, const char *what, int thread) {
	char from[4096], to[4096];
	snprintf(from, sizeof from, "%s/%s.%d.%d", where, what, getpid(), thread);
	snprintf(to, sizeof to, "%s/%s.%d.%d.done", where, what, getpid(), thread);
	int fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) != 0 || rename(from, to) != 0 || chmod(to, 0600) != 0 ||
	    unlink(to) != 0) {
		perror(from);
		_exit(3);
	}
	if (write(1, "file\n", 5) != 5)
		_exit(4);
}

static void escape(void) {
	char name[4096];
	snprintf(name, sizeof name, "%s/escaped", outside);
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd >= 0) {
		if (write(fd, "x", 1) != 1)
			_exit(5);
		close(fd);
	}
}

static void *thread(void *unused) {
	touch(dir, "thread", 1);
	escape();
	return unused;
}

static void node(int depth) {
	pid_t pid[3];
	pthread_t id;
	touch(dir, "file", 0);
	escape();
	if (depth == 0)
		return;
	if (pthread_create(&id, NULL, thread, NULL) != 0)
		_exit(6);
	char text[8], *argv[] = {self, "node", dir, outside, text, NULL};
	snprintf(text, sizeof text, "%u", (unsigned char)(depth - 1));
	for (int i = 0; i < 3; i++) {
		if (i == 0 && posix_spawn(&pid[i], self, NULL, NULL, argv, environ) != 0)
			_exit(7);
		if (i > 0 && (pid[i] = fork()) < 0)
			_exit(8);
		if (pid[i] == 0 && i == 1)
			execv(self, argv);
		if (pid[i] == 0) {
			node(depth - 1);
			_exit(0);
		}
	}
	pthread_join(id, NULL);
	for (int i = 0; i < 3; i++) {
		int status;
		if (waitpid(pid[i], &status, 0) != pid[i] || status != 0)
			_exit(9);
	}
}

int main(int argc, char **argv) {
	self = argv[0];
	if (argc == 5 && !strcmp(argv[1], "node")) {
		dir = argv[2], outside = argv[3];
		node(atoi(argv[4]));
		return 0;
	}
	if (argc < 3)
		return 98;
	dir = argv[1], outside = argv[2];
	long rounds = argc > 3 ? atol(argv[3]) : -1;
	while (rounds-- != 0)
		node(2);
	return 0;
}
