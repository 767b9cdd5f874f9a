// Many processes and threads at once: none is lost, none sees what is not so.
#include "guest.h"
#include <dirent.h>
#include <spawn.h>

extern char **environ;

static void part_exit(void) { _exit(7); }

static void vfork_storm(void) {
	int good = 0;
	for (int i = 0; i < 150; i++) {
		volatile int shared = 0;
		char name[20];
		snprintf(name, sizeof name, "v%d", i % 3);
		pid_t pid = vfork();
		if (pid == 0) {
			shared = i + 1; // in the memory of the parent
			int fd = open(name, O_CREAT | O_WRONLY, 0600);
			close(fd);
			if (i % 5 == 4)
				_exit(7);
			execl("/proc/self/exe", "guest", "part_exit", root, NULL);
			_exit(1);
		}
		int status;
		TRUE(pid > 0 && waitpid(pid, &status, 0) == pid);
		good += shared == i + 1 && WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	say("%d good", good);
}

static void spawn_storm(void) {
	posix_spawn_file_actions_t actions;
	char *argv[] = {"guest", "part_exit", root, NULL};
	pid_t all[60];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 9, "spawned", O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < 60; i++)
		TRUE(posix_spawn(&all[i], "/proc/self/exe", &actions, NULL, argv, environ) == 0);
	int good = 0;
	for (int i = 0; i < 60; i++) {
		int status;
		TRUE(waitpid(all[i], &status, 0) == all[i]);
		good += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	}
	say("%d good", good);
	posix_spawn_file_actions_addopen(&actions, 9, "none/spawned", O_CREAT | O_WRONLY, 0600);
	say("error of an action: %s", strerrorname_np(posix_spawn(&all[0], "/proc/self/exe", &actions, NULL, argv, environ)));
	say("error of exec: %s", strerrorname_np(posix_spawn(&all[0], "/none", NULL, NULL, argv, environ)));
}

// A thousand short processes, twenty at a time; each makes a file of its own.
static void thousand(void) {
	enum { total = 1000, most = 20 };
	int alive = 0, good = 0, started = 0;
	while (good < total) {
		if (started < total && alive < most) {
			pid_t pid = MUST(fork());
			if (pid == 0) {
				char name[20];
				snprintf(name, sizeof name, "p%d", started);
				int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
				_exit(fd < 0 ? 1 : started % 100);
			}
			started++, alive++;
			continue;
		}
		int status;
		MUST(wait(&status));
		TRUE(WIFEXITED(status));
		alive--, good++;
	}
	int sum = 0;
	for (int i = 0; i < total; i++) {
		char name[20];
		snprintf(name, sizeof name, "p%d", i);
		sum += unlink(name) == 0;
	}
	say("%d processes, %d files", good, sum);
}

static pthread_barrier_t barrier;
static int failures, winners;

#define CHECK(condition) do { if (!(condition)) { __sync_fetch_and_add(&failures, 1); say("failed: " #condition ": %s", outcome(-1)); } } while (0)

