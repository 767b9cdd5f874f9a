/*
 * One process looks for names that another one creates.
 *
 *   appear DIR ROUNDS HOW
 *
 * In each round a child opens DIR/N for reading, again and again, until that succeeds.
 * HOW says what makes the name: create, rename, link or mkdir.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void make(const char *how, const char *from, const char *to)
{
	int failed;

	if (!strcmp(how, "create"))
		failed = open(to, O_WRONLY | O_CREAT, 0644) < 0;
	else if (!strcmp(how, "rename"))
		failed = rename(from, to);
	else if (!strcmp(how, "link"))
		failed = link(from, to);
	else
		failed = mkdir(to, 0755);
	if (failed) {
		perror(to);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char from[4096], to[4096], byte;
	int round, rounds, tube[2], status;
	volatile unsigned spin;

	if (argc < 4)
		return 2;
	rounds = atoi(argv[2]);
	for (round = 0; round < rounds; round++) {
		snprintf(to, sizeof to, "%s/%d", argv[1], round);
		snprintf(from, sizeof from, "%s/from%d", argv[1], round);
		close(open(from, O_WRONLY | O_CREAT, 0644));
		if (pipe(tube))
			return 1;
		if (fork() == 0) {
			if (write(tube[1], "", 1) != 1)
				_exit(1);
			while (open(to, O_RDONLY) < 0)
				;
			_exit(0);
		}
		if (read(tube[0], &byte, 1) != 1)
			return 1;
		for (spin = (unsigned)round * 7919 % 20000; spin; spin--)
			;
		make(argv[3], from, to);
		if (wait(&status) < 0 || status)
			return 1;
		close(tube[0]);
		close(tube[1]);
	}
	return 0;
}
