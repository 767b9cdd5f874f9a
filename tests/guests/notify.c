/*
 * Calls that a listener is told about, while signals come.
 *
 *   notify stat PATH...   the errno of stat(2) of each
 *   notify signal DIR     a child, which a signal without SA_RESTART reaches, waits for
 *                         a byte of descriptor 3 and asks for DIR; as soon as it runs,
 *                         the parent asks for DIR/PID, with the id of the child
 *   notify open PATH      such a signal reaches the process, which opens PATH for reading
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void count(int number)
{
	(void)number;
	signals++;
}

static int ask(const char *path)
{
	struct stat st;

	return stat(path, &st) ? errno : 0;
}

static void handle(void)
{
	struct sigaction act;

	memset(&act, 0, sizeof act);
	act.sa_handler = count; /* without SA_RESTART */
	sigaction(SIGUSR1, &act, NULL);
}

static int child_stat(const char *path, int ready)
{
	char byte = 0;
	int error;

	handle();
	if (write(ready, &byte, 1) != 1 || read(3, &byte, 1) != 1)
		return 1;
	error = ask(path);
	printf("errno %d, signals %d\n", error, (int)signals);
	return 0;
}

int main(int argc, char **argv)
{
	char path[4096], byte;
	pid_t child;
	int i, ready[2];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "stat")) {
		for (i = 2; i < argc; i++)
			printf("%d\n", ask(argv[i]));
		return 0;
	}
	if (!strcmp(argv[1], "open")) {
		handle();
		i = open(argv[2], O_RDONLY) < 0 ? errno : 0;
		printf("errno %d, signals %d\n", i, (int)signals);
		return 0;
	}
	if (pipe(ready))
		return 1;
	child = fork();
	if (child == 0)
		return child_stat(argv[2], ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	snprintf(path, sizeof path, "%s/%d", argv[2], (int)child);
	ask(path);
	waitpid(child, NULL, 0);
	return 0;
}