// Each thread makes, renames, links and removes files of its own in one directory,
// and in every round one of all wins the file that all want.
static void *works(void *arg) {
	long me = (long)arg;
	char mine[20], moved[20], text[20];
	struct stat s;
	snprintf(mine, sizeof mine, "mine%ld", me);
	snprintf(moved, sizeof moved, "moved%ld", me);
	for (int i = 0; i < 60; i++) {
		int fd = open(mine, O_CREAT | O_EXCL | O_RDWR, 0600);
		CHECK(fd >= 0);
		CHECK(write(fd, mine, 5) == 5 && pread(fd, text, 5, 0) == 5 && !memcmp(text, mine, 5));
		CHECK(rename(mine, moved) == 0);
		CHECK(stat(mine, &s) < 0 && errno == ENOENT);
		CHECK(fstat(fd, &s) == 0 && s.st_nlink == 1 && s.st_size == 5);
		CHECK(link(moved, mine) == 0 && fstat(fd, &s) == 0 && s.st_nlink == 2);
		CHECK(fchmod(fd, 0640) == 0 && stat(moved, &s) == 0 && (s.st_mode & 0777) == 0640);
		CHECK(unlink(moved) == 0 && unlink(mine) == 0);
		CHECK(fstat(fd, &s) == 0 && s.st_nlink == 0);
		CHECK(mkdir(mine, 0700) == 0 && rmdir(mine) == 0);
		CHECK(close(fd) == 0);
		pthread_barrier_wait(&barrier);
		fd = open("wanted", O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd >= 0) {
			__sync_fetch_and_add(&winners, 1);
			close(fd);
		} else {
			CHECK(errno == EEXIST);
		}
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			CHECK(unlink("wanted") == 0);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static int names(void) {
	DIR *d = opendir(".");
	int n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void eight_threads(void) {
	pthread_t all[8];
	pthread_barrier_init(&barrier, NULL, 8);
	for (long i = 0; i < 8; i++)
		TRUE(pthread_create(&all[i], NULL, works, (void *)i) == 0);
	for (int i = 0; i < 8; i++)
		pthread_join(all[i], NULL);
	say("%d failures, %d winners, %d names left", failures, winners, names());
}

// Threads come and go while others work on files.
static void *short_thread(void *arg) {
	char name[20];
	snprintf(name, sizeof name, "t%ld", (long)arg % 8);
	int fd = open(name, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0 && close(fd) == 0);
	return NULL;
}

static void many_threads(void) {
	pthread_t id[8];
	for (long round = 0; round < 60; round++) {
		for (long i = 0; i < 8; i++)
			TRUE(pthread_create(&id[i], NULL, short_thread, (void *)i) == 0);
		for (long i = 0; i < 8; i++)
			pthread_join(id[i], NULL);
	}
	say("%d failures", failures);
}

// A process with threads forks: the child has one, and a working directory of its own.
static volatile int stop;
static void *busy(void *arg) {
	while (!stop) {
		int fd = open(arg, O_CREAT | O_WRONLY, 0600);
		CHECK(fd >= 0 && close(fd) == 0);
	}
	return NULL;
}

static void forks_among_threads(void) {
	pthread_t id[3];
	static char *const list[] = {"x", "y", "z"};
	for (int i = 0; i < 3; i++)
		TRUE(pthread_create(&id[i], NULL, busy, list[i]) == 0);
	int good = 0;
	for (int i = 0; i < 60; i++) {
		char name[20];
		snprintf(name, sizeof name, "d%d", i);
		pid_t pid = MUST(fork());
		if (pid == 0) {
			int ok = mkdir(name, 0700) == 0 && chdir(name) == 0 && open("inner", O_CREAT | O_WRONLY, 0600) >= 0;
			_exit(ok ? 0 : 1);
		}
		int status;
		TRUE(waitpid(pid, &status, 0) == pid);
		good += status == 0;
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(id[i], NULL);
	say("%d good, %d failures", good, failures);
}

// Each thread with a working directory of its own.
static void *own_directory(void *arg) {
	long me = (long)arg;
	char name[20], text[20];
	snprintf(name, sizeof name, "own%ld", me);
	CHECK(unshare(CLONE_FS) == 0 && mkdir(name, 0700) == 0 && chdir(name) == 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 40; i++) {
		int fd = open("file", O_CREAT | O_RDWR | O_TRUNC, 0600);
		CHECK(fd >= 0 && write(fd, name, 4) == 4 && pread(fd, text, 4, 0) == 4 && !memcmp(text, name, 4));
		CHECK(close(fd) == 0 && rename("file", "moved") == 0 && chmod("moved", 0640) == 0 && unlink("moved") == 0);
	}
	CHECK(chdir("..") == 0 && rmdir(name) == 0);
	return NULL;
}

static void own_directories(void) {
	pthread_t all[4];
	pthread_barrier_init(&barrier, NULL, 4);
	for (long i = 0; i < 4; i++)
		TRUE(pthread_create(&all[i], NULL, own_directory, (void *)i) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(all[i], NULL);
	say("%d failures, %d names left", failures, names());
}

#define X(f) {#f, f}
const struct control storms_controls[] = {
	X(vfork_storm), X(spawn_storm), X(thousand), X(eight_threads), X(many_threads), X(forks_among_threads), X(own_directories),
	{NULL, NULL},
};
// What others execute.
const struct control storm_parts[] = {
	X(part_exit),
	{NULL, NULL},
};
