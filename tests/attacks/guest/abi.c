// Attacks by other numbers, other argument widths and memory that a tracer may
// not see as the kernel does.
#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#if defined(__x86_64__)
static long native(long nr, long a, long b, long c, long d) {
	long r;
	register long r10 __asm__("r10") = d;
	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return r;
}
static long int80(long nr, long a, long b, long c, long d) {
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0L) : "r8", "r9", "r10", "r11", "memory");
	return r;
}
#define HIGH 0xdeadbeef00000000ull
static void nr_highbits(void) { native((long)(HIGH | SYS_openat), AT_FDCWD, (long)F("new"), O_CREAT | O_WRONLY, 0644); }
static void nr_highbits_unlink(void) { native((long)(0x5555000000000000ull | SYS_unlink), (long)F("file"), 0, 0, 0); }
static void x32_numbers(void) {
	native(0x40000000 | SYS_openat, AT_FDCWD, (long)F("new"), O_CREAT | O_WRONLY, 0644);
	native(0x40000000 | SYS_unlink, (long)F("file"), 0, 0, 0);
	native((long)(HIGH | 0x40000000 | SYS_unlink), (long)F("file"), 0, 0, 0);
}
static void int80_open(void) { int80(5, (long)F("new"), O_CREAT | O_WRONLY, 0644, 0); }
static void int80_trunc(void) { int80(5, (long)F("file"), O_TRUNC, 0, 0); }
static void int80_creat(void) { int80(8, (long)F("new"), 0644, 0, 0); }
static void int80_openat(void) { int80(295, AT_FDCWD, (long)F("new"), O_CREAT | O_WRONLY, 0644); }
static void int80_openat2(void) {
	static uint64_t how[3] = {O_CREAT | O_WRONLY, 0644, 0};
	int80(437, AT_FDCWD, (long)F("new"), (long)how, sizeof how);
}
static void int80_high(void) { // the upper halves do not count
	int80((long)(HIGH | 5), (long)(HIGH | (uintptr_t)F("new")), (long)(HIGH | O_CREAT | O_WRONLY), 0644, 0);
}
static void int80_link(void) { int80(9, (long)A("file"), (long)F("new"), 0, 0); }
static void int80_unlink(void) { int80(10, (long)F("file"), 0, 0, 0); }
static void int80_mknod(void) { int80(14, (long)F("new"), S_IFIFO | 0644, 0, 0); }
static void int80_chmod(void) { int80(15, (long)F("file"), 0600, 0, 0); }
static void int80_lchown(void) { int80(16, (long)F("file"), getuid(), getgid(), 0); }
static void int80_utime(void) { int80(30, (long)F("file"), 0, 0, 0); }
static void int80_rename(void) { int80(38, (long)A("file"), (long)F("new"), 0, 0); }
static void int80_mkdir(void) { int80(39, (long)F("new"), 0755, 0, 0); }
static void int80_rmdir(void) { int80(40, (long)F("empty"), 0, 0, 0); }
static void int80_symlink(void) { int80(83, (long)"x", (long)F("new"), 0, 0); }
static void int80_truncate(void) { int80(92, (long)F("file"), 1, 0, 0); }
static void int80_truncate64(void) { int80(193, (long)F("file"), 1, 0, 0); }
static void int80_fchmod(void) { int80(94, open(F("file"), O_RDONLY), 0600, 0, 0); }
static void int80_fchown(void) { int80(95, open(F("file"), O_RDONLY), getuid(), getgid(), 0); }
static void int80_chown32(void) { int80(212, (long)F("file"), getuid(), getgid(), 0); }
static void int80_lchown32(void) { int80(198, (long)F("file"), getuid(), getgid(), 0); }
static void int80_fchown32(void) { int80(207, open(F("file"), O_RDONLY), getuid(), getgid(), 0); }
static void int80_setxattr(void) {
	int80(226, (long)F("file"), (long)"user.x", (long)"1", 1);
}
static void int80_fsetxattr(void) { int80(228, open(F("file"), O_RDONLY), (long)"user.x", (long)"1", 1); }
static void int80_utimes(void) { int80(271, (long)F("file"), 0, 0, 0); }
static void int80_mkdirat(void) { int80(296, AT_FDCWD, (long)F("new"), 0755, 0); }
static void int80_mknodat(void) { int80(297, AT_FDCWD, (long)F("new"), S_IFIFO | 0644, 0); }
static void int80_futimesat(void) { int80(299, AT_FDCWD, (long)F("file"), 0, 0); }
static void int80_unlinkat(void) { int80(301, AT_FDCWD, (long)F("file"), 0, 0); }
static void int80_renameat(void) { int80(302, AT_FDCWD, (long)F("file"), AT_FDCWD, (long)F("new")); }
static void int80_linkat(void) { int80(303, AT_FDCWD, (long)A("file"), AT_FDCWD, (long)F("new")); }
static void int80_symlinkat(void) { int80(304, (long)"x", AT_FDCWD, (long)F("new"), 0); }
static void int80_fchmodat(void) { int80(306, AT_FDCWD, (long)F("file"), 0600, 0); }
static void int80_fchmodat2(void) { int80(452, AT_FDCWD, (long)F("file"), 0600, 0); }
static void int80_utimensat(void) { int80(320, AT_FDCWD, (long)F("file"), 0, 0); }
static void int80_utimensat64(void) { int80(412, open(F("file"), O_RDONLY), 0, 0, 0); }
static void int80_ioctl(void) {
	static int flags = FS_NODUMP_FL;
	int80(54, open(F("file"), O_RDONLY), 0x40046602, (long)&flags, 0); // FS_IOC32_SETFLAGS
}
static void compat_segment(void) { // 32-bit code in a 64-bit process
	static unsigned char code[] = {0xcd, 0x80, 0xcb}; // int $0x80; lret
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	char *stack = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	static uint32_t far[2];
	memcpy(page, code, sizeof code);
	far[0] = (uint32_t)(uintptr_t)page;
	far[1] = 0x23;
	char *path = F("new"), *top = stack + 8000;
	__asm__ volatile("mov %%rsp, %%r15\n\tmov %4, %%rsp\n\tlcall *%3\n\tmov %%r15, %%rsp"
		: : "a"(8L), "b"(path), "c"(0644L), "m"(far), "r"(top) : "r15", "r8", "r9", "r10", "r11", "memory");
}
#define ONLY64 \
	X(nr_highbits), X(nr_highbits_unlink), X(x32_numbers), X(int80_open), X(int80_trunc), X(int80_creat), \
	X(int80_openat), X(int80_openat2), X(int80_high), X(int80_link), X(int80_unlink), X(int80_mknod), X(int80_chmod), \
	X(int80_lchown), X(int80_utime), X(int80_rename), X(int80_mkdir), X(int80_rmdir), X(int80_symlink), \
	X(int80_truncate), X(int80_truncate64), X(int80_fchmod), X(int80_fchown), X(int80_chown32), X(int80_lchown32), \
	X(int80_fchown32), X(int80_setxattr), X(int80_fsetxattr), X(int80_utimes), X(int80_mkdirat), X(int80_mknodat), \
	X(int80_futimesat), X(int80_unlinkat), X(int80_renameat), X(int80_linkat), X(int80_symlinkat), X(int80_fchmodat), \
	X(int80_fchmodat2), X(int80_utimensat), X(int80_utimensat64), X(int80_ioctl), X(compat_segment),
