// Attacks through what the kernel does for a program: mounts, namespaces, core
// files, terminals, devices, kernel files, accounting.
#include "guest.h"
#include <sys/sysmacros.h>

static void write_new(void) { open(A("dir/new"), O_CREAT | O_WRONLY, 0644); }
static void mount_bind(void) { // inside, the forbidden directory
	if (mount(F(""), A("dir"), NULL, MS_BIND, NULL) == 0)
		write_new();
}
static void mount_new_api(void) {
	int tree = syscall(428, AT_FDCWD, F(""), 1);
	if (syscall(429, tree, "", AT_FDCWD, A("dir"), 4) == 0)
		write_new();
}
static void opentree_detached(void) {
	openat(syscall(428, AT_FDCWD, F(""), 1), "new", O_CREAT | O_WRONLY, 0644);
}
static int lookalike(void) { // below a new root the names look allowed
	char fake[600];
	snprintf(fake, sizeof fake, "%s/new", A(""));
	if (chroot(F("jail")) != 0 || chdir("/") != 0)
		return -1;
	return open(fake, O_CREAT | O_WRONLY, 0644);
}
static void chroot_lookalike(void) { lookalike(); }
static void map_root(void) {
	char map[64];
	int uid = getuid(), fd;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return;
	fd = open("/proc/self/setgroups", O_WRONLY);
	if (write(fd, "deny", 4) < 0)
		return;
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (write(fd, map, snprintf(map, sizeof map, "0 %d 1", uid)) < 0)
		return;
}
static void userns_chroot_lookalike(void) {
	map_root();
	lookalike();
}
static void userns_mount(void) {
	map_root();
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount_bind();
}
static void userns_pivot(void) {
	map_root();
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (mount(F("jail"), F("jail"), NULL, MS_BIND, NULL) != 0 || chdir(F("jail")) != 0)
		return;
	char fake[600];
	snprintf(fake, sizeof fake, "%s/new", A(""));
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		open(fake, O_CREAT | O_WRONLY, 0644);
}
static void setns_victim(void) {
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/uts", victim);
	if (syscall(SYS_setns, open(path, O_RDONLY), 0) == 0)
		mkdir(F("new"), 0755);
}
static void core(void) {
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
	if (setrlimit(RLIMIT_CORE, &r) != 0) {
		getrlimit(RLIMIT_CORE, &r);
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_CORE, &r);
	}
	prctl(PR_SET_DUMPABLE, 1);
	if (chdir(F("")) == 0)
		abort();
}
static void core_cwd(void) { in_child(core); }
static void core_prlimit(void) {
	struct rlimit r = {RLIM_INFINITY, RLIM_INFINITY};
	syscall(SYS_prlimit64, getpid(), RLIMIT_CORE, &r, NULL);
	in_child(core);
}
static void type_text(void) { // into the terminal, which is standard input
	for (const char *c = "typed\n"; *c; c++)
		ioctl(0, TIOCSTI, c);
}
static void type_highbits(void) {
	for (const char *c = "typed\n"; *c; c++)
		syscall(SYS_ioctl, 0L, (long)(0xdeadbeef00000000ull | TIOCSTI), c);
}
static void device_node(void) { // a new name for the null device, which stands for a disk
	if (mknod(A("node"), S_IFCHR | 0666, makedev(1, 3)) == 0 && open(A("node"), O_RDWR) >= 0)
		mkdir(F("new"), 0755);
	if (mknod(A("disk"), S_IFBLK | 0666, makedev(7, 0)) == 0)
		mkdir(F("new"), 0755);
}
static void kernel_file(void) { // truncating and writing the text that is there
	char text[256];
	int fd = open("/proc/sys/kernel/core_pattern", O_RDWR);
	ssize_t n = pread(fd, text, sizeof text, 0);
	if (n > 0 && pwrite(fd, text, n, 0) == n)
		mkdir(F("new"), 0755);
}
static void sys_file(void) { // ditto
	char text[256];
	int fd = open("/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan", O_RDWR);
	ssize_t n = pread(fd, text, sizeof text, 0);
	if (n > 0 && pwrite(fd, text, n, 0) == n)
		mkdir(F("new"), 0755);
}
static void accounting(void) {
	if (syscall(SYS_acct, F("file")) == 0) {
		in_child(write_new);
		syscall(SYS_acct, NULL);
	}
}
static void bpf_pin(void) {
	static uint64_t attr[16];
	attr[0] = 2 | 4ull << 32; // BPF_MAP_TYPE_ARRAY with keys of four bytes
	attr[1] = 8 | 1ull << 32;
	if (syscall(SYS_bpf, 0, attr, 72) >= 0)
		syscall(SYS_mkdir, F("new"), 0755);
}
static void shared_swap(void) { // a file that is none: any answer but EPERM would be a look at it
	if (syscall(SYS_swapon, F("file"), 0) == 0 || errno != EPERM || syscall(SYS_quotactl, 0x800002 << 8, F("file"), 0, 0) == 0 || errno != EPERM)
		syscall(SYS_mkdir, F("new"), 0755);
}

#define X(f) {#f, f}
const struct attack system_attacks[] = {
	X(mount_bind), X(mount_new_api), X(opentree_detached), X(chroot_lookalike),
	X(userns_chroot_lookalike), X(userns_mount), X(userns_pivot), X(setns_victim), X(core_cwd), X(core_prlimit),
	X(type_text), X(type_highbits), X(device_node), X(kernel_file), X(sys_file), X(accounting), X(bpf_pin),
	X(shared_swap), {NULL, NULL},
};
