// Races that change the memory of a call in other ways than by a thread that
// writes it, and one that hunts for the copy of a tracer.
#include "races.h"
#include <linux/userfaultfd.h>
#include <poll.h>

// Half of the calls are ones that a directory's rights cover, half are not.
static int open_or_chmod(long n) {
	if (n & 1)
		return chmod(name, n & 2 ? 0600 : 0644), 0;
	return close(open(name, O_WRONLY | O_TRUNC)), 0;
}

static void clone_vm(void) {
	point("file");
	race(CLONE_VM, flip_name, open_or_chmod);
}
static void shared_peer(void) {
	in_board("file");
	race(PEER, flip_name, open_or_chmod);
}

// A child of vfork shares all memory; only the thread that made it waits.
static void vfork_calls(void) {
	point("file");
	start(THREAD, flip_name);
	pid_t child = vfork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		go(open_or_chmod);
		_exit(0);
	}
	stop();
	waitpid(child, NULL, 0);
}
static void *go_thread(void *arg) {
	go(open_or_chmod);
	return NULL;
}
static void vfork_flips(void) {
	pthread_t caller;
	point("file");
	if (pthread_create(&caller, NULL, go_thread, NULL) != 0)
		abort();
	pid_t child = vfork();
	if (child == 0) {
		turn(flip_name);
		_exit(0);
	}
	pthread_join(caller, NULL);
	waitpid(child, NULL, 0);
}

// The name lies in a file that is mapped, and is written by a call.
static int file;
static off_t where;
static void flip_file(int side) {
	if (pwrite(file, side ? "f" : "a", 1, where) != 1)
		return;
}
static void pwrite_mapped(void) {
	file = open(A("mapped"), O_RDWR | O_CREAT, 0644);
	if (ftruncate(file, 4096) != 0)
		return cannot("ftruncate");
	name = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	where = strlen(root) + 1;
	point("file");
	race(THREAD, flip_file, open_or_chmod);
}

// The whole page of the name is replaced.
static void flip_page(int side) {
	if (mmap(name, 4096, PROT_READ, MAP_SHARED | MAP_FIXED, file, side * 4096) != name)
		abort();
}
static void two_pages(void) { // in a memory file: the allowed name, and the other one
	pair("file");
	file = memfd_create("names", 0);
	if (pwrite(file, two_names[0], 300, 0) < 0 || pwrite(file, two_names[1], 300, 4096) < 0 || ftruncate(file, 8192) != 0)
		abort();
}
static void remapped(void) {
	two_pages();
	name = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
	race(THREAD, flip_page, open_or_chmod);
}

// A parent writes the memory of its child, which calls.
static void child_mem(void) {
	char path[64];
	point("file");
	pid_t child = fork();
	if (child == 0) {
		go(open_or_chmod);
		_exit(0);
	}
	snprintf(path, sizeof path, "/proc/%d/mem", child);
	file = open(path, O_RDWR);
	where = (off_t)(uintptr_t)name + strlen(root) + 1;
	if (file < 0) {
		cannot("open /proc/PID/mem");
		kill(child, SIGKILL);
	} else {
		turn(flip_file);
	}
	waitpid(child, NULL, 0);
}

// A page that is not there: whoever reads it gets what this thread gives him.
static int faults;
static void flip_fault(int side) {
	static char page[4096] __attribute__((aligned(4096)));
	struct pollfd p = {faults, POLLIN};
	struct uffd_msg m;
	struct uffdio_copy copy = {(uintptr_t)name, (uintptr_t)page, 4096};
	strcpy(page, two_names[side]);
	while (!board->over)
		if (poll(&p, 1, 1) == 1 && read(faults, &m, sizeof m) == sizeof m && ioctl(faults, UFFDIO_COPY, &copy) == 0)
			break;
	for (int i = 0; i < 50 && !board->over; i++) // until the reader has it
		sched_yield();
	madvise(name, 4096, MADV_DONTNEED);
}
static void userfault(void) {
	struct uffdio_api api = {UFFD_API};
	int device = open("/dev/userfaultfd", O_RDONLY);
	faults = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (faults < 0 && device >= 0)
		faults = ioctl(device, _IO(0xaa, 0), O_CLOEXEC | O_NONBLOCK); // USERFAULTFD_IOC_NEW
	if (faults < 0)
		return cannot("userfaultfd");
	pair("file");
	name = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register r = {{(uintptr_t)name, 4096}, UFFDIO_REGISTER_MODE_MISSING};
	if (ioctl(faults, UFFDIO_API, &api) != 0 || ioctl(faults, UFFDIO_REGISTER, &r) != 0)
		return cannot("UFFDIO_REGISTER");
	race(THREAD, flip_fault, open_or_chmod);
}

