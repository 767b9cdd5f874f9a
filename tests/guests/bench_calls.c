/*
 * bench_calls: what one operation costs the program that does it.
 *
 *     bench_calls OPERATION COUNT DIRECTORY
 *
 * does one of these COUNT times and prints the nanoseconds of one, by
 * CLOCK_MONOTONIC, and nothing else:
 *
 *     read    open a file for reading, close it
 *     write   open a file for writing, close it
 *     stat    stat a file
 *     chmod   chmod a file
 *     chown   give a file to the caller
 *     exec    fork, run /bin/true, wait for it
 *
 * The file is DIRECTORY/bench; it is created first and stays. The exit status is
 * 0, 1 if an operation failed, 2 for wrong arguments.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char path[PATH_MAX];
static uid_t uid;
static gid_t gid;

static int do_open(int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -1 : close(fd);
}

static int do_read(void) { return do_open(O_RDONLY); }

static int do_write(void) { return do_open(O_WRONLY); }

static int do_stat(void)
{
	struct stat st;

	return stat(path, &st);
}

static int do_chmod(void) { return chmod(path, 0644); }

static int do_chown(void) { return chown(path, uid, gid); }

static int do_exec(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		errno = ECHILD;
		return -1;
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} operations[] = {
	{"read", do_read},
	{"write", do_write},
	{"stat", do_stat},
	{"chmod", do_chmod},
	{"chown", do_chown},
	{"exec", do_exec},
};

static int usage(void)
{
	fputs("usage: bench_calls read|write|stat|chmod|chown|exec COUNT DIRECTORY\n", stderr);
	return 2;
}

static int failed(const char *what)
{
	fprintf(stderr, "bench_calls: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct timespec start, end;
	int (*run)(void) = NULL;
	char *rest;
	long count;
	int fd;

	if (argc != 4)
		return usage();
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (strcmp(argv[1], operations[i].name) == 0)
			run = operations[i].run;
	errno = 0;
	count = strtol(argv[2], &rest, 10);
	if (run == NULL || errno != 0 || *rest != '\0' || count < 1)
		return usage();
	if (snprintf(path, sizeof path, "%s/bench", argv[3]) >= (int)sizeof path)
		return usage();

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || close(fd) != 0)
		return failed(path);

	uid = geteuid();
	gid = getegid();
	if (clock_gettime(CLOCK_MONOTONIC, &start) != 0)
		return failed("clock_gettime");
	for (long i = 0; i < count; i++)
		if (run() != 0)
			return failed(argv[1]);
	if (clock_gettime(CLOCK_MONOTONIC, &end) != 0)
		return failed("clock_gettime");

	printf("%.1f\n", ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / (double)count);
	return 0;
}
