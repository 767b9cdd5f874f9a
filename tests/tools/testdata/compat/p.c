/* An ordinary 32-bit program, without large files. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void *work(void *prefix) {
	for (int i = 0; i < 50; i++) {
		char name[20];
		sprintf(name, "%s%d", (char *)prefix, i);
		FILE *f = fopen(name, "w");
		if (!f || fputs(name, f) < 0 || fclose(f) || chmod(name, 0600))
			perror(name);
		if (i % 2)
			unlink(name);
	}
	return NULL;
}

int main(void) {
	pthread_t threads[2];
	struct dirent **list;
	pthread_create(&threads[0], NULL, work, "a");
	pthread_create(&threads[1], NULL, work, "b");
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	printf("%d names, pointers of %zu bytes\n", scandir(".", &list, NULL, alphasort), sizeof(void *));
	fflush(stdout);
	printf("%d\n", WEXITSTATUS(system("echo by the shell; exit 3")));
	FILE *f = popen("cat >piped", "w");
	fputs("through a pipe\n", f);
	printf("%d\n", pclose(f));
	return 0;
}
