// Victim: a process that the attacks aim at. It prints "ready", and when its
// standard input ends, what has become of it. Descriptors: 6 is a memory file, 7
// the reading end of a pipe, 8 a file and 9 a directory, given by the test.
#include "guest.h"

extern char victim_memory[]; // the attacks know its address: they are in the same program
static volatile int signals;

static void count(int s) {
	(void)s;
	signals++;
}

static long number(const char *file) {
	char path[64], text[64] = "";
	snprintf(path, sizeof path, "/proc/self/%s", file);
	int fd = open(path, O_RDONLY);
	if (read(fd, text, sizeof text - 1) < 0)
		return -1;
	close(fd);
	return strtol(text, NULL, !strcmp(file, "coredump_filter") ? 16 : 10);
}

static void run(void) {
	struct rlimit r;
	struct stat st;
	int waiting = 0;
	char c;
	fcntl(7, F_SETFL, O_NONBLOCK);
	signal(SIGUSR1, count);
	signal(SIGURG, count);
	if (write(1, "ready\n", 6) != 6)
		return;
	while (read(0, &c, 1) != 0)
		;
	ioctl(7, FIONREAD, &waiting);
	getrlimit(RLIMIT_NOFILE, &r);
	fstat(6, &st);
	cpu_set_t set;
	sched_getaffinity(0, sizeof set, &set);
	printf("signals %d memory %s files %ld oom %ld filter %ld slack %ld nice %d cpus %d pipe %d memfd %ld\n", signals,
	       victim_memory, (long)r.rlim_cur, number("oom_score_adj"), number("coredump_filter"), number("timerslack_ns"),
	       getpriority(PRIO_PROCESS, 0), CPU_COUNT(&set), waiting, (long)st.st_size);
}

const struct attack victim_attacks[] = {{"victim", run}, {NULL, NULL}};
