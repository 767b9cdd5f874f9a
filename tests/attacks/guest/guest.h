// What the attacks share. Everything that a call is given lies in static memory,
// below 4 GiB, so that int 0x80 can point to it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

struct attack {
	const char *name;
	void (*run)(void);
};

extern char root[256];         // of the tree: "a" is allowed, "f" is not
extern int victim;             // process outside of the run
extern int port;               // of the listeners on the loopback addresses
extern char **words;           // further arguments

// A and F return a path in the allowed and in the forbidden directory, in one of
// sixteen buffers.
char *A(const char *name);
char *F(const char *name);

// in_thread runs f in a thread and waits for it; in_child in a child.
void in_thread(void (*f)(void));
void in_child(void (*f)(void));

// An entry of an io_uring, and uring, which submits one and returns its result.
struct sqe {
	uint8_t opcode, flags;
	uint16_t ioprio;
	int32_t fd;
	uint64_t off, addr;
	uint32_t len, op_flags;
	uint64_t data, rest[3];
};
int32_t uring(struct sqe sqe);

extern const struct attack files_attacks[], meta_attacks[], links_attacks[], fds_attacks[];
extern const struct attack abi_attacks[], threads_attacks[], outside_attacks[], system_attacks[], net_attacks[],
	victim_attacks[], races_attacks[], races_memory_attacks[],
	races_objects_attacks[], races_fds_attacks[], races_net_attacks[];
