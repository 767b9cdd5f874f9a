// System V and POSIX objects, and memory, semaphores and queues with names.
#include "guest.h"
#include <mqueue.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static char *shared;
static int semaphore, queue;

static void uses_memory(void) { strcpy(shared, "by the child"); }

static void system_v_memory(void) {
	int id = MUST(shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600));
	shared = shmat(id, NULL, 0);
	TRUE(shared != (void *)-1);
	ended("child", child(uses_memory));
	say("%s", shared);
	struct shmid_ds facts;
	MUST(shmctl(id, IPC_STAT, &facts));
	say("size %d, attached %d, mine %d", (int)facts.shm_segsz, (int)facts.shm_nattch, facts.shm_cpid == getpid());
	say("read only: %s", outcome(shmat(id, NULL, SHM_RDONLY) == (void *)-1 ? -1 : 0));
	MUST(shmctl(id, IPC_RMID, NULL));
	say("%s", shared);
	MUST(shmdt(shared));
	say("gone: %s", outcome(shmctl(id, IPC_STAT, &facts)));
	key_t key = ftok(".", 'c');
	say("key %d", key != -1);
}

static void takes_semaphore(void) {
	struct sembuf op = {0, -1, SEM_UNDO};
	MUST(semop(semaphore, &op, 1));
	put("taken", "x");
} // and gives it back when it ends

static void system_v_semaphores(void) {
	semaphore = MUST(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600));
	MUST(semctl(semaphore, 0, SETVAL, 1));
	pid_t all[5];
	for (int i = 0; i < 5; i++)
		all[i] = child(takes_semaphore);
	for (int i = 0; i < 5; i++)
		ended("child", all[i]);
	say("value %d", semctl(semaphore, 0, GETVAL));
	struct sembuf take[] = {{0, -1, IPC_NOWAIT}, {1, -1, IPC_NOWAIT}};
	say("both or none: %s, value %d", outcome(semop(semaphore, take, 2)), semctl(semaphore, 0, GETVAL));
	struct timespec soon = {0, 2000000};
	struct sembuf wait = {1, -1, 0};
	say("in time: %s", outcome(semtimedop(semaphore, &wait, 1, &soon)));
	MUST(semctl(semaphore, 0, IPC_RMID));
	say("gone: %s", outcome(semop(semaphore, &wait, 1)));
}

struct message {
	long type;
	char text[20];
};

static void sends(void) {
	for (int i = 1; i <= 3; i++) {
		struct message m = {i};
		snprintf(m.text, sizeof m.text, "message %d", i);
		MUST(msgsnd(queue, &m, sizeof m.text, 0));
	}
}

static void system_v_messages(void) {
	struct message m;
	queue = MUST(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
	ended("sender", child(sends));
	say("third: %zd %s", msgrcv(queue, &m, sizeof m.text, 3, 0), m.text);
	say("lowest: %zd %s", msgrcv(queue, &m, sizeof m.text, -2, 0), m.text);
	say("too big: %s", outcome(msgrcv(queue, &m, 5, 0, 0)));
	say("cut: %zd", msgrcv(queue, &m, 5, 0, MSG_NOERROR));
	say("none: %s", outcome(msgrcv(queue, &m, sizeof m.text, 0, IPC_NOWAIT)));
	MUST(msgctl(queue, IPC_RMID, NULL));
}

static char name[40];
static void sends_posix(void) {
	mqd_t q = MUST(mq_open(name, O_WRONLY));
	MUST(mq_send(q, "low", 4, 1));
	MUST(mq_send(q, "high", 5, 9));
}

static void posix_messages(void) {
	struct mq_attr a = {.mq_maxmsg = 5, .mq_msgsize = 16};
	char text[16];
	unsigned priority;
	snprintf(name, sizeof name, "/catbox-%d", getpid());
	mqd_t q = MUST(mq_open(name, O_CREAT | O_EXCL | O_RDONLY, 0600, &a));
	sigset_t set;
	siginfo_t info;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 8};
	MUST(mq_notify(q, &e));
	ended("sender", child(sends_posix));
	MUST(sigwaitinfo(&set, &info));
	say("told: code %d value %d", info.si_code, info.si_value.sival_int);
	TRUE(mq_receive(q, text, sizeof text, &priority) == 5);
	say("%s %u", text, priority);
	MUST(mq_receive(q, text, sizeof text, &priority));
	say("%s %u", text, priority);
	struct timespec past = {1, 0};
	say("none in time: %s", outcome(mq_timedreceive(q, text, sizeof text, NULL, &past)));
	MUST(mq_unlink(name));
	say("gone: %s", outcome(mq_open(name, O_RDONLY)));
}

static sem_t *door;
static void posts(void) { MUST(sem_post(door)); }

// These lie in /dev/shm, which is allowed here.
static void posix_objects(void) {
	snprintf(name, sizeof name, "/catbox-%d", getpid());
	int fd = MUST(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600));
	MUST(ftruncate(fd, 4096));
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ended("child", child(uses_memory));
	say("%s", shared);
	say("again: %s", outcome(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600)));
	MUST(shm_unlink(name));
	say("gone: %s", outcome(shm_open(name, O_RDWR, 0)));
	door = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	TRUE(door != SEM_FAILED);
	pid_t pid = child(posts);
	MUST(sem_wait(door));
	ended("poster", pid);
	say("closed: %s", outcome(sem_trywait(door)));
	MUST(sem_unlink(name));
	MUST(sem_close(door));
}

#define X(f) {#f, f}
const struct control ipc_controls[] = {
	X(system_v_memory), X(system_v_semaphores), X(system_v_messages), X(posix_messages), X(posix_objects),
	{NULL, NULL},
};
