// Locks in memory, between threads and processes.
#include "guest.h"

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	pthread_barrier_t barrier;
	int value;
} *common;

static void map_common(int robust, int protocol) {
	pthread_mutexattr_t a;
	pthread_condattr_t c;
	pthread_barrierattr_t b;
	common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setprotocol(&a, protocol);
	TRUE(pthread_mutex_init(&common->mutex, &a) == 0);
	pthread_condattr_init(&c);
	pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
	TRUE(pthread_cond_init(&common->condition, &c) == 0);
	pthread_barrierattr_init(&b);
	pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED);
	TRUE(pthread_barrier_init(&common->barrier, &b, 2) == 0);
}

static void dies_with_lock(void) {
	TRUE(pthread_mutex_lock(&common->mutex) == 0);
	kill(getpid(), SIGKILL);
}

static void robust(void) {
	for (int protocol = 0; protocol < 2; protocol++) {
		map_common(PTHREAD_MUTEX_ROBUST, protocol ? PTHREAD_PRIO_INHERIT : PTHREAD_PRIO_NONE);
		ended("owner", child(dies_with_lock));
		int e = pthread_mutex_lock(&common->mutex);
		say("lock: %s", strerrorname_np(e));
		say("consistent: %s", strerrorname_np(pthread_mutex_consistent(&common->mutex)));
		say("unlock: %s", strerrorname_np(pthread_mutex_unlock(&common->mutex)));
		say("lock: %s", strerrorname_np(pthread_mutex_trylock(&common->mutex)));
		pthread_mutex_unlock(&common->mutex);
		ended("owner", child(dies_with_lock));
		pthread_mutex_lock(&common->mutex);
		pthread_mutex_unlock(&common->mutex); // without having made it consistent
		say("not recovered: %s", strerrorname_np(pthread_mutex_lock(&common->mutex)));
	}
}

static void counts(void) {
	char name[20];
	snprintf(name, sizeof name, "c%d", getpid() % 4);
	for (int i = 0; i < 300; i++) {
		TRUE(pthread_mutex_lock(&common->mutex) == 0);
		common->value++;
		if (i % 50 == 0)
			put(name, "x"); // a call that is looked at, with the lock held
		TRUE(pthread_mutex_unlock(&common->mutex) == 0);
	}
	unlink(name);
}

static void inheriting(void) {
	map_common(PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
	pid_t all[4];
	for (int i = 0; i < 4; i++)
		all[i] = child(counts);
	for (int i = 0; i < 4; i++)
		ended("counter", all[i]);
	say("value %d", common->value);
}

static void answers(void) {
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&common->mutex);
		while (common->value % 2 == 0)
			pthread_cond_wait(&common->condition, &common->mutex);
		common->value++;
		pthread_cond_signal(&common->condition);
		pthread_mutex_unlock(&common->mutex);
	}
	pthread_barrier_wait(&common->barrier);
}

static void conditions(void) {
	map_common(PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
	pid_t pid = child(answers);
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&common->mutex);
		while (common->value % 2 == 1)
			pthread_cond_wait(&common->condition, &common->mutex);
		common->value++;
		pthread_cond_signal(&common->condition);
		pthread_mutex_unlock(&common->mutex);
	}
	pthread_barrier_wait(&common->barrier);
	ended("other", pid);
	say("value %d", common->value);
	struct timespec past = {1, 0};
	pthread_mutex_lock(&common->mutex);
	say("in time: %s", strerrorname_np(pthread_cond_timedwait(&common->condition, &common->mutex, &past)));
}

// All threads of a process change their user at once: the library sends each a signal.
static int ready[2], go[2];
static void *after_change(void *arg) {
	(void)arg;
	tell(ready[1]);
	hear(go[0]);
	uid_t r, e, s;
	MUST(getresuid(&r, &e, &s));
	say("in the thread: %d %d %d", r == e, e == s, e == getuid());
	return NULL;
}

static void change_users(void) {
	pthread_t id;
	MUST(pipe(ready)), MUST(pipe(go));
	TRUE(pthread_create(&id, NULL, after_change, NULL) == 0);
	hear(ready[0]);
	put("before", "x");
	say("same user: %s", outcome(setresuid(getuid(), getuid(), getuid())));
	say("to nobody: %s", outcome(setresuid(65534, 65534, 65534)));
	tell(go[1]);
	pthread_join(id, NULL);
	struct stat s;
	say("back to the first: %s", outcome(setuid(0)));
	MUST(stat("before", &s));
	int mine = s.st_uid == geteuid();
	say("chmod of what %s: %s", mine ? "is mine" : "is not", outcome(chmod("before", 0600)));
	say("chmod by its name: %s", outcome(fchmodat(AT_FDCWD, "before", 0640, 0)));
	say("open: %s", outcome(open("before", O_RDWR)));
	int made = open("after", O_CREAT | O_RDWR, 0600);
	say("create: %s", outcome(made));
	say("utimes to now: %s", outcome(utimensat(AT_FDCWD, "before", NULL, 0)));
	struct timespec past[2] = {{1, 0}, {1, 0}};
	say("utimes: %s", outcome(utimensat(AT_FDCWD, "before", past, 0)));
	say("chown: %s", outcome(chown("before", 65534, 65534)));
	say("setxattr: %s", outcome(setxattr("before", "user.a", "v", 1, 0)));
	say("mkdir: %s", outcome(mkdir("dir", 0700)));
}

#define X(f) {#f, f}
const struct control futexes_controls[] = {
	X(robust), X(inheriting), X(conditions), X(change_users),
	{NULL, NULL},
};
