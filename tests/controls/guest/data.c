// What is in files: holes, copies, mappings, limits.
#include "guest.h"
#include <sys/sendfile.h>
#include <sys/uio.h>

static void holes(void) {
	int fd = MUST(open("file", O_RDWR | O_CREAT, 0644));
	TRUE(pwrite(fd, "start", 5, 0) == 5);
	TRUE(pwrite(fd, "far", 3, 1 << 20) == 3);
	struct stat s;
	MUST(fstat(fd, &s));
	say("size %lld, sparse %d", (long long)s.st_size, s.st_blocks * 512LL < s.st_size);
	say("hole after the start %d, data after it %d", lseek(fd, 0, SEEK_HOLE) < 1 << 20, lseek(fd, 1 << 16, SEEK_DATA) == 1 << 20);
	say("no data at the end: %s", outcome(lseek(fd, 2 << 20, SEEK_DATA)));
	static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, 0x8000};
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		const char *what = outcome(fallocate(fd, modes[i], 4096, 1 << 16));
		MUST(fstat(fd, &s));
		say("fallocate %#x: %s, size %lld", modes[i], what, (long long)s.st_size);
	}
	say("truncate longer: %s", outcome(truncate("file", 3 << 20)));
	say("ftruncate shorter: %s", outcome(ftruncate(fd, 2)));
	say("%s", get("file"));
	say("negative: %s", outcome(ftruncate(fd, -1)));
	say("of a directory: %s", outcome(truncate(".", 1)));
	int ro = MUST(open("file", O_RDONLY));
	say("read only: %s", outcome(ftruncate(ro, 1)));
	say("beyond 4 GiB: %s", outcome(truncate("file", 5LL << 32)));
	MUST(stat("file", &s));
	say("size %lld", (long long)s.st_size);
}

static void copies(void) {
	static char buf[100000];
	for (size_t i = 0; i < sizeof buf; i++)
		buf[i] = 'a' + i % 26;
	int from = MUST(open("from", O_RDWR | O_CREAT, 0644)), to = MUST(open("to", O_RDWR | O_CREAT, 0644)), tube[2];
	TRUE(write(from, buf, sizeof buf) == sizeof buf);
	off_t at = 0, out = 0;
	say("copy_file_range: %zd", copy_file_range(from, &at, to, &out, sizeof buf, 0));
	at = 26;
	say("sendfile: %zd", sendfile(to, from, &at, 26));
	int other = MUST(open(path("b", "to"), O_RDWR | O_CREAT, 0644));
	at = 0, out = 0;
	say("to another directory: %zd", copy_file_range(from, &at, other, &out, 1000, 0));
	say("clone: %s", ioctl(to, FICLONE, from) == 0 || errno == EOPNOTSUPP || errno == EINVAL ? "as the file system likes" : outcome(-1));
	MUST(pipe(tube));
	at = 52;
	say("splice in: %zd", splice(from, &at, tube[1], NULL, 26, 0));
	out = 0;
	say("splice out: %zd", splice(tube[0], NULL, other, &out, 26, 0));
	struct iovec iov = {buf, 13};
	say("vmsplice: %zd", vmsplice(tube[1], &iov, 1, 0));
	int second[2];
	MUST(pipe(second));
	say("tee: %zd", tee(tube[0], second[1], 13, 0));
	char got[14] = "";
	TRUE(read(second[0], got, 13) == 13);
	say("%s", got);
	struct iovec vector[2] = {{"one ", 4}, {"two", 3}};
	say("pwritev: %zd", pwritev(to, vector, 2, 5));
	say("pwritev2 append: %zd", pwritev2(to, vector, 2, -1, RWF_APPEND));
	say("%.40s", get("to"));
	say("%.40s", get(path("b", "to")));
	int ro = MUST(open("to", O_RDONLY));
	say("to what is read only: %s", outcome(sendfile(ro, from, NULL, 1)));
	say("sync: %s %s %s", outcome(fsync(to)), outcome(fdatasync(to)), outcome(syncfs(to)));
}

