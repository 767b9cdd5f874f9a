// Races: how they are run, and those that change the name that is passed.
#include "races.h"

struct board *board;
char *name, two_names[2][300];
static volatile char *letter; // of name, that flips
static int flipper;           // process
static pthread_t thread;
static flip flips;

static long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void ready(void) {
	if (board)
		return;
	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		abort();
}

void point(const char *file) {
	static char path[512];
	ready();
	if (!name)
		name = path;
	sprintf(name, "%s/a/%s", root, file);
	letter = name + strlen(root) + 1;
}
void in_board(const char *file) {
	ready();
	name = board->text;
	point(file);
}
void flip_name(int side) { *letter = side ? 'f' : 'a'; }

void pair(const char *file) {
	strcpy(two_names[0], A(file));
	strcpy(two_names[1], F(file));
}

void cannot(const char *why) { dprintf(1, "cannot: %s: %s\n", why, strerror(errno)); }

// turn lets others run now and then, on either side: on few processors the call
// would else wait for the end of a time slice.
void turn(flip f) {
	for (long n = 0; !board->over; n++) {
		f(n & 1);
		if (n % 63 == 0)
			sched_yield();
	}
}
static void *turn_thread(void *arg) {
	turn(flips);
	return NULL;
}
static int turn_process(void *arg) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	turn(flips);
	return 0;
}

void start(int by, flip f) {
	static char stack[65536] __attribute__((aligned(16)));
	ready();
	flips = f;
	if (by == THREAD && pthread_create(&thread, NULL, turn_thread, NULL) != 0)
		abort();
	if (by != THREAD && (flipper = clone(turn_process, stack + sizeof stack, (by == PEER ? 0 : by) | SIGCHLD, NULL)) < 0)
		abort();
}

void stop(void) {
	board->over = 1;
	if (thread)
		pthread_join(thread, NULL);
	if (flipper)
		waitpid(flipper, NULL, __WALL);
}

// changed looks whether anything in the forbidden tree is not as it was.
static int changed(void) {
	static struct stat was[7];
	static const char *const names[] = {"", "file", "marked", "dir", "empty", "../a/sub/secret", "../a/sub/secret/file"};
	static int known;
	int differ = 0;
	for (int i = 0; i < 7; i++) {
		struct stat s;
		memset(&s, 0, sizeof s);
		stat(F(names[i]), &s);
		if (known && (s.st_ino != was[i].st_ino || memcmp(&s.st_ctim, &was[i].st_ctim, sizeof s.st_ctim)))
			differ = 1;
		was[i] = s;
	}
	known = 1;
	return differ;
}

void go(call c) {
	long tries = 0, begin = now(), end = begin + atol(words[0]);
	int won = 0, on = strchr(words[0], '+') != NULL;
	ready();
	changed();
	do {
		won |= c(tries);
		if (++tries % 8 == 0)
			won |= changed();
	} while ((!won || on) && now() < end);
	dprintf(1, "tries %ld ms %ld%s\n", tries, now() - begin, won ? " won" : "");
	board->over = 1;
}

void race(int by, flip f, call c) {
	start(by, f);
	go(c);
	stop();
}

