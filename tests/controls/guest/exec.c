// Programs that start programs: what is kept, what is not, and what fails.
#include "guest.h"
#include <sys/sendfile.h>

static void write_program(const char *name, const char *text, mode_t mode) {
	put(name, text);
	MUST(chmod(name, mode));
}

static void copy_self(const char *name) {
	static char buf[1 << 16];
	int from = MUST(open("/proc/self/exe", O_RDONLY)), to = MUST(open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755));
	for (ssize_t n; (n = read(from, buf, sizeof buf)) > 0;)
		TRUE(write(to, buf, n) == n);
	close(from), close(to);
}

static const char *program;
static char *arguments[4];
static void executes(void) {
	execv(program, arguments);
	say("execv %s: %s", program, outcome(-1));
	_exit(9);
}

static void run(const char *name, const char *first) {
	program = name;
	arguments[0] = "argument0", arguments[1] = (char *)first, arguments[2] = root, arguments[3] = NULL;
	ended(name, child(executes));
}

static void scripts(void) {
	write_program("script", "#!/bin/sh\necho \"$0 $1\"\nexit 3\n", 0755);
	write_program("indirect", "#!./script\n", 0755);
	write_program("no-header", "echo none\n", 0755);
	write_program("no-interpreter", "#!./nothing\n", 0755);
	write_program("not-executable", "#!/bin/sh\n", 0644);
	write_program("empty", "", 0755);
	write_program("garbage", "\177ELFgarbage", 0755);
	write_program("endless", "#!./endless\n", 0755);
	MUST(mkdir("dir", 0755));
	MUST(symlink("script", "link"));
	MUST(symlink("loop", "loop"));
	static const char *const list[] = {"./script", "./indirect", "./no-header", "./no-interpreter", "./not-executable", "./empty",
		"./garbage", "./endless", "./dir", "./link", "./loop", "./none", "./script/x", ""};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		run(list[i], "one");
	say("bad pointer: %s", outcome(execve((char *)1, NULL, NULL)));
	say("bad arguments: %s", outcome(execve("./script", (char **)1, NULL)));
	static char big[200000];
	memset(big, 'x', sizeof big - 1);
	char *argv[] = {"x", big, NULL};
	say("too long: %s", outcome(execv("./script", argv)));
	int fd = MUST(open("script", O_RDWR));
	copy_self("busy");
	int busy = MUST(open("busy", O_WRONLY));
	run("./busy", "part_kept");
	close(busy);
	int dir = MUST(open(".", O_PATH));
	char *a[] = {"x", "two", NULL}, *env[] = {NULL};
	if (fork() == 0) {
		syscall(SYS_execveat, dir, "script", a, env, 0);
		_exit(9);
	}
	wait(NULL);
	if (fork() == 0) {
		syscall(SYS_execveat, MUST(open("script", O_RDONLY)), "", a, env, AT_EMPTY_PATH);
		_exit(9);
	}
	int status;
	wait(&status);
	say("by descriptor: %s", spell(status));
	close(fd);
}

static void part_kept(void) {
	sigset_t set;
	struct sigaction a;
	sigprocmask(SIG_BLOCK, NULL, &set);
	say("blocked %d %d", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2));
	sigpending(&set);
	say("pending %d", sigismember(&set, SIGUSR1));
	sigaction(SIGHUP, NULL, &a);
	say("ignored %d", a.sa_handler == SIG_IGN);
	sigaction(SIGTERM, NULL, &a);
	say("handled no more %d", a.sa_handler == SIG_DFL);
	mode_t mask = umask(0);
	struct itimerval left;
	getitimer(ITIMER_REAL, &left);
	say("mask %o, timer goes on %d, nice %d", mask, left.it_value.tv_sec > 0, getpriority(PRIO_PROCESS, 0));
	char text[200];
	say("in %s", getcwd(text, sizeof text));
	for (int fd = 3; fd < 60; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say("descriptor %d", fd);
	struct rlimit r;
	MUST(getrlimit(RLIMIT_NOFILE, &r));
	say("limit %d %d", (int)r.rlim_cur, (int)r.rlim_max);
	int reaper = 0, death = 0;
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	prctl(PR_GET_PDEATHSIG, &death);
	prctl(PR_GET_NAME, text);
	say("reaper %d, death %d, name %s", reaper, death == SIGHUP, text);
	put("by-the-new-program", "x");
}

