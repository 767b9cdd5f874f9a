// Attacks on a process outside of the run. It counts the signals that it gets,
// and tells what has become of it.
#include "guest.h"
#include <sys/ptrace.h>
#include <sys/uio.h>

// The victim is the same program, so that it has this at the same address.
char victim_memory[16] = "untouched";

static int pidfd(void) { return syscall(434, victim, 0); }
static void kill_it(void) { kill(victim, SIGUSR1); }
static void kill_highbits(void) { syscall(SYS_kill, (long)(victim | 0xdeadbeef00000000ull), SIGUSR1); }
static void kill_everybody(void) { kill(-1, SIGURG); } // a signal that others ignore
static void tkill_it(void) { syscall(SYS_tkill, victim, SIGUSR1); }
static void tgkill_it(void) { syscall(SYS_tgkill, victim, victim, SIGUSR1); }
static void tgkill_highbits(void) { syscall(SYS_tgkill, (long)(victim | 0xdeadbeef00000000ull), victim, SIGUSR1); }
static void sigqueue_it(void) { sigqueue(victim, SIGUSR1, (union sigval){0}); }
static void tgsigqueue_it(void) {
	siginfo_t i = {.si_signo = SIGUSR1, .si_code = SI_QUEUE};
	syscall(SYS_rt_tgsigqueueinfo, victim, victim, SIGUSR1, &i);
}
static void pidfd_signal(void) { syscall(424, pidfd(), SIGUSR1, NULL, 0); }
static void proc_dir_signal(void) { // a directory below /proc is a pidfd as well
	char path[32];
	snprintf(path, sizeof path, "/proc/%d", victim);
	syscall(424, open(path, O_RDONLY | O_DIRECTORY), SIGUSR1, NULL, 0);
}
static void pidfd_group(void) { // PIDFD_SIGNAL_PROCESS_GROUP
	syscall(424, pidfd(), SIGUSR1, NULL, 4);
}
static void own(int cmd, long arg) {
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
		return;
	fcntl(fd[0], F_SETSIG, SIGUSR1);
	if (cmd < 256)
		fcntl(fd[0], cmd, arg);
	else
		ioctl(fd[0], cmd, arg);
	fcntl(fd[0], F_SETFL, O_ASYNC);
	if (write(fd[1], "x", 1) != 1)
		return;
}
static void fsetown(void) { own(F_SETOWN, victim); }
static void fsetown_ex(void) {
	static struct f_owner_ex ex;
	ex.type = F_OWNER_PID;
	ex.pid = victim;
	own(F_SETOWN_EX, (long)&ex);
}
static void fsetown_tid(void) {
	static struct f_owner_ex ex;
	ex.type = F_OWNER_TID;
	ex.pid = victim;
	own(F_SETOWN_EX, (long)&ex);
}
static void fsetown_group(void) { own(F_SETOWN, -victim); } // it leads its group
static void fiosetown(void) {
	static int pid;
	pid = victim;
	own(0x8901, (long)&pid);
}
static void siocspgrp(void) {
	static int pid;
	pid = victim;
	own(0x8902, (long)&pid);
}
static void prlimit_it(void) {
	struct rlimit r = {77, 77};
	syscall(SYS_prlimit64, victim, RLIMIT_NOFILE, &r, NULL);
}
static void ptrace_attach(void) {
	if (ptrace(PTRACE_ATTACH, victim, 0, 0) == 0 && waitpid(victim, NULL, __WALL) == victim) {
		ptrace(PTRACE_POKEDATA, victim, victim_memory, 0x21212121);
		ptrace(PTRACE_DETACH, victim, 0, 0);
	}
}
static void ptrace_seize(void) {
	if (ptrace(PTRACE_SEIZE, victim, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, victim, 0, 0) == 0 &&
	    waitpid(victim, NULL, __WALL) == victim) {
		ptrace(PTRACE_POKEDATA, victim, victim_memory, 0x21212121);
		ptrace(PTRACE_DETACH, victim, 0, 0);
	}
}
static void vm_writev(void) {
	struct iovec from = {"overwritten", 9}, to = {victim_memory, 9};
	process_vm_writev(victim, &from, 1, &to, 1, 0);
}
static void proc_mem(void) {
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/mem", victim);
	pwrite(open(path, O_RDWR), "overwritten", 9, (off_t)(uintptr_t)victim_memory);
}
static void proc_write(const char *file, const char *text) {
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", victim, file);
	int fd = open(path, O_WRONLY);
	if (write(fd, text, strlen(text)) < 0)
		return;
}
static void proc_oom(void) { proc_write("oom_score_adj", "777"); }
static void proc_coredump_filter(void) { proc_write("coredump_filter", "0x1"); }
static void proc_timerslack(void) { proc_write("timerslack_ns", "77777"); }
static void renice(void) { setpriority(PRIO_PROCESS, victim, 7); }
static void affinity(void) {
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(victim, sizeof set, &set);
}

#define X(f) {#f, f}
const struct attack outside_attacks[] = {
	X(kill_it), X(kill_highbits), X(kill_everybody), X(tkill_it), X(tgkill_it), X(tgkill_highbits), X(sigqueue_it),
	X(tgsigqueue_it), X(pidfd_signal), X(proc_dir_signal), X(pidfd_group), X(fsetown), X(fsetown_ex), X(fsetown_tid),
	X(fsetown_group), X(fiosetown), X(siocspgrp), X(prlimit_it), X(ptrace_attach), X(ptrace_seize), X(vm_writev),
	X(proc_mem), X(proc_oom), X(proc_coredump_filter), X(proc_timerslack), X(renice), X(affinity), {NULL, NULL},
};
