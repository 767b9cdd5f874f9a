// Programs that confine themselves by filters of their own (seccomp(2)).
#include "guest.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <ucontext.h>

#if defined(__x86_64__)
enum { arch = AUDIT_ARCH_X86_64 };
#elif defined(__i386__)
enum { arch = AUDIT_ARCH_I386 };
#else
enum { arch = AUDIT_ARCH_AARCH64 };
#endif

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
// ON answers one call number.
#define ON(number, value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), RETURN(value)
#define OWN_ARCH LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0), RETURN(SECCOMP_RET_KILL_PROCESS), LOAD(nr)

static long install(struct sock_filter *list, size_t n, unsigned flags) {
	struct sock_fprog program = {n, list};
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
#define INSTALL(list, flags) install(list, sizeof list / sizeof *list, flags)

// Errors of its own choice, for calls that a tracer looks at and others.
static void error_filter(void) {
	struct sock_filter list[] = {OWN_ARCH, ON(SYS_mkdirat, SECCOMP_RET_ERRNO | EXDEV), ON(SYS_getppid, SECCOMP_RET_ERRNO | ENOTNAM),
		ON(SYS_fchmodat, SECCOMP_RET_ERRNO), ON(SYS_getuid, SECCOMP_RET_LOG), RETURN(SECCOMP_RET_ALLOW)};
	put("file", "x");
	MUST(chmod("file", 0600));
	MUST(INSTALL(list, 0));
	say("mkdirat: %s", outcome(mkdirat(AT_FDCWD, "dir", 0755)));
	say("getppid: %s", outcome(syscall(SYS_getppid)));
	say("fchmodat: %s", outcome(syscall(SYS_fchmodat, AT_FDCWD, "file", 0777)));
	struct stat s;
	MUST(stat("file", &s));
	say("mode %o", s.st_mode);
	say("logged: %s", outcome(syscall(SYS_getuid)));
	put("file", "y");
	say("%s", get("file"));
	struct sock_filter second[] = {LOAD(nr), ON(SYS_mkdirat, SECCOMP_RET_ERRNO | EBADE), ON(SYS_unlinkat, SECCOMP_RET_ERRNO | EBADE),
		RETURN(SECCOMP_RET_ALLOW)};
	MUST(INSTALL(second, 0));
	say("the later filter: %s %s", outcome(mkdirat(AT_FDCWD, "dir", 0755)), outcome(unlinkat(AT_FDCWD, "file", 0)));
	say("in a child: %s", spell(system("test -f file && ! mkdir sub 2>/dev/null && echo z >file")));
}

static void on_trap(int sig, siginfo_t *info, void *context) {
	ucontext_t *u = context;
	(void)sig, (void)u;
	say("SIGSYS code %d call %s data %d arch %d", info->si_code, info->si_syscall == SYS_mkdirat ? "mkdirat" :
		info->si_syscall == SYS_getppid ? "getppid" : "another", info->si_errno, (uint32_t)info->si_arch == (uint32_t)arch);
#if defined(__x86_64__)
	u->uc_mcontext.gregs[REG_RAX] = -ENOTUNIQ;
#elif defined(__i386__)
	u->uc_mcontext.gregs[REG_EAX] = -ENOTUNIQ;
#elif defined(__aarch64__)
	u->uc_mcontext.regs[0] = -ENOTUNIQ;
#endif
	say("made by the handler: %s", outcome(open("by-handler", O_CREAT | O_WRONLY, 0600)));
}

// A handler answers in the place of the kernel, as browsers have it.
static void trap_filter(void) {
	struct sock_filter list[] = {OWN_ARCH, ON(SYS_mkdirat, SECCOMP_RET_TRAP | 77), ON(SYS_getppid, SECCOMP_RET_TRAP), RETURN(SECCOMP_RET_ALLOW)};
	handle_info(SIGSYS, on_trap, 0);
	MUST(INSTALL(list, 0));
	say("mkdirat: %s", outcome(mkdirat(AT_FDCWD, "dir", 0755)));
	say("getppid: %s", outcome(syscall(SYS_getppid)));
	say("renamed: %s", outcome(rename("by-handler", "moved")));
}

static void makes_files(void) {
	say("open: %s", outcome(open("file", O_CREAT | O_WRONLY, 0600)));
	syscall(SYS_getppid);
	say("not killed");
}

#define ALLOW(number) ON(number, SECCOMP_RET_ALLOW)
// Everything but what it uses kills it, as sshd has it.
static void only_what_is_used(void) {
	struct sock_filter list[] = {OWN_ARCH, ALLOW(SYS_openat), ALLOW(SYS_write), ALLOW(SYS_close), ALLOW(SYS_exit_group),
#ifdef SYS_open
		ALLOW(SYS_open),
#endif
		RETURN(SECCOMP_RET_KILL_PROCESS)};
	MUST(INSTALL(list, 0));
	makes_files();
}
static void kills_thread(void) {
	struct sock_filter list[] = {OWN_ARCH, ON(SYS_getppid, SECCOMP_RET_KILL_THREAD), RETURN(SECCOMP_RET_ALLOW)};
	MUST(INSTALL(list, 0));
	makes_files();
}
static void traps_uncaught(void) {
	struct sock_filter list[] = {OWN_ARCH, ON(SYS_getppid, SECCOMP_RET_TRAP), RETURN(SECCOMP_RET_ALLOW)};
	MUST(INSTALL(list, 0));
	makes_files();
}

static void strict_filters(void) {
	ended("all others kill", child(only_what_is_used));
	ended("kill the thread", child(kills_thread));
	ended("trap", child(traps_uncaught));
}

static int ready[2], go[2];
static void *waits(void *arg) {
	(void)arg;
	tell(ready[1]);
	hear(go[0]);
	say("in the other thread: %s", outcome(mkdirat(AT_FDCWD, "dir", 0755)));
	return NULL;
}

// A filter for all threads at once.
static void filter_for_threads(void) {
	struct sock_filter list[] = {OWN_ARCH, ON(SYS_mkdirat, SECCOMP_RET_ERRNO | EXDEV), RETURN(SECCOMP_RET_ALLOW)};
	pthread_t id;
	MUST(pipe(ready)), MUST(pipe(go));
	TRUE(pthread_create(&id, NULL, waits, NULL) == 0);
	hear(ready[0]);
	say("synchronised: %s", outcome(INSTALL(list, SECCOMP_FILTER_FLAG_TSYNC)));
	tell(go[1]);
	pthread_join(id, NULL);
	say("here: %s", outcome(mkdirat(AT_FDCWD, "dir", 0755)));
}

// Wrong programs and questions.
static void filter_errors(void) {
	struct sock_filter good[] = {RETURN(SECCOMP_RET_ALLOW)}, endless[] = {LOAD(nr)}, bad[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4096), RETURN(0)};
	unsigned action = SECCOMP_RET_TRAP, nonsense = 0x12340000;
	say("no end: %s", outcome(INSTALL(endless, 0)));
	say("bad offset: %s", outcome(INSTALL(bad, 0)));
	say("empty: %s", outcome(install(good, 0, 0)));
	say("bad pointer: %s", outcome(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 1)));
	say("bad flags: %s", outcome(INSTALL(good, 0x8000)));
	say("action: %s", outcome(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)));
	say("nonsense: %s", outcome(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &nonsense)));
	say("good: %s", outcome(INSTALL(good, 0)));
	say("mode %d", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
}