#else
#define ONLY64
#endif

static void path_in_secretmem(void) {
	int fd = syscall(447, 0);
	if (ftruncate(fd, 4096) != 0)
		return;
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m != MAP_FAILED)
		open(strcpy(m, F("new")), O_CREAT | O_WRONLY, 0644);
}
static char *pages(int prot_of_second) {
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(m + 4096, 4096, prot_of_second);
	return m;
}
static void path_at_end(void) { // its NUL is the last byte before nothing
	char *p = F("new"), *m = pages(PROT_NONE);
	open(strcpy(m + 4096 - strlen(p) - 1, p), O_CREAT | O_WRONLY, 0644);
}
static void path_across(void) {
	char *p = F("new"), *m = pages(PROT_READ | PROT_WRITE);
	open(strcpy(m + 4096 - strlen(p) / 2, p), O_CREAT | O_WRONLY, 0644);
}
static void path_write_only(void) { // readable by the kernel on this machine, whatever mprotect says
	char *p = F("new"), *m = pages(PROT_WRITE | PROT_READ);
	strcpy(m, p);
	mprotect(m, 4096, PROT_WRITE);
	open(m, O_CREAT | O_WRONLY, 0644);
}
static void path_lazy(void) { // on a page of a file that nobody has touched yet
	char *p = F("new"), name[300];
	snprintf(name, sizeof name, "%s", A("text"));
	int fd = open(name, O_RDWR | O_CREAT, 0644);
	if (write(fd, p, strlen(p) + 1) < 0)
		return;
	open(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), O_CREAT | O_WRONLY, 0644);
}
static void path_exec_only(void) {
	char *p = F("new"), *m = pages(PROT_READ | PROT_WRITE);
	strcpy(m, p);
	mprotect(m, 4096, PROT_EXEC);
	open(m, O_CREAT | O_WRONLY, 0644);
}

