// Operations on the identity of the thread. They are the bare calls: those of libc
// would change all threads.
#include "guest.h"
#include <linux/capability.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#ifdef __i386__
#define WIDE(name) SYS_##name##32
#else
#define WIDE(name) SYS_##name
#endif
// NARROW is the call with ids of 16 bits where there is one.
#define NARROW(name) SYS_##name

struct caps {
	uint64_t effective, permitted, inheritable;
};

#define JOINED(set) ((d[0].set | (uint64_t)d[1].set << 32) & known)

static long get_caps(struct caps *to) {
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	long r = syscall(SYS_capget, &h, d);
	*to = (struct caps){JOINED(effective), JOINED(permitted), JOINED(inheritable)};
	return r;
}

static void groups(void) {
	uint32_t list[64];
	long n = syscall(WIDE(getgroups), 64, list);
	printf(" groups %ld", n);
	for (long i = 0; i < n; i++)
		printf(" %u", list[i]);
}

void identity(void) {
	uint32_t u[3] = {0}, g[3] = {0};
	struct caps c;
	syscall(WIDE(getresuid), &u[0], &u[1], &u[2]);
	syscall(WIDE(getresgid), &g[0], &g[1], &g[2]);
	printf("  uid %u %u %u %ld gid %u %u %u %ld", u[0], u[1], u[2], syscall(WIDE(setfsuid), -1) & 0xffffffff, g[0], g[1], g[2],
		syscall(WIDE(setfsgid), -1) & 0xffffffff);
	printf(" is %u %u %u %u", (uint32_t)syscall(WIDE(getuid)), (uint32_t)syscall(WIDE(geteuid)), (uint32_t)syscall(WIDE(getgid)),
		(uint32_t)syscall(WIDE(getegid)));
	groups();
	get_caps(&c);
	printf("\n  caps %llx %llx %llx keep %d\n", (unsigned long long)c.effective, (unsigned long long)c.permitted,
		(unsigned long long)c.inheritable, prctl(PR_GET_KEEPCAPS));
}

static void done(long result) {
	report(result);
	printf("\n");
	identity();
}

#define ONE(f, call) \
	static void f(char **a) { done(syscall(call, id(a[0]))); }
#define TWO(f, call) \
	static void f(char **a) { done(syscall(call, id(a[0]), id(a[1]))); }
#define THREE(f, call) \
	static void f(char **a) { done(syscall(call, id(a[0]), id(a[1]), id(a[2]))); }
#define OLD(f, call) \
	static void f(char **a) { printf(" %ld", syscall(call, id(a[0])) & 0xffffffff); done(0); }

ONE(set_uid, WIDE(setuid)) ONE(set_gid, WIDE(setgid))
TWO(set_reuid, WIDE(setreuid)) TWO(set_regid, WIDE(setregid))
THREE(set_resuid, WIDE(setresuid)) THREE(set_resgid, WIDE(setresgid))
OLD(set_fsuid, WIDE(setfsuid)) OLD(set_fsgid, WIDE(setfsgid))
ONE(set_uid16, NARROW(setuid)) ONE(set_gid16, NARROW(setgid))
TWO(set_reuid16, NARROW(setreuid)) THREE(set_resgid16, NARROW(setresgid))

// setgroups COUNT LIST: the list has commas, the count may be a lie
static void set_groups(char **a) {
	uint32_t list[16] = {0};
	int n = 0;
	for (char *item = strtok(a[1], ","); item && n < 16; item = strtok(NULL, ","))
		list[n++] = id(item);
	done(syscall(WIDE(setgroups), (int)number(a[0]), list));
}

static void count_groups(char **a) {
	uint32_t list[64];
	long n = syscall(WIDE(getgroups), (int)number(a[0]), list);
	report(n);
	printf(" %ld", n);
}

// The calls with ids of 16 bits; elsewhere the ordinary ones again.
static void tell_16(char **a) {
	(void)a;
#ifdef __i386__
	uint16_t u[3] = {0}, g[3] = {0}, list[64];
	syscall(SYS_getresuid, &u[0], &u[1], &u[2]);
	syscall(SYS_getresgid, &g[0], &g[1], &g[2]);
	printf(" %u %u %u %u %u %u is %ld %ld %ld %ld", u[0], u[1], u[2], g[0], g[1], g[2], syscall(SYS_getuid), syscall(SYS_geteuid),
		syscall(SYS_getgid), syscall(SYS_getegid));
	long n = syscall(SYS_getgroups, 64, list);
	printf(" groups");
	for (long i = 0; i < n; i++)
		printf(" %u", list[i]);
#else
	groups();
#endif
}

