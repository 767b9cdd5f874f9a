// Locks and leases between processes.
#include "guest.h"
#include <sys/file.h>

static int ready[2], go[2];

static void pipes(void) {
	MUST(pipe(ready));
	MUST(pipe(go));
}

static struct flock region(short type, off_t start, off_t len) {
	return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
}

static void holds_flock(void) {
	int fd = MUST(open("lock", O_RDONLY));
	MUST(flock(fd, LOCK_EX));
	tell(ready[1]);
	hear(go[0]);
}

static void flocks(void) {
	pipes();
	put("lock", "");
	int fd = MUST(open("lock", O_RDWR));
	pid_t pid = child(holds_flock);
	hear(ready[0]);
	say("taken: %s", outcome(flock(fd, LOCK_SH | LOCK_NB)));
	tell(go[1]);
	say("waited: %s", outcome(flock(fd, LOCK_EX)));
	ended("holder", pid);
	int other = MUST(open("lock", O_RDWR));
	say("against myself: %s", outcome(flock(other, LOCK_EX | LOCK_NB)));
	say("to shared: %s", outcome(flock(fd, LOCK_SH)));
	say("shared: %s", outcome(flock(other, LOCK_SH | LOCK_NB)));
	say("unlock: %s", outcome(flock(fd, LOCK_UN)));
	say("nonsense: %s", outcome(flock(fd, 77)));
}

static void holds_region(void) {
	int fd = MUST(open("lock", O_RDWR));
	struct flock l = region(F_WRLCK, 10, 5);
	MUST(fcntl(fd, F_SETLK, &l));
	tell(ready[1]);
	hear(go[0]);
}

static void regions(void) {
	pipes();
	put("lock", "0123456789012345678901234567890");
	int fd = MUST(open("lock", O_RDWR));
	pid_t pid = child(holds_region);
	hear(ready[0]);
	struct flock l = region(F_RDLCK, 12, 1);
	say("taken: %s", outcome(fcntl(fd, F_SETLK, &l)));
	MUST(fcntl(fd, F_GETLK, &l));
	say("by the child %d, type %d, %d+%d", l.l_pid == pid, l.l_type, (int)l.l_start, (int)l.l_len);
	l = region(F_WRLCK, 0, 10);
	say("before it: %s", outcome(fcntl(fd, F_SETLK, &l)));
	tell(go[1]);
	l = region(F_WRLCK, 0, 0);
	say("waited: %s", outcome(fcntl(fd, F_SETLKW, &l)));
	ended("holder", pid);
	l = region(F_UNLCK, 0, 0);
	say("unlock: %s", outcome(fcntl(fd, F_SETLK, &l)));
	int ro = MUST(open("lock", O_RDONLY));
	l = region(F_WRLCK, 0, 0);
	say("to write what is read only: %s", outcome(fcntl(ro, F_SETLK, &l)));
	l = region(F_WRLCK, 0, 5);
	say("by open file: %s", outcome(fcntl(fd, F_OFD_SETLK, &l)));
	int other = MUST(open("lock", O_RDWR));
	say("taken by open file: %s", outcome(fcntl(other, F_OFD_SETLK, &l)));
	MUST(fcntl(other, F_OFD_GETLK, &l));
	say("nobody's %d", l.l_pid);
	say("lockf: %s", outcome(lockf(fd, F_TEST, 0)));
}

static volatile sig_atomic_t rung;
static void ring(int sig) { rung = sig; }

static void waits_for_region(void) {
	int fd = MUST(open("lock", O_RDWR));
	struct flock l = region(F_WRLCK, 0, 0);
	handle(SIGALRM, ring, 0);
	struct itimerval soon = {{0, 0}, {0, 20000}};
	setitimer(ITIMER_REAL, &soon, NULL);
	say("interrupted: %s", outcome(fcntl(fd, F_SETLKW, &l)));
	say("rung %d", rung == SIGALRM);
}

static void interrupted_lock(void) {
	put("lock", "x");
	int fd = MUST(open("lock", O_RDWR));
	struct flock l = region(F_WRLCK, 0, 0);
	MUST(fcntl(fd, F_SETLK, &l));
	ended("waiter", child(waits_for_region));
}

// A lease is broken by an open for writing, which waits until it is given up.
static void opens_leased(void) {
	hear(go[0]);
	say("would block: %s", outcome(open("leased", O_WRONLY | O_NONBLOCK)));
	tell(ready[1]);
	hear(go[0]);
	int fd = MUST(open("leased", O_WRONLY)); // waits
	TRUE(write(fd, "written", 7) == 7);
}

static void leases(void) {
	sigset_t set;
	siginfo_t info;
	pipes();
	put("leased", "");
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, SIGRTMIN);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	pid_t pid = child(opens_leased);
	int fd = MUST(open("leased", O_RDONLY));
	say("no lease: %d", fcntl(fd, F_GETLEASE) == F_UNLCK);
	say("read lease: %s", outcome(fcntl(fd, F_SETLEASE, F_RDLCK)));
	say("write lease of read only: %s", outcome(fcntl(fd, F_SETLEASE, F_WRLCK)));
	MUST(fcntl(fd, F_SETSIG, SIGRTMIN));
	tell(go[1]);
	hear(ready[0]);
	MUST(sigwaitinfo(&set, &info));
	say("asked: signal %d, descriptor %d", info.si_signo == SIGRTMIN, info.si_fd == fd);
	MUST(fcntl(fd, F_SETLEASE, F_UNLCK));
	MUST(fcntl(fd, F_SETLEASE, F_RDLCK));
	tell(go[1]);
	MUST(sigwaitinfo(&set, &info));
	say("asked again %d", info.si_fd == fd);
	say("given up: %s", outcome(fcntl(fd, F_SETLEASE, F_UNLCK)));
	ended("opener", pid);
	say("%s", get("leased"));
	// Metadata, names and questions break no lease on reading.
	MUST(fcntl(fd, F_SETLEASE, F_RDLCK));
	MUST(chmod("leased", 0600));
	MUST(utimes("leased", NULL));
	MUST(setxattr("leased", "user.a", "v", 1, 0));
	struct timespec none = {0, 0};
	say("chmod, utimes, setxattr ask for it: %s", outcome(sigtimedwait(&set, &info, &none)));
	say("lease is there %d", fcntl(fd, F_GETLEASE) == F_RDLCK);
}

#define X(f) {#f, f}
const struct control locks_controls[] = {
	X(flocks), X(regions), X(interrupted_lock), X(leases),
	{NULL, NULL},
};
