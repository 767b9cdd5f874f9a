// Calls that wait: opens of pipes with names, interrupted, restarted, stopped and
// cancelled.
#include "guest.h"

static int ready[2], go[2];

static void pipes(void) {
	MUST(pipe(ready));
	MUST(pipe(go));
}

static void reads_fifo(void) {
	char text[20] = "";
	int fd = MUST(open("fifo", O_RDONLY));
	TRUE(read(fd, text, 5) == 5);
	say("reader: %s", text);
	say("reader: end %zd", read(fd, text, 5));
	close(fd);
}

static void writes_fifo(void) {
	int fd = MUST(open("fifo", O_WRONLY));
	TRUE(write(fd, "hello", 5) == 5);
	close(fd);
}

static void opened(const char *what, int fd) {
	say("%s: %s", what, outcome(fd));
	if (fd >= 0)
		close(fd);
}

// A writer and a reader wait for each other, in both orders.
static void fifo_pair(void) {
	MUST(mkfifo("fifo", 0600));
	pid_t reader = child(reads_fifo);
	writes_fifo();
	ended("reader", reader);
	pid_t writer = child(writes_fifo);
	reads_fifo();
	ended("writer", writer);
	opened("no reader", open("fifo", O_WRONLY | O_NONBLOCK));
	int r = MUST(open("fifo", O_RDONLY | O_NONBLOCK));
	opened("a reader", open("fifo", O_WRONLY | O_NONBLOCK));
	close(r);
	int both = MUST(open("fifo", O_RDWR));
	tell(both);
	hear(both);
	opened("created", open("fifo", O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0600));
	close(both);
	say("shell: %s", spell(system("cat fifo >copy & echo through >fifo; wait")));
	say("%s", get("copy"));
}

static volatile sig_atomic_t ticks;
static void on_tick(int sig) {
	(void)sig;
	if (++ticks == 5)
		tell(ready[1]);
}

static void tick(int usec) {
	struct itimerval v = {{0, usec}, {0, usec}};
	setitimer(ITIMER_REAL, &v, NULL);
}

static void opens_late(void) {
	hear(ready[0]);
	close(MUST(open("fifo", O_RDONLY)));
}

// An open that waits is interrupted, or made again.
static void interrupted_open(void) {
	pipes();
	MUST(mkfifo("fifo", 0600));
	pid_t pid = child(opens_late);
	handle(SIGALRM, on_tick, SA_RESTART);
	tick(2000);
	int fd = open("fifo", O_WRONLY);
	tick(0);
	say("restarted: %s, at least five ticks %d", outcome(fd), ticks >= 5);
	close(fd);
	ended("reader", pid);
	handle(SIGALRM, on_tick, 0);
	tick(2000);
	say("interrupted: %s", outcome(open("fifo", O_WRONLY)));
	say("for reading: %s", outcome(open("fifo", O_RDONLY)));
	say("created: %s", outcome(open("fifo", O_WRONLY | O_CREAT, 0600)));
	tick(0);
}

static void waits_at_fifo(void) {
	int fd = MUST(open("fifo", O_WRONLY));
	tell(fd);
}

// A process that waits in an open is stopped and continued.
static void stopped_open(void) {
	MUST(mkfifo("fifo", 0600));
	pid_t pid = child(waits_at_fifo);
	for (int i = 0; i < 5; i++) {
		int status;
		MUST(kill(pid, SIGSTOP));
		TRUE(waitpid(pid, &status, WUNTRACED) == pid);
		say("%s", spell(status));
		MUST(kill(pid, SIGCONT));
		TRUE(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	}
	int fd = MUST(open("fifo", O_RDONLY));
	hear(fd);
	close(fd);
	ended("writer", pid);
	pid = child(waits_at_fifo);
	MUST(kill(pid, SIGKILL));
	ended("killed", pid);
}

static void clean_up(void *name) { say("cleaned up after %s", (char *)name); }

static void *waits_cancelled(void *name) {
	pthread_cleanup_push(clean_up, name);
	tell(ready[1]);
	if (!strcmp(name, "open"))
		open("fifo", O_WRONLY);
	else if (!strcmp(name, "read"))
		hear(go[0]);
	else
		for (;;)
			close(open("loop", O_CREAT | O_WRONLY, 0600)); // is itself a point of cancellation
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancelled(void) {
	pipes();
	MUST(mkfifo("fifo", 0600));
	static const char *const ways[] = {"open", "read", "loop"};
	for (int i = 0; i < 3; i++) {
		pthread_t id;
		void *result;
		TRUE(pthread_create(&id, NULL, waits_cancelled, (void *)ways[i]) == 0);
		hear(ready[0]);
		TRUE(pthread_cancel(id) == 0);
		TRUE(pthread_join(id, &result) == 0);
		say("%s: cancelled %d", ways[i], result == PTHREAD_CANCELED);
	}
	unlink("loop");
}

// Timers of every kind fire while files are made: each call succeeds all the same.
static volatile sig_atomic_t fired[3];
static void on_timer(int sig, siginfo_t *info, void *context) {
	(void)sig, (void)context;
	fired[info->si_value.sival_int]++;
}
static void on_alarm(int sig) {
	(void)sig;
	fired[0]++;
}

static void timers_and_files(void) {
	timer_t timers[2];
	handle(SIGALRM, on_alarm, SA_RESTART);
	handle_info(SIGRTMIN, on_timer, SA_RESTART);
	for (int i = 0; i < 2; i++) {
		struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = i + 1};
		if (i == 1) {
			e.sigev_notify = SIGEV_THREAD_ID;
			e._sigev_un._tid = gettid();
		}
		MUST(timer_create(i == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &e, &timers[i]));
		struct itimerspec every = {{0, 1100000}, {0, 1100000}};
		MUST(timer_settime(timers[i], 0, &every, NULL));
	}
	tick(1000);
	int n = 0;
	for (; fired[0] < 20 || fired[1] < 20 || fired[2] < 20; n++) {
		char name[20], text[20];
		snprintf(name, sizeof name, "f%d", n % 50);
		int fd = MUST(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
		TRUE(write(fd, name, 3) == 3 && pread(fd, text, 3, 0) == 3 && !memcmp(name, text, 3));
		MUST(fchmod(fd, 0640));
		MUST(utimensat(AT_FDCWD, name, NULL, 0));
		MUST(close(fd));
		MUST(rename(name, "moved"));
		MUST(mkdir(name, 0700));
		MUST(rmdir(name));
		MUST(unlink("moved"));
	}
	tick(0);
	MUST(timer_delete(timers[0]));
	say("overrun: %s", outcome(timer_getoverrun(timers[1])));
	MUST(timer_delete(timers[1]));
}

#define X(f) {#f, f}
const struct control fifo_controls[] = {
	X(fifo_pair), X(interrupted_open), X(stopped_open), X(cancelled), X(timers_and_files),
	{NULL, NULL},
};
