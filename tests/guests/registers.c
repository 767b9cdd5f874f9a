// Guest: says whether a system call changed what it must not change: every
// register but rax, rcx and r11, and the 128 bytes below the stack pointer.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ZONE 16

struct state {
	unsigned long rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rsp;
	unsigned long zone[ZONE];
};

// probe(in, out) loads all registers from in, makes the call, stores to out.
void probe(const struct state *in, struct state *out);
__asm__(
	".text\n.globl probe\nprobe:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"mov %rsi, saved_out(%rip)\n"
	"mov $0, %ecx\n"
	"1: lea 0(,%rcx,8), %rax\n"
	"mov 128(%rdi,%rcx,8), %rdx\n"
	"mov %rdx, -128(%rsp,%rcx,8)\n"
	"inc %ecx; cmp $16, %ecx; jne 1b\n"
	"mov 0(%rdi), %rax; mov 8(%rdi), %rbx; mov 24(%rdi), %rdx; mov 32(%rdi), %rsi\n"
	"mov 48(%rdi), %rbp; mov 56(%rdi), %r8; mov 64(%rdi), %r9; mov 72(%rdi), %r10\n"
	"mov 88(%rdi), %r12; mov 96(%rdi), %r13; mov 104(%rdi), %r14; mov 112(%rdi), %r15\n"
	"mov %rsp, saved_rsp(%rip)\n"
	"mov 40(%rdi), %rdi\n"
	"syscall\n"
	"mov saved_out(%rip), %rcx\n"
	"mov %rax, 0(%rcx); mov %rbx, 8(%rcx); mov %rdx, 24(%rcx); mov %rsi, 32(%rcx); mov %rdi, 40(%rcx)\n"
	"mov %rbp, 48(%rcx); mov %r8, 56(%rcx); mov %r9, 64(%rcx); mov %r10, 72(%rcx)\n"
	"mov %r12, 88(%rcx); mov %r13, 96(%rcx); mov %r14, 104(%rcx); mov %r15, 112(%rcx)\n"
	"mov %rsp, %rax; sub saved_rsp(%rip), %rax; mov %rax, 120(%rcx)\n"
	"mov $0, %edx\n"
	"2: mov -128(%rsp,%rdx,8), %rax\n"
	"mov %rax, 128(%rcx,%rdx,8)\n"
	"inc %edx; cmp $16, %edx; jne 2b\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"ret\n"
	".data\nsaved_out: .quad 0\nsaved_rsp: .quad 0\n.text\n");

static void check(const char *path) {
	struct state in, out;
	unsigned long *word = (unsigned long *)&in;
	for (unsigned i = 0; i < sizeof in / sizeof *word; i++)
		word[i] = 0xfeed000000000000 + i;
	in.rax = SYS_openat;
	in.rdi = (unsigned long)AT_FDCWD;
	in.rsi = (unsigned long)path;
	in.rdx = O_RDONLY;
	in.r10 = 0;
	in.rsp = 0;
	memset(&out, 0, sizeof out);
	probe(&in, &out);
	long result = (long)out.rax;
	if (result >= 0)
		close((int)result);
	out.rax = in.rax, out.rcx = in.rcx, out.r11 = in.r11;
	printf("%s: result %s, registers %s, red zone %s\n", path, result >= 0 ? "ok" : strerrorname_np(-(int)result),
		memcmp(&in, &out, sizeof in - sizeof in.zone) ? "CHANGED" : "kept",
		memcmp(in.zone, out.zone, sizeof in.zone) ? "CHANGED" : "kept");
	fflush(stdout);
}

int main(int argc, char **argv) {
	for (int i = 1; i < argc; i++)
		check(argv[i]);
	return 0;
}
