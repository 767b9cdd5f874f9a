// Attacks with descriptors that come from elsewhere: inherited ones, ones that a
// helper outside passes, and ones of other processes.
#include "guest.h"

static void inherited_fd(void) { // the host program forgot to close them
	for (int fd = 3; fd < 64; fd++)
		if (write(fd, "x", 1) == 1 || openat(fd, "new", O_WRONLY | O_CREAT, 0644) >= 0)
			return;
}
static void stdin_dir(void) { openat(0, "new", O_WRONLY | O_CREAT, 0644); }
static void stdin_fchmod(void) { fchmod(0, 0600); }
static void stdin_chdir(void) {
	if (fchdir(0) == 0)
		mkdir("new", 0755);
}

// received asks the helper at a socket for its descriptor.
static int received(const char *path) {
	struct sockaddr_un un = {AF_UNIX, ""};
	char control[CMSG_SPACE(sizeof(int))], c;
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fd = -1;
	strcpy(un.sun_path, path);
	if (connect(s, (struct sockaddr *)&un, sizeof un) != 0 || recvmsg(s, &m, 0) != 1 || !CMSG_FIRSTHDR(&m))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
	return fd;
}
static void scm_outside_write(void) {
	if (write(received(F("helper")), "x", 1) != 1)
		return;
}
static void scm_inside_fchmod(void) { fchmod(received(A("helper")), 0600); }
static void scm_inside_fchown(void) { fchown(received(A("helper")), getuid(), getgid()); }
static void scm_inside_futimens(void) { futimens(received(A("helper")), NULL); }
static void scm_inside_fsetxattr(void) { fsetxattr(received(A("helper")), "user.x", "1", 1, 0); }
static void scm_inside_link(void) {
	char self[64];
	snprintf(self, sizeof self, "/proc/self/fd/%d", received(A("helper")));
	linkat(AT_FDCWD, self, AT_FDCWD, A("new"), AT_SYMLINK_FOLLOW);
}
static void pidfd_getfd_write(void) {
	int fd = syscall(438, syscall(434, victim, 0), 8, 0);
	if (write(fd, "x", 1) != 1)
		return;
}
static void victim_fd_reopen(void) {
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd/8", victim);
	open(path, O_WRONLY | O_TRUNC);
}
static void victim_pipe(void) { // types into the standard input of a process outside
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd/7", victim);
	if (write(open(path, O_WRONLY), "x", 1) != 1)
		return;
}
static void victim_memfd(void) {
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd/6", victim);
	if (write(open(path, O_WRONLY), "x", 1) != 1)
		return;
}

struct handle {
	uint32_t bytes;
	int type;
	unsigned char f[128];
};
static void open_by_handle(void) {
	struct handle h = {sizeof h.f, 0, ""};
	int mount;
	syscall(SYS_name_to_handle_at, AT_FDCWD, F("file"), &h, &mount, 0);
	syscall(SYS_open_by_handle_at, open(root, O_RDONLY), &h, O_WRONLY | O_TRUNC);
}
static void fanotify_event_fd(void) {
	static struct { // struct fanotify_event_metadata
		uint32_t len;
		uint8_t version, reserved;
		uint16_t metadata_len;
		uint64_t mask;
		int32_t fd, pid;
	} event;
	int group = syscall(SYS_fanotify_init, 0, O_RDWR);
	if (syscall(SYS_fanotify_mark, group, 1, 0x20, AT_FDCWD, F("file")) != 0) // FAN_MARK_ADD, FAN_OPEN
		return;
	open(F("file"), O_RDONLY);
	if (read(group, &event, sizeof event) == sizeof event && write(event.fd, "x", 1) != 1)
		return;
}
// By hand: the offsets are those of struct io_uring_params.
int32_t uring(struct sqe sqe) {
	static uint32_t params[30];
	memset(params, 0, sizeof params);
	int fd = syscall(425, 2, params);
	if (fd < 0)
		return -1;
	uint32_t *sq_off = params + 10, *cq_off = params + 20;
	char *sq = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *cq = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0x8000000);
	struct sqe *list = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0x10000000);
	if (sq == MAP_FAILED || cq == MAP_FAILED || list == MAP_FAILED)
		return -1;
	list[0] = sqe;
	((uint32_t *)(sq + sq_off[6]))[0] = 0; // array
	__atomic_store_n((uint32_t *)(sq + sq_off[1]), 1, __ATOMIC_RELEASE); // tail
	syscall(426, fd, 1, 1, 1, NULL, 0);
	return *(int32_t *)(cq + cq_off[5] + 8);
}
static void uring_open(void) {
	uring((struct sqe){.opcode = 18, .fd = AT_FDCWD, .addr = (uintptr_t)F("new"), .len = 0644, .op_flags = O_WRONLY | O_CREAT});
}
static void uring_unlink(void) { uring((struct sqe){.opcode = 36, .fd = AT_FDCWD, .addr = (uintptr_t)F("file")}); }

#define X(f) {#f, f}
const struct attack fds_attacks[] = {
	X(inherited_fd), X(stdin_dir), X(stdin_fchmod), X(stdin_chdir), X(scm_outside_write), X(scm_inside_fchmod),
	X(scm_inside_fchown), X(scm_inside_futimens), X(scm_inside_fsetxattr), X(scm_inside_link), X(pidfd_getfd_write),
	X(victim_fd_reopen), X(victim_pipe), X(victim_memfd), X(open_by_handle), X(fanotify_event_fd), X(uring_open),
	X(uring_unlink), {NULL, NULL},
};