static char *shared;
static void writes_mapping(void) { strcpy(shared + 4096, "by the child"); }

static void mappings(void) {
	int fd = MUST(open("file", O_RDWR | O_CREAT, 0644));
	MUST(ftruncate(fd, 3 * 4096));
	shared = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	TRUE(shared != MAP_FAILED);
	strcpy(shared, "by the parent");
	ended("child", child(writes_mapping));
	char text[20] = "";
	TRUE(pread(fd, text, 12, 4096) == 12);
	say("%s, %s", get("file"), text);
	TRUE(pwrite(fd, "through the descriptor", 22, 8192) == 22);
	say("%s", shared + 8192);
	say("msync: %s", outcome(msync(shared, 3 * 4096, MS_SYNC)));
	int ro = MUST(open("file", O_RDONLY));
	say("writable of read only: %s", outcome((long)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, ro, 0)));
	char *mine = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0);
	strcpy(mine, "private");
	say("%s", get("file"));
	char *readable = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ro, 0);
	say("made writable: %s", outcome(mprotect(readable, 4096, PROT_READ | PROT_WRITE)));
	char *moved = mremap(shared, 3 * 4096, 5 * 4096, MREMAP_MAYMOVE);
	say("%s", moved + 4096);
	say("unmapped: %s", outcome(munmap(moved, 5 * 4096)));
	say("executable of what is in the directory: %s", outcome(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 : 0));
}

static volatile sig_atomic_t too_big;
static void on_xfsz(int sig) { too_big = sig; }

static void limits(void) {
	struct rlimit r = {5000, 5000};
	MUST(setrlimit(RLIMIT_FSIZE, &r));
	handle(SIGXFSZ, on_xfsz, 0);
	int fd = MUST(open("file", O_RDWR | O_CREAT, 0644));
	say("beyond the limit of a file: %s", outcome(pwrite(fd, "x", 1, 6000)));
	say("SIGXFSZ %d", too_big == SIGXFSZ);
	too_big = 0;
	say("truncate: %s, SIGXFSZ %d", outcome(truncate("file", 6000)), too_big == SIGXFSZ);
	say("short write: %zd", pwrite(fd, "0123456789", 10, 4995));
	MUST(syscall(SYS_close_range, 3, ~0U, 0));
	r.rlim_cur = r.rlim_max = 16;
	MUST(setrlimit(RLIMIT_NOFILE, &r));
	int n = 0;
	while (open("file", O_RDWR) >= 0)
		n++;
	say("%d descriptors more: %s", n, outcome(-1));
	say("to create: %s", outcome(open("new", O_CREAT | O_WRONLY, 0600)));
	say("mkdir needs none: %s", outcome(mkdir("dir", 0755)));
	say("chmod neither: %s", outcome(chmod("file", 0600)));
	struct stat s;
	say("what failed is made: %s", outcome(stat("new", &s)));
}

// Appends of several processes do not overwrite each other.
static void appends_lines(void) {
	char line[32];
	int fd = MUST(open("log", O_WRONLY | O_APPEND | O_CREAT, 0644));
	for (int i = 0; i < 200; i++) {
		int n = snprintf(line, sizeof line, "%08d line %03d\n", 0, i);
		TRUE(write(fd, line, n) == n);
	}
}

static void appends(void) {
	pid_t all[8];
	for (int i = 0; i < 8; i++)
		all[i] = child(appends_lines);
	for (int i = 0; i < 8; i++)
		ended("writer", all[i]);
	struct stat s;
	MUST(stat("log", &s));
	say("size %d", (int)s.st_size);
}

#define X(f) {#f, f}
const struct control data_controls[] = {
	X(holes), X(copies), X(mappings), X(limits), X(appends),
	{NULL, NULL},
};