struct how {
	uint64_t flags, mode, resolve;
};
static struct how how = {0, 0, 0};
static void flip_how(int side) { *(volatile uint64_t *)&how.flags = side ? O_WRONLY | O_TRUNC : O_RDONLY; }
static int open_how(long n) { return close(syscall(437, AT_FDCWD, two_names[1], &how, sizeof how)), 0; }
static void openat2_how(void) {
	pair("file");
	race(THREAD, flip_how, open_how);
}

// A tracer may copy the checked name to the stack of the caller, or to a page
// that it has mapped, and pass that. The hunter looks there. Without a tracer the
// caller makes such copies itself.
static char *volatile low; // end of what a copy on the stack may lie in
static struct range {
	char *from, *to;
	int writable;
} fresh[64];
static int freshes, copies;
static char *page, *stack;

static void hunt_in(const struct range *r) {
	size_t n = strlen(two_names[0]) + 1;
	for (char *p = r->from; (p = memchr(p, '/', r->to - p)) && p + n <= r->to; p++) {
		void *whole = (void *)((uintptr_t)p & ~4095ul);
		if (memcmp(p, two_names[0], n) != 0)
			continue;
		if (!r->writable && mprotect(whole, 4096, PROT_READ | PROT_WRITE) != 0 &&
		    mmap(whole, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			continue;
		copies++;
		if (r->writable)
			*(volatile char *)(p + strlen(root) + 1) = 'f';
		else
			memcpy(p, two_names[1], n);
	}
}
// look_for_pages finds what is mapped now and was not when it was first called.
static void look_for_pages(void) {
	static uintptr_t old[256];
	static int olds, known;
	char line[512], mode[5];
	unsigned long from, to;
	FILE *maps = fopen("/proc/self/maps", "r");
	freshes = 0;
	while (maps && fgets(line, sizeof line, maps)) {
		int i = 0;
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r')
			continue;
		while (i < olds && old[i] != from)
			i++;
		if (!known && olds < 256)
			old[olds++] = from;
		else if (i == olds && to - from <= 65536 && freshes < 64)
			fresh[freshes++] = (struct range){(char *)from, (char *)to, mode[1] == 'w'};
	}
	if (maps)
		fclose(maps);
	known = 1;
}
static void hunt(int side) {
	static int n;
	if (low)
		hunt_in(&(struct range){low - 8192, low, 1});
	if (n++ % 512 == 0)
		look_for_pages();
	for (int i = 0; i < freshes; i++)
		hunt_in(&fresh[i]);
}
static int traced(void) {
	char text[2048] = "", *at;
	int fd = open("/proc/self/status", O_RDONLY);
	if (read(fd, text, sizeof text - 1) < 0 || !(at = strstr(text, "TracerPid:")))
		return 0;
	return close(fd), atoi(at + 10) != 0;
}
static int call_with(const char *path, long n) {
	if (n & 1)
		return syscall(SYS_chmod, path, n & 2 ? 0600 : 0644), 0;
	return close(syscall(SYS_open, path, O_WRONLY | O_TRUNC)), 0;
}
static int call_traced(long n) {
	low = (char *)__builtin_frame_address(0) - 64; // what it calls lies below
	return call_with(name, n);
}
static int call_alone(long n) {
	char *copy = n & 4 ? page : stack;
	strcpy(copy, two_names[0]);
	for (volatile int i = 0; i < 2000; i++) // about as long as it takes to go on after a stop
		;
	return call_with(copy, n);
}
static void tracer_copy(void) {
	char here[4096];
	point("file");
	pair("file");
	look_for_pages();
	if (traced()) {
		race(THREAD, hunt, call_traced);
		dprintf(1, "copies found: %d\n", copies);
		return;
	}
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	stack = here;
	low = here + sizeof here;
	race(THREAD, hunt, call_alone);
}

#define X(f) {#f, f}
const struct attack races_memory_attacks[] = {
	X(clone_vm), X(shared_peer), X(vfork_calls), X(vfork_flips), X(pwrite_mapped), X(remapped), X(child_mem), X(userfault),
	X(openat2_how), X(tracer_copy), {NULL, NULL},
};
