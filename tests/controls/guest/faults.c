// Faults of the processor: the handler learns what happened and where.
#include "guest.h"
#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf back;
static char *place;

static void on_fault(int sig, siginfo_t *info, void *context) {
	(void)context;
	say("SIG%s code %d at the place %d", sigabbrev_np(sig), info->si_code, (char *)info->si_addr == place);
	put("log", "by the handler"); // a call that is looked at, inside of the handler
	siglongjmp(back, 1);
}

static void fault(const char *what, void (*f)(void)) {
	put("log", "");
	if (sigsetjmp(back, 1) == 0) {
		f();
		say("%s: nothing happened", what);
	} else {
		say("%s: %s", what, get("log"));
	}
}

static void writes(void) { *(volatile char *)place = 1; }
static void reads(void) { (void)*(volatile char *)place; }
static void jumps(void) { ((void (*)(void))place)(); }
static void divides(void) {
	volatile int zero = 0;
	place = NULL;
#if defined(__x86_64__) || defined(__i386__)
	volatile int n = 5 / zero;
	(void)n;
#else
	raise(SIGFPE); // other processors do not fault
	(void)zero;
#endif
}
static void illegal(void) { __builtin_trap(); }

static void segments(void) {
	static const int list[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
	for (int i = 0; i < 4; i++)
		handle_info(list[i], on_fault, 0);
	place = NULL;
	fault("write to nothing", writes);
	place = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fault("write to what may be read", writes);
	fault("execute data", jumps);
	MUST(mprotect(place, 4096, PROT_NONE));
	fault("read what may not be", reads);
	MUST(munmap(place, 8192));
	fault("read what is unmapped", reads);
	int fd = MUST(open("short", O_RDWR | O_CREAT, 0600));
	MUST(ftruncate(fd, 100));
	place = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	place += 4096;
	fault("behind the end of the file", reads);
	MUST(truncate("short", 8192));
	fault("the file has grown", reads);
#if defined(__x86_64__)
	place = NULL;
	char *was = (char *)0x8000000000000000;
	char *keep = place;
	place = was;
	if (sigsetjmp(back, 1) == 0) {
		place = keep; // an address that is none is reported as 0
		(void)*(volatile char *)was;
	} else {
		say("an address that is none");
	}
#endif
}

static void on_number(int sig, siginfo_t *info, void *context) {
	(void)context;
	say("SIG%s code %d", sigabbrev_np(sig), info->si_code);
	siglongjmp(back, 1);
}

static void arithmetic(void) {
	handle_info(SIGFPE, on_number, 0);
	handle_info(SIGILL, on_number, 0);
	fault("division by zero", divides);
	fault("no instruction", illegal);
}

// A stack that is full is noticed on another one.
static int recurse(int n) {
	volatile char room[4096];
	room[0] = n;
	return n == 0 ? 0 : recurse(n + 1) + room[0];
}
static void overflow(void) { recurse(1); }

static void on_overflow(int sig, siginfo_t *info, void *context) {
	(void)info, (void)context;
	say("SIG%s", sigabbrev_np(sig));
	put("log", "on the other stack");
	siglongjmp(back, 1);
}

static void stack_overflow(void) {
	stack_t other = {.ss_sp = malloc(65536), .ss_size = 65536};
	struct rlimit limit = {1 << 20, 1 << 20};
	MUST(setrlimit(RLIMIT_STACK, &limit));
	MUST(sigaltstack(&other, NULL));
	handle_info(SIGSEGV, on_overflow, SA_ONSTACK);
	fault("overflow", overflow);
	fault("again", overflow);
}

// A page is made readable by the handler, and the instruction is tried again: so do
// garbage collectors.
static char *heap;
static int faults;
static void on_barrier(int sig, siginfo_t *info, void *context) {
	(void)sig, (void)context;
	faults++;
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)4095;
	MUST(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE));
	close(MUST(open("barrier", O_CREAT | O_WRONLY, 0600)));
}

static void barriers(void) {
	enum { pages = 200 };
	heap = mmap(NULL, pages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	handle_info(SIGSEGV, on_barrier, 0);
	for (int i = 0; i < pages; i++)
		heap[i * 4096] = i;
	int sum = 0;
	for (int i = 0; i < pages; i++)
		sum += (unsigned char)heap[i * 4096];
	say("%d faults, sum %d", faults, sum);
}

static void crashes(void) { *(volatile char *)4 = 1; }
static void ignores(void) {
	signal(SIGSEGV, SIG_IGN);
	crashes();
}
static void blocks(void) {
	sigset_t set;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	crashes();
}

static void uncaught(void) {
	ended("crash", child(crashes));
	ended("ignored", child(ignores));
	ended("blocked", child(blocks));
}

#define X(f) {#f, f}
const struct control faults_controls[] = {
	X(segments), X(arithmetic), X(stack_overflow), X(barriers), X(uncaught),
	{NULL, NULL},
};