// filtered installs a filter that answers one thing to a range of calls.
static long filtered(uint32_t action, int only, unsigned flags) {
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)only, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, only < 0 ? action : SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
}
static void own_ret_trace(void) { // without a tracer these calls fail, so that only the confined run says something
	if (filtered(SECCOMP_RET_TRACE | 0x1234, SYS_openat, 0) == 0)
		syscall(SYS_openat, AT_FDCWD, F("new"), O_CREAT | O_WRONLY, 0644);
	else
		abort();
}
static void own_ret_trace_all(void) {
	if (filtered(SECCOMP_RET_TRACE | 0xffff, -1, 0) == 0) {
		syscall(SYS_openat, AT_FDCWD, F("new"), O_CREAT | O_WRONLY, 0644);
		syscall(SYS_getppid);
		syscall(SYS_unlink, F("file"));
	}
}
static void own_ret_errno(void) { // whatever a tracer injects may fail
	filtered(SECCOMP_RET_ERRNO | ENOSYS, SYS_mmap, 0);
	filtered(SECCOMP_RET_ERRNO | ENOSYS, SYS_getpid, 0);
	syscall(SYS_openat, AT_FDCWD, F("new"), O_CREAT | O_WRONLY, 0644);
}
static void own_unotify(void) { // answers itself "go on", which beats the stop
	static struct {
		uint64_t id;
		uint32_t pid, flags;
		struct seccomp_data data;
	} req;
	static struct {
		uint64_t id;
		int64_t val;
		int32_t error;
		uint32_t flags;
	} resp;
	int listener = filtered(SECCOMP_RET_USER_NOTIF, SYS_creat, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	pid_t child = fork();
	if (child == 0) {
		syscall(SYS_creat, F("new"), 0644);
		_exit(0);
	}
	if (listener >= 0 && ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == 0) {
		resp.id = req.id;
		resp.flags = 1; // CONTINUE
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
	waitpid(child, NULL, 0);
}

#define X(f) {#f, f}
const struct attack abi_attacks[] = {
	ONLY64 X(path_in_secretmem), X(path_at_end), X(path_across), X(path_write_only), X(path_lazy), X(path_exec_only),
	X(own_ret_trace), X(own_ret_trace_all), X(own_ret_errno), X(own_unotify), {NULL, NULL},
};
