// Guest: strings at the ends of pages, shown to the tracer by calls of
// access(path, index), one getpgid(1234567), or getppid() in a loop.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void show(const char *p, long index) { syscall(SYS_access, p, index); }

int main(int argc, char **argv) {
	if (argc > 1 && !strcmp(argv[1], "pgid")) {
		syscall(SYS_getpgid, 1234567);
		return 0;
	}
	if (argc > 1) {
		for (long n = atol(argv[1]); n > 0; n--)
			syscall(SYS_getppid);
		return 0;
	}
	const size_t page = 4096;
	char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		abort();
	munmap(p + 3 * page, page); // three pages, then nothing
	memset(p, 'a', 3 * page);
	char *end = p + 3 * page;
	strcpy(p + page - 3, "crosses a page");
	show(p + page - 3, 0);
	memcpy(end - 6, "final", 6);
	show(end - 6, 1);
	end[-1] = 'x';
	show(end - 6, 2); // no NUL before the hole
	show(end, 3);
	show(NULL, 4);
	memset(p + 1, 'b', 300);
	p[301] = 0;
	show(p + 1, 5);
	memset(p, 'c', 2 * page);
	p[4095] = 0;
	show(p, 6); // the longest path
	p[4095] = 'c';
	show(p, 7);
	mprotect(p, page, PROT_NONE);
	show(p, 8);
	show((char *)~0UL - 4, 9);
	return 0;
}