static void on_term(int sig) { (void)sig; }

static void kept(void) {
	copy_self("program");
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGHUP, SIG_IGN);
	handle(SIGTERM, on_term, 0);
	umask(027);
	struct itimerval v = {{0, 0}, {1000, 0}};
	setitimer(ITIMER_REAL, &v, NULL);
	MUST(setpriority(PRIO_PROCESS, 0, 5));
	MUST(mkdir("dir", 0755));
	MUST(chdir("dir"));
	MUST(syscall(SYS_close_range, 3, ~0U, 0));
	TRUE(dup2(1, 20) == 20 && dup2(1, 21) == 21);
	MUST(fcntl(21, F_SETFD, FD_CLOEXEC));
	struct rlimit r = {100, 200};
	MUST(setrlimit(RLIMIT_NOFILE, &r));
	MUST(prctl(PR_SET_PDEATHSIG, SIGHUP));
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	MUST(prctl(PR_SET_NAME, "old name"));
	run("../program", "part_kept");
}

// A program is made, started, replaced while it runs, and removed.
static void replaced(void) {
	for (int i = 0; i < 20; i++) {
		char name[20];
		snprintf(name, sizeof name, "./p%d", i % 2);
		copy_self("new");
		MUST(rename("new", name));
		program = name;
		arguments[0] = "x", arguments[1] = "part_exit", arguments[2] = root;
		pid_t pid = child(executes);
		int status;
		TRUE(waitpid(pid, &status, 0) == pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
			say("%d: %s", i, spell(status));
		MUST(unlink(name));
	}
	int memory = MUST(memfd_create("program", MFD_CLOEXEC)), from = MUST(open("/proc/self/exe", O_RDONLY));
	struct stat s;
	MUST(fstat(from, &s));
	for (off_t at = 0; at < s.st_size;)
		MUST(sendfile(memory, from, &at, s.st_size));
	pid_t pid = MUST(fork());
	if (pid == 0) {
		char *env[] = {NULL};
		arguments[1] = "part_exit";
		fexecve(memory, arguments, env);
		_exit(9);
	}
	ended("from memory", pid);
}

static void writes_to(const char *name, const char *text) {
	int fd = open(name, O_WRONLY);
	say("%s: %s", name, fd < 0 ? outcome(fd) : outcome(write(fd, text, strlen(text))));
	close(fd);
}

static int ready[2], go[2];
static void *named(void *arg) {
	(void)arg;
	tell(ready[1]);
	hear(go[0]);
	return NULL;
}

// A process names and rates itself and its threads.
static void names_itself(void) {
	char name[40], text[40] = "";
	pthread_t id;
	MUST(pipe(ready)), MUST(pipe(go));
	TRUE(pthread_create(&id, NULL, named, NULL) == 0);
	hear(ready[0]);
	say("thread: %s", strerrorname_np(pthread_setname_np(id, "worker")));
	TRUE(pthread_getname_np(id, text, sizeof text) == 0);
	say("%s", text);
	tell(go[1]);
	pthread_join(id, NULL);
	writes_to("/proc/self/comm", "renamed");
	say("%s", get("/proc/self/comm"));
	writes_to("/proc/thread-self/comm", "again");
	writes_to("/proc/self/oom_score_adj", "500");
	say("%s", get("/proc/self/oom_score_adj"));
	writes_to("/proc/self/coredump_filter", "0x33");
	say("%s", get("/proc/self/coredump_filter"));
	snprintf(name, sizeof name, "/proc/%d/task/%d/comm", getpid(), getpid());
	int fd = open(name, O_RDWR);
	say("by number: %s", outcome(fd));
	writes_to("/dev/null", "x");
	writes_to("/dev/full", "x");
	writes_to("/dev/zero", "x");
	writes_to("/dev/stdout", "through /dev/stdout\n");
	writes_to("/proc/self/fd/1", "through procfs\n");
}

#define X(f) {#f, f}
const struct control exec_controls[] = {
	X(scripts), X(kept), X(replaced), X(names_itself),
	{NULL, NULL},
};
const struct control exec_parts[] = {
	X(part_kept),
	{NULL, NULL},
};