// capset EFFECTIVE PERMITTED INHERITABLE
static void set_caps(char **a) {
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	uint64_t e = number(a[0]) & known, p = number(a[1]) & known, i = number(a[2]) & known;
	struct __user_cap_data_struct d[2] = {{e, p, i}, {e >> 32, p >> 32, i >> 32}};
	done(syscall(SYS_capset, &h, d));
}

// drop MASK: effective and permitted without it
static void drop_caps(char **a) {
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	uint64_t mask = ~number(a[0]);
	struct caps c;
	get_caps(&c);
	c.effective &= mask;
	c.permitted &= mask;
	struct __user_cap_data_struct d[2] = {{c.effective, c.permitted, c.inheritable}, {c.effective >> 32, c.permitted >> 32, c.inheritable >> 32}};
	done(syscall(SYS_capset, &h, d));
}

// capability calls of odd forms: capget VERSION PID
static void odd_caps(char **a) {
	struct __user_cap_header_struct h = {number(a[0]), (int)id(a[1])};
	struct __user_cap_data_struct d[2] = {{0}};
	long r = syscall(SYS_capget, &h, d);
	report(r);
	printf(" version %#x %x %x %x", h.version, d[0].effective & (uint32_t)known, d[0].permitted & (uint32_t)known, d[0].inheritable & (uint32_t)known);
}

static void keep_caps(char **a) { done(prctl(PR_SET_KEEPCAPS, number(a[0]), 0, 0, 0)); }
static void drop_bound(char **a) { done(prctl(PR_CAPBSET_DROP, number(a[0]), 0, 0, 0)); }

// ambient CAPABILITY: inherited, and so passed on to programs that know nothing of it
static void raise_ambient(char **a) {
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	int c = number(a[0]);
	syscall(SYS_capget, &h, d);
	d[c / 32].inheritable |= 1u << c % 32;
	report(syscall(SYS_capset, &h, d));
	done(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0));
}

static void tell_bound(char **a) {
	int r = prctl(PR_CAPBSET_READ, number(a[0]), 0, 0, 0);
	report(r);
	printf(" %d", r);
}

static void whoami(char **a) {
	(void)a;
	printf("\n");
	identity();
}

// What /proc says of the thread.
static void status(char **a) {
	(void)a;
	char line[4096];
	FILE *f = fopen("/proc/thread-self/status", "r");
	report(f ? 0 : -1);
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) || !strncmp(line, "Groups:", 7))
			printf("\n  %.*s", (int)strcspn(line, "\n"), line);
		else if (!strncmp(line, "Cap", 3))
			printf("\n  %.7s %016llx", line, strtoull(line + 8, NULL, 16) & known);
	if (f)
		fclose(f);
}

static void *other_thread(void *arg) {
	uint32_t uid = *(uint32_t *)arg;
	report(syscall(WIDE(setresuid), uid, uid, uid));
	return NULL;
}

// thread UID: it changes its own identity alone
static void thread(char **a) {
	uint32_t uid = id(a[0]);
	pthread_t t;
	report(-(pthread_create(&t, NULL, other_thread, &uid) != 0));
	pthread_join(t, NULL);
	printf("\n");
	identity();
}

// Whom the other end of a socket takes this process for.
static void peer(char **a) {
	(void)a;
	int pair[2];
	struct ucred c = {0};
	socklen_t size = sizeof c;
	report(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	report(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &c, &size));
	printf(" %u %u", c.uid, c.gid);
	close(pair[0]);
	close(pair[1]);
}

const struct op id_ops[] = {
	{"setuid", ".", set_uid}, {"setgid", ".", set_gid}, {"setreuid", "..", set_reuid}, {"setregid", "..", set_regid},
	{"setresuid", "...", set_resuid}, {"setresgid", "...", set_resgid}, {"setfsuid", ".", set_fsuid}, {"setfsgid", ".", set_fsgid},
	{"setuid16", ".", set_uid16}, {"setgid16", ".", set_gid16}, {"setreuid16", "..", set_reuid16}, {"setresgid16", "...", set_resgid16},
	{"setgroups", "..", set_groups}, {"getgroups", ".", count_groups}, {"ids16", "", tell_16}, {"capset", "...", set_caps},
	{"drop", ".", drop_caps}, {"capget", "..", odd_caps}, {"keepcaps", ".", keep_caps}, {"capbset", ".", drop_bound},
	{"capbound", ".", tell_bound}, {"ambient", ".", raise_ambient}, {"ids", "", whoami}, {"status", "", status},
	{"thread", ".", thread}, {"peer", "", peer}, {0},
};
