// What the controls share.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

struct control {
	const char *name;
	void (*run)(void);
};

// The scratch tree: the working directory is "a", which may be written as "b"
// may; "f" may not.
extern char root[256];

// path returns the path of a name in a directory of the tree, in one of sixteen
// buffers.
char *path(const char *dir, const char *name);

// say prints a line; it is one write, so that lines of several processes stay
// whole.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// outcome names what a call returned: "ok", or the error in errno.
const char *outcome(long result);

// MUST ends the control if a call fails that has to succeed.
#define MUST(call) must(#call, (long)(call))
long must(const char *what, long result);

// TRUE ends the control if something does not hold.
#define TRUE(condition) do { if (!(condition)) lost(#condition); } while (0)
void lost(const char *what) __attribute__((noreturn));

// child runs f in a child; ended waits for it and says how it ended.
pid_t child(void (*f)(void));
void ended(const char *what, pid_t pid);

// spell describes a wait status.
const char *spell(int status);

// handle installs a handler with flags.
void handle(int sig, void (*f)(int), int flags);
void handle_info(int sig, void (*f)(int, siginfo_t *, void *), int flags);

// A pipe to wait for another process or thread: tell writes to it, hear reads.
void tell(int fd);
void hear(int fd);

void put(const char *name, const char *text); // a file with this text
const char *get(const char *name);            // its text, up to 200 bytes

extern const struct control walk_controls[], meta_controls[], names_controls[], files_controls[], data_controls[], locks_controls[],
	watch_controls[], fifo_controls[], signals_controls[], faults_controls[], waits_controls[], family_controls[],
	storms_controls[], filters_controls[], ipc_controls[], sockets_controls[], futexes_controls[], exec_controls[],
	storm_parts[], exec_parts[];