// What follows is a call for each way to change something by a name. A call that
// made something inside takes it away again.
static int open_new(long n) { return close(open(name, O_WRONLY | O_CREAT, 0644)), 0; }
static int open_trunc(long n) { return close(open(name, O_RDONLY | O_TRUNC)), 0; }
static int creat_new(long n) { return close(creat(name, 0644)), 0; }
static int truncate_name(long n) { return truncate(name, n & 1), 0; }
static int mkdir_name(long n) {
	if (mkdir(name, 0755) == 0)
		rmdir(A("new"));
	return 0;
}
static int unlink_name(long n) {
	if (unlink(name) == 0)
		close(creat(A("file"), 0644));
	return 0;
}
static int rmdir_name(long n) {
	if (rmdir(name) == 0)
		mkdir(A("empty"), 0755);
	return 0;
}
static int rename_to(long n) {
	if (rename(A("file"), name) == 0)
		rename(A("new"), A("file"));
	return 0;
}
static int rename_from(long n) {
	if (rename(name, A("new")) == 0)
		rename(A("new"), A("file"));
	return 0;
}
static int link_to(long n) {
	if (link(A("file"), name) == 0)
		unlink(A("new"));
	return 0;
}
static int link_from(long n) {
	if (link(name, A("new")) == 0)
		unlink(A("new"));
	return 0;
}
static int symlink_name(long n) {
	if (symlink("x", name) == 0)
		unlink(A("new"));
	return 0;
}
static int mknod_name(long n) {
	if (mknod(name, S_IFREG | 0644, 0) == 0)
		unlink(A("new"));
	return 0;
}
static int chmod_name(long n) { return chmod(name, n & 1 ? 0600 : 0644), 0; }
static int fchmodat_name(long n) { return syscall(SYS_fchmodat, AT_FDCWD, name, n & 1 ? 0600 : 0644), 0; }
static int chown_name(long n) { return chown(name, getuid(), getgid()), 0; }
static int lchown_name(long n) { return lchown(name, getuid(), getgid()), 0; }
static int utimes_name(long n) {
	struct timespec t[2] = {{n, 0}, {n, 0}};
	return utimensat(AT_FDCWD, name, t, n & 1 ? AT_SYMLINK_NOFOLLOW : 0), 0;
}
static int setxattr_name(long n) { return setxattr(name, "user.x", "1", 1, 0), 0; }
static int removexattr_name(long n) { return removexattr(name, "user.mark"), 0; }
static struct sockaddr_un un = {AF_UNIX, ""};
static int bind_name(long n) {
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(s, (struct sockaddr *)&un, sizeof un) == 0)
		unlink(A("new"));
	return close(s), 0;
}

// by_name is a race of a thread for one of these calls.
static void by_name(const char *file, call c) {
	point(file);
	race(THREAD, flip_name, c);
}
static void thread_open(void) { by_name("new", open_new); }
static void thread_trunc(void) { by_name("file", open_trunc); }
static void thread_creat(void) { by_name("file", creat_new); }
static void thread_truncate(void) { by_name("file", truncate_name); }
static void thread_mkdir(void) { by_name("new", mkdir_name); }
static void thread_unlink(void) { by_name("file", unlink_name); }
static void thread_rmdir(void) {
	mkdir(A("empty"), 0755);
	by_name("empty", rmdir_name);
}
static void thread_rename_to(void) { by_name("new", rename_to); }
static void thread_rename_from(void) { by_name("file", rename_from); }
static void thread_link_to(void) { by_name("new", link_to); }
static void thread_link_from(void) { by_name("file", link_from); }
static void thread_symlink(void) { by_name("new", symlink_name); }
static void thread_mknod(void) { by_name("new", mknod_name); }
static void thread_bind(void) {
	name = un.sun_path;
	by_name("new", bind_name);
}
static void thread_chmod(void) { by_name("file", chmod_name); }
static void thread_fchmodat(void) { by_name("file", fchmodat_name); }
static void thread_chown(void) { by_name("file", chown_name); }
static void thread_lchown(void) { by_name("file", lchown_name); }
static void thread_utimes(void) { by_name("file", utimes_name); }
static void thread_setxattr(void) { by_name("file", setxattr_name); }
static void thread_removexattr(void) {
	close(creat(A("marked"), 0644));
	by_name("marked", removexattr_name);
}

#define X(f) {#f, f}
const struct attack races_attacks[] = {
	X(thread_open), X(thread_trunc), X(thread_creat), X(thread_truncate), X(thread_mkdir), X(thread_unlink),
	X(thread_rmdir), X(thread_rename_to), X(thread_rename_from), X(thread_link_to), X(thread_link_from),
	X(thread_symlink), X(thread_mknod), X(thread_bind), X(thread_chmod), X(thread_fchmodat), X(thread_chown),
	X(thread_lchown), X(thread_utimes), X(thread_setxattr), X(thread_removexattr), {NULL, NULL},
};
