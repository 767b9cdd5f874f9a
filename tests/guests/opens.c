// Guest: opens the file of its second argument in many ways and prints the
// content that it gets.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *file;

static int content(char buf[64]) {
	memset(buf, 0, 64);
	int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return snprintf(buf, 64, "%s", strerrorname_np(errno));
	if (read(fd, buf, 63) < 0)
		abort();
	close(fd);
	return 0;
}

static void say(const char *what) {
	char buf[64];
	content(buf);
	dprintf(1, "%s: %s\n", what, buf);
}

// Each thread opens a name of its own, NAME.i, and must get its own content.
static void *opener(void *arg) {
	char name[4096], buf[64], want[64];
	long i = (long)arg, wrong = 0;
	snprintf(name, sizeof name, "%s.%ld", file, i);
	snprintf(want, sizeof want, "%ld", i);
	for (int n = 0; n < 50; n++) {
		memset(buf, 0, sizeof buf);
		int fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, buf, sizeof buf - 1) < 0 || strcmp(buf, want))
			wrong++;
		close(fd);
	}
	return (void *)wrong;
}

static void *forker(void *unused) {
	for (int n = 0; n < 30; n++) {
		pid_t pid = fork();
		if (pid == 0) {
			char buf[64];
			content(buf);
			_exit(strcmp(buf, "other") != 0);
		}
		int s;
		waitpid(pid, &s, 0);
		if (s != 0)
			return (void *)1;
	}
	return unused;
}

static void threads(void *(*f)(void *), const char *what) {
	pthread_t id[16];
	long wrong = 0;
	for (long i = 0; i < 16; i++)
		if (pthread_create(&id[i], NULL, f, (void *)(f == opener ? i : 0)) != 0)
			abort();
	for (int i = 0; i < 16; i++) {
		void *r;
		pthread_join(id[i], &r);
		wrong += (long)r;
	}
	dprintf(1, "%s: %ld wrong\n", what, wrong);
}

int main(int argc, char **argv) {
	if (argc < 3)
		return 99;
	file = argv[2];
	const char *mode = argv[1];
	if (!strcmp(mode, "once")) {
		say("after exec");
		return 0;
	}
	if (!strcmp(mode, "threads")) {
		threads(opener, "threads");
		return 0;
	}
	if (!strcmp(mode, "forking-threads")) {
		threads(forker, "forking threads");
		return 0;
	}
	pid_t pid = fork();
	if (pid == 0) {
		say("fork before the first");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say("first");
	say("second");
	pid = fork();
	if (pid == 0) {
		say("fork");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	pid = vfork();
	if (pid == 0) {
		say("vfork");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	say("after vfork");
	execl("/proc/self/exe", argv[0], "once", file, (char *)0);
	return 1;
}
