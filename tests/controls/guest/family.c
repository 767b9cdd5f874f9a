// Parents, orphans, groups and sessions.
#include "guest.h"
#include <termios.h>

static int ready[2], go[2];

static void pipes(void) {
	MUST(pipe(ready));
	MUST(pipe(go));
}

// gone waits for a child whose own child prints.
static void gone(pid_t pid) { TRUE(waitpid(pid, NULL, 0) == pid); }

static const char *name_of(pid_t pid) {
	static char text[64], file[40];
	snprintf(file, sizeof file, "/proc/%d/comm", (int)pid);
	snprintf(text, sizeof text, "%s", get(file));
	text[strcspn(text, "\n")] = 0;
	return text;
}

// at_end waits until the process that made it has ended: the pipe has no writer then.
static void at_end(void) {
	char c;
	close(go[1]);
	TRUE(read(go[0], &c, 1) == 0);
}

static pid_t parent;

static void orphan(void) {
	at_end();
	TRUE(getppid() != parent);
	say("adopted by %s", getppid() == 1 ? "the first process" : name_of(getppid()));
	tell(ready[1]);
}

static void leaves_orphan(void) {
	parent = getpid();
	child(orphan);
	_exit(0);
}

// An orphan gets the first process, or the nearest one that wants it.
static void orphans(void) {
	pipes();
	gone(child(leaves_orphan));
	close(go[1]);
	hear(ready[0]);
	say("not mine: %s", outcome(waitpid(-1, NULL, 0)));
}

static void adopted(void) {
	int wanted = 0;
	pipes();
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	MUST(prctl(PR_GET_CHILD_SUBREAPER, &wanted));
	say("wanted %d", wanted);
	gone(child(leaves_orphan));
	close(go[1]);
	hear(ready[0]);
	int status;
	say("mine: %s", outcome(waitpid(-1, &status, 0)));
	say("%s", spell(status));
}

static void dies_with_parent(void) {
	int sig = 0;
	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	MUST(prctl(PR_GET_PDEATHSIG, &sig));
	say("asked for %d", sig == SIGUSR1);
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	tell(ready[1]);
	TRUE(sigwaitinfo(&set, &info) == SIGUSR1);
	say("parent died: code %d by it %d", info.si_code, info.si_pid == parent);
	tell(ready[1]);
}

static void dying_parent(void) {
	parent = getpid();
	child(dies_with_parent);
	hear(ready[0]);
	_exit(0);
}

static void parent_death(void) {
	int sig = -1;
	pipes();
	MUST(prctl(PR_GET_PDEATHSIG, &sig));
	say("at first %d", sig);
	MUST(prctl(PR_SET_PDEATHSIG, SIGTERM));
	gone(child(dying_parent));
	hear(ready[0]);
	MUST(prctl(PR_GET_PDEATHSIG, &sig));
	say("still %d", sig == SIGTERM);
	say("65: %s", outcome(prctl(PR_SET_PDEATHSIG, 65)));
}

static void sessions_child(void) {
	say("group of the parent %d", getpgrp() == getpgid(getppid()));
	MUST(setpgid(0, 0));
	say("own group %d", getpgrp() == getpid());
	say("leader of a group as session: %s", outcome(setsid()));
	MUST(setpgid(0, getpgid(getppid())));
	say("own session: %s", outcome(setsid()));
	say("%d %d", getsid(0) == getpid(), getpgrp() == getpid());
	say("into another session: %s", outcome(setpgid(0, getpgid(getppid()))));
	say("of the parent: %d", getsid(getppid()) != getsid(0));
	say("no terminal: %s", outcome(open("/dev/tty", O_RDWR)));
}

static void sessions(void) {
	pid_t pid = child(sessions_child);
	ended("child", pid);
	say("of nobody: %s", outcome(getpgid(pid)));
	say("set for nobody: %s", outcome(setpgid(pid, 0)));
	pipes();
	pid = MUST(fork());
	if (pid == 0) {
		char *argv[] = {"cat", NULL};
		dup2(go[0], 0);
		close(go[1]);
		execv("/bin/cat", argv);
		_exit(1);
	}
	char name[40];
	snprintf(name, sizeof name, "/proc/%d/comm", (int)pid);
	while (strcmp(get(name), "cat\n"))
		sched_yield();
	say("after its exec: %s", outcome(setpgid(pid, pid)));
	close(go[1]);
	ended("cat", pid);
}

static volatile sig_atomic_t hung_up, continued;
static void on_hangup(int sig) {
	(void)sig;
	hung_up = 1;
}
static void on_continue(int sig) {
	(void)sig;
	continued = 1;
}

// A stopped group that loses the last who could continue it is told.
static void stops_in_group(void) {
	handle(SIGHUP, on_hangup, 0);
	handle(SIGCONT, on_continue, 0);
	tell(ready[1]);
	raise(SIGSTOP);
	while (!hung_up || !continued)
		sched_yield();
	say("hung up and continued");
	tell(ready[1]);
}

static void group_parent(void) {
	setpgid(0, 0);
	pid_t pid = child(stops_in_group);
	int status;
	hear(ready[0]);
	TRUE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	_exit(0);
}

static void orphaned_group(void) {
	pipes();
	gone(child(group_parent));
	hear(ready[0]);
}

// A terminal: who owns it, who is stopped by it.
static int terminal;
static void background(void) {
	setpgid(0, 0);
	signal(SIGTTOU, SIG_DFL);
	struct termios t;
	MUST(tcgetattr(0, &t));
	tcsetattr(0, TCSANOW, &t); // stops, until it is in the foreground
	say("in the foreground %d", tcgetpgrp(0) == getpgrp());
}

static void terminal_session(void) {
	MUST(setsid());
	int fd = MUST(open(ptsname(terminal), O_RDWR));
	dup2(fd, 0);
	ioctl(0, TIOCSCTTY, 0);
	say("my terminal %d", tcgetsid(0) == getpid() && tcgetpgrp(0) == getpgrp());
	int tty = MUST(open("/dev/tty", O_RDWR));
	close(tty);
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = child(background);
	int status;
	TRUE(waitpid(pid, &status, WUNTRACED) == pid);
	say("in the background: %s", spell(status));
	MUST(tcsetpgrp(0, pid));
	MUST(kill(pid, SIGCONT));
	ended("job", pid);
	MUST(tcsetpgrp(0, getpgrp()));
	struct winsize w = {30, 90, 0, 0}, got;
	MUST(ioctl(terminal, TIOCSWINSZ, &w));
	MUST(ioctl(0, TIOCGWINSZ, &got));
	say("size %d %d", got.ws_row, got.ws_col);
	say("typed by force: %s", ioctl(0, FIONREAD, &status) == 0 ? "no" : outcome(-1));
}

static void terminals(void) {
	terminal = MUST(posix_openpt(O_RDWR | O_NOCTTY));
	MUST(grantpt(terminal));
	MUST(unlockpt(terminal));
	ended("session", child(terminal_session));
	struct termios t;
	int fd = MUST(open(ptsname(terminal), O_RDWR | O_NOCTTY));
	MUST(tcgetattr(fd, &t));
	cfmakeraw(&t);
	MUST(tcsetattr(fd, TCSAFLUSH, &t));
	TRUE(write(terminal, "raw\n", 4) == 4);
	char text[10];
	say("raw %zd", read(fd, text, sizeof text));
}

#define X(f) {#f, f}
const struct control family_controls[] = {
	X(orphans), X(adopted), X(parent_death), X(sessions), X(orphaned_group), X(terminals),
	{NULL, NULL},
};
