// What the parts of the guest share.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// An operation: a line of the script is its name and its arguments. One letter for
// each argument: 'p' a path that is looked at afterwards, '.' anything else.
struct op {
	const char *name, *args;
	void (*run)(char **arg);
};

extern const struct op node_ops[], owner_ops[], xattr_ops[], open_ops[], ask_ops[], id_ops[], process_ops[];

// slot returns the descriptor that a number of the script stands for. It is the same
// after an exec, whether a file is open there or not.
int slot(const char *number);

// HOME is open on the directory of the sequence.
enum { HOME = 13 };

// The variants of a call take turns by this number, that of the operation.
extern int turn;

// The capabilities that the guest is about.
extern uint64_t known;

// report ends the line of an operation with what its call returned: "ok", or the
// error in errno. outcome is its text.
void report(long result);
const char *outcome(long result);

// number reads any C number; id does so for an uid or gid, -1 included.
unsigned long long number(const char *text);
uint32_t id(const char *text);

// bytes reads pairs of hexadecimal digits, or nothing from "-".
size_t bytes(const char *text, unsigned char *to, size_t size);

// see prints what lstat(2) and its likes say of a path, glimpse what they say of a
// descriptor. device reports whether a path leads to a device.
void see(const char *path);
void glimpse(int fd);
int device(const char *path);

// whole prints everything about everything below the working directory.
void whole(void);

// attributes prints the extended attributes of a path, unless it has none.
void attributes(const char *path);

// list prints the entries of a directory and their types.
void list(const char *path);

// identity prints the credentials of the thread.
void identity(void);

// go_on runs the operations of the current sequence from number next on.
void go_on(int next);