// A program narrows itself by Landlock, as decompressors do (landlock(7)).
static void own_landlock(void) {
	struct { uint64_t files; } attr = {1 << 1 | 1 << 5 | 1 << 7 | 1 << 8}; // write, remove a file, make a directory, make a file
	struct { uint64_t allowed; int32_t parent; } __attribute__((packed)) rule;
	enum { create_ruleset = 444, add_rule = 445, restrict_self = 446 };
	MUST(mkdir("mine", 0755));
	put("file", "x");
	int set = syscall(create_ruleset, &attr, sizeof attr, 0);
	if (set < 0) {
		say("no Landlock: %s", outcome(set));
		return;
	}
	rule.allowed = attr.files;
	rule.parent = MUST(open("mine", O_PATH));
	MUST(syscall(add_rule, set, 1, &rule, 0));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(syscall(restrict_self, set, 0));
	say("write: %s", outcome(open("file", O_WRONLY)));
	say("create: %s", outcome(open("new", O_CREAT | O_WRONLY, 0600)));
	say("mkdir: %s", outcome(mkdir("dir", 0700)));
	say("unlink: %s", outcome(unlink("file")));
	say("in its own: %s %s", outcome(open("mine/new", O_CREAT | O_WRONLY, 0600)), outcome(mkdir("mine/dir", 0700)));
	say("across: %s", outcome(rename("mine/new", "new")));
	say("metadata: %s", outcome(chmod("file", 0600)));
	say("read: %s", get("file"));
}

#define X(f) {#f, f}
const struct control filters_controls[] = {
	X(error_filter), X(trap_filter), X(strict_filters), X(filter_for_threads), X(filter_errors), X(own_landlock),
	{NULL, NULL},
};
