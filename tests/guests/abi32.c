// Guest: system calls of the 32-bit table. As a 32-bit program, and as a 64-bit
// one by int 0x80; it needs no headers and no library. It prints the results of
// openat(AT_FDCWD, path) for each argument, of getuid32 and of a number that no
// table has.
enum { nr_exit = 1, nr_write = 4, nr_close = 6, nr_getuid32 = 199, nr_openat = 295, nr_unknown = 999 };

static long call(long nr, long a, long b, long c) {
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(0L), "D"(0L) : "memory",
		"cc"
#ifdef __x86_64__
		, "r8", "r9", "r10", "r11"
#endif
	);
	return (int)r;
}

static void number(char *out, long n, int *at) {
	char digits[12];
	int have = 0;
	unsigned u = n < 0 ? (unsigned)-n : (unsigned)n;
	if (n < 0)
		out[(*at)++] = '-';
	do
		digits[have++] = (char)('0' + u % 10);
	while (u /= 10);
	while (have)
		out[(*at)++] = digits[--have];
}

// The buffers are static: int 0x80 takes addresses of 32 bits, and a static
// program of either size has its data there.
static char text[64];
static char path[512];

static void say(const char *what, long n) {
	int at = 0;
	for (; what[at]; at++)
		text[at] = what[at];
	text[at++] = ' ';
	number(text, n, &at);
	text[at++] = '\n';
	call(nr_write, 1, (long)text, at);
}

void begin(long *stack) {
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	for (int i = 1; i < argc; i++) {
		int n = 0;
		for (; argv[i][n] && n < (int)sizeof path - 1; n++)
			path[n] = argv[i][n];
		path[n] = 0;
		long fd = call(nr_openat, -100, (long)path, 0);
		say("openat", fd < 0 ? fd : 0);
		if (fd >= 0)
			call(nr_close, fd, 0, 0);
	}
	say("getuid32", call(nr_getuid32, 0, 0, 0));
	say("unknown", call(nr_unknown, 0, 0, 0));
#ifdef __x86_64__
	long r;
	__asm__ volatile("syscall" : "=a"(r) : "a"(0x40000000L + 39) : "rcx", "r11", "memory");
	say("x32", r);
	__asm__ volatile("syscall" : "=a"(r) : "a"(999L) : "rcx", "r11", "memory");
	say("unknown64", r);
#endif
	call(nr_exit, 5, 0, 0);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall begin\n");
#else
__asm__(".globl _start\n_start: mov %esp, %eax\nand $-16, %esp\npush %eax\npush %eax\npush %eax\npush %eax\ncall begin\n");
#endif
