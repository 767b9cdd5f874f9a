// Attacks by threads, children and programs that are not what a tracer expects.
// None of them is a race.
#include "guest.h"
#include <sys/ptrace.h>

static void creat_new(void) { open("new", O_CREAT | O_WRONLY, 0644); }
static void own_cwd(void) {
	if (syscall(SYS_unshare, CLONE_FS) == 0 && chdir(F("")) == 0)
		creat_new();
}
static void thread_own_cwd(void) {
	if (chdir(A("")) == 0)
		in_thread(own_cwd);
}
static void own_files(void) {
	if (syscall(SYS_unshare, CLONE_FILES) != 0)
		return;
	dup2(open(F("file"), O_RDONLY), 100); // descriptor 100 of the process is inside
	fchmod(100, 0600);
	dup2(open(F(""), O_RDONLY), 100);
	openat(100, "new", O_CREAT | O_WRONLY, 0644);
}
static void thread_own_files(void) {
	dup2(open(A(""), O_RDONLY), 100);
	in_thread(own_files);
}
static int cloned(void *arg) {
	return (*(int (**)(void))arg)();
}
static void clone_with(int flags, int (*f)(void)) {
	static char stack[65536] __attribute__((aligned(16)));
	int child = clone(cloned, stack + sizeof stack, flags | SIGCHLD, &f);
	if (child > 0)
		waitpid(child, NULL, __WALL);
}
static int chdir_out(void) { return chdir(F("")); }
static void clonefs_child_chdir(void) {
	if (chdir(A("")) != 0)
		return;
	clone_with(CLONE_FS, chdir_out);
	creat_new();
}
static int dup_out(void) { return dup2(open(F(""), O_RDONLY), 100); }
static void clonefiles_child_dup(void) {
	dup2(open(A(""), O_RDONLY), 100);
	clone_with(CLONE_FILES, dup_out);
	openat(100, "new", O_CREAT | O_WRONLY, 0644);
}
static int write_out(void) { return open(F("new"), O_CREAT | O_WRONLY, 0644); }
static void vfork_child(void) {
	pid_t child = vfork();
	if (child == 0) {
		open(F("new"), O_CREAT | O_WRONLY, 0644);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}
static void clone_parent(void) { clone_with(CLONE_PARENT, write_out); }
static void clone_no_signal(void) {
	static char stack[65536] __attribute__((aligned(16)));
	int (*f)(void) = write_out;
	int child = clone(cloned, stack + sizeof stack, 0, &f);
	waitpid(child, NULL, __WALL);
}
static void clone_untraced(void) { clone_with(0x00800000, write_out); }
static void clone_namespaces(void) {
	clone_with(CLONE_NEWUSER | CLONE_NEWNS, write_out);
}
static void clone3_untraced(void) {
	static uint64_t args[11] = {0x00800000, 0, 0, 0, SIGCHLD};
	long child = syscall(435, args, sizeof args);
	if (child == 0) {
		write_out();
		_exit(0);
	}
	waitpid(child, NULL, __WALL);
}
static void untraced_own_tracer(void) { // a child that is traced by its parent, and by nobody else
	int status;
	pid_t child = syscall(SYS_clone, 0x00800000 | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0) {
		raise(SIGSTOP);
		write_out();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, WUNTRACED) != child)
		return;
	if (ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESECCOMP) != 0)
		kill(child, SIGKILL);
	kill(child, SIGCONT);
	while (waitpid(child, &status, __WALL) == child && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, child, 0, 0);
}
static void daemon_late(void) { // goes on when the first process has ended
	int alive[2];
	char c;
	if (pipe(alive) != 0 || fork() != 0)
		return;
	if (fork() != 0)
		_exit(0);
	setsid();
	close(alive[1]);
	pid_t was = getppid();
	for (int i = 0; i < 1000 && was != 1 && getppid() == was; i++)
		usleep(1000);
	if (read(alive[0], &c, 1) == 0) // until the first process has gone
		write_out();
	_exit(0);
}
static void exec_again(void) {
	char r[256];
	snprintf(r, sizeof r, "%s", root);
	execl("/proc/self/exe", "guest", "open_creat", r, "0", "0", NULL);
}
static void exec_thread(void) { // exec by a thread that does not lead
	in_thread(exec_again);
}
static void exec_memfd(void) {
	char text[4096];
	ssize_t n;
	int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("x", 0);
	while ((n = read(from, text, sizeof text)) > 0)
		if (write(to, text, n) != n)
			return;
	char *argv[] = {"guest", "open_creat", root, "0", "0", NULL}, *env[] = {NULL};
	syscall(SYS_execveat, to, "", argv, env, AT_EMPTY_PATH);
}
static void *write_later(void *arg) {
	pthread_join(*(pthread_t *)arg, NULL); // the leader
	creat_new();
	if (write(1, "done\n", 5) != 5)
		_exit(1);
	_exit(0);
}
static void zombie_leader(void) {
	static pthread_t leader, id;
	leader = pthread_self();
	if (chdir(F("")) != 0 || pthread_create(&id, NULL, write_later, &leader) != 0)
		return;
	pthread_exit(NULL);
}
static void undumpable(void) {
	prctl(PR_SET_DUMPABLE, 0);
	write_out();
	open(F("file"), O_WRONLY | O_TRUNC);
	chmod(F("file"), 0600);
}
static void exec_unreadable(void) { // words[0]: a copy of this program with mode 0111
	execl(words[0], "guest", "open_creat", root, "0", "0", NULL);
}
static void set_user_id(void) { // words[0]: a copy of this program with mode 4755 that belongs to root
	execl(words[0], "guest", "privileged", root, "0", "0", NULL);
}
static void privileged(void) { creat("/proc/self/oom_score_adj", 0); chmod(F("roots"), 0600); }

#define X(f) {#f, f}
const struct attack threads_attacks[] = {
	X(thread_own_cwd), X(thread_own_files), X(clonefs_child_chdir), X(clonefiles_child_dup), X(vfork_child),
	X(clone_parent), X(clone_no_signal), X(clone_untraced), X(clone_namespaces), X(clone3_untraced), X(untraced_own_tracer), X(daemon_late),
	X(exec_thread), X(exec_memfd), X(zombie_leader), X(undumpable), X(exec_unreadable), X(set_user_id), X(privileged),
	{NULL, NULL},
};
