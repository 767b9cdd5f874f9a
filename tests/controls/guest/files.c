// Names that come, go and move between the directories that may be written.
#include "guest.h"
#include <dirent.h>
#include <fts.h>

#define AT AT_FDCWD

static void show(const char *name) {
	struct stat s;
	if (lstat(name, &s) != 0)
		say("  %s: %s", name, outcome(-1));
	else
		say("  %s: mode %o links %d", name, s.st_mode, (int)s.st_nlink);
}

static int move(const char *from, const char *to, int flags) { return syscall(SYS_renameat2, AT, from, AT, to, flags); }

// Renames and links within a directory, and from one that may be written to the
// other.
static void moves(void) {
	const char *other = path("b", "there"), *sub = path("b", "sub/there");
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir/sub", 0755));
	MUST(mkdir(path("b", "sub"), 0700));
	put("file", "file");
	put("dir/inner", "inner");
	MUST(symlink("file", "link"));
	MUST(mkfifo("fifo", 0600));
	say("over: %s", outcome(rename("file", other)));
	say("back: %s", outcome(rename(other, "dir/file")));
	say("deeper: %s", outcome(rename("dir/file", sub)));
	say("noreplace onto it: %s", outcome(move("dir/inner", sub, RENAME_NOREPLACE)));
	say("noreplace: %s", outcome(move("dir/inner", path("b", "new"), RENAME_NOREPLACE)));
	say("exchange: %s", outcome(move(sub, path("b", "new"), RENAME_EXCHANGE)));
	say("%s %s", get(sub), get(path("b", "new")));
	say("exchange across: %s", outcome(move(sub, "link", RENAME_EXCHANGE)));
	show("link");
	show(sub);
	say("exchange of a directory and a file: %s", outcome(move("dir", path("b", "new"), RENAME_EXCHANGE)));
	show("dir");
	show(path("b", "new"));
	say("directory back: %s", outcome(rename(path("b", "new"), "moved")));
	say("directory over a directory: %s", outcome(rename("moved", path("b", "sub"))));
	say("directory below itself: %s", outcome(rename("moved", "moved/sub/x")));
	say("fifo: %s", outcome(rename("fifo", path("b", "fifo"))));
	show(path("b", "fifo"));
	say("hard link over there: %s", outcome(link("dir", other)));
	say("of a link: %s", outcome(link(sub, "link2")));
	say("followed: %s", outcome(linkat(AT, "link", AT, path("b", "followed"), AT_SYMLINK_FOLLOW)));
	say("of a directory: %s", outcome(link("moved", path("b", "d"))));
	show(other);
	say("rename of two names of one file: %s", outcome(rename("dir", other)));
	show("dir");
	show(other);
	say("whiteout: %s", outcome(move("dir", "whiteout", RENAME_WHITEOUT)));
	say("unlink: %s", outcome(unlink(other)));
	say("rmdir of what is not empty: %s", outcome(rmdir("moved")));
	say("rmdir: %s", outcome(rmdir("moved/sub")));
	say("the directory itself: %s", outcome(rename("moved/..", "x")));
	say("the allowed one: %s", outcome(rmdir(path("a", "."))));
}

// Many files move to and fro, and arrive whole.
static void shuttle(void) {
	char here[40], there[40];
	int there_fd = MUST(open(path("b", ""), O_RDONLY | O_DIRECTORY));
	for (int i = 0; i < 100; i++) {
		snprintf(here, sizeof here, "s%d", i);
		snprintf(there, sizeof there, "t%d", i);
		put(here, here);
		MUST(renameat(AT, here, there_fd, there));
		MUST(linkat(there_fd, there, AT, here, 0));
		MUST(unlinkat(there_fd, there, 0));
		if (strcmp(get(here), here))
			say("%s holds %s", here, get(here));
	}
	DIR *d = opendir(".");
	int n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	say("%d names", n);
}

// A file without a name gets one.
static void nameless(void) {
	char self[40];
	int fd = MUST(open(".", O_TMPFILE | O_RDWR, 0640)), none = MUST(open(".", O_TMPFILE | O_RDWR | O_EXCL, 0640));
	TRUE(write(fd, "nameless", 8) == 8);
	MUST(fchmod(fd, 0604));
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	say("not followed: %s", outcome(linkat(AT, self, AT, "named", 0)));
	say("followed: %s", outcome(linkat(AT, self, AT, "named", AT_SYMLINK_FOLLOW)));
	say("again: %s", outcome(linkat(AT, self, AT, "named", AT_SYMLINK_FOLLOW)));
	say("over there: %s", outcome(linkat(AT, self, AT, path("b", "named"), AT_SYMLINK_FOLLOW)));
	say("empty path: %s", outcome(linkat(fd, "", AT, "empty", AT_EMPTY_PATH)));
	show("named");
	say("%s", get("named"));
	snprintf(self, sizeof self, "/proc/self/fd/%d", none);
	say("exclusive: %s", outcome(linkat(AT, self, AT, "exclusive", AT_SYMLINK_FOLLOW)));
	say("by its number: %s", outcome(linkat(AT, "/proc/thread-self/fd/99", AT, "x", AT_SYMLINK_FOLLOW)));
	int gone = MUST(open("gone", O_CREAT | O_RDWR, 0600));
	MUST(unlink("gone"));
	snprintf(self, sizeof self, "/proc/self/fd/%d", gone);
	say("deleted: %s", outcome(linkat(AT, self, AT, "again", AT_SYMLINK_FOLLOW)));
	say("opened again: %s", outcome(open(self, O_RDWR)));
	say("opened to create: %s", outcome(open(self, O_RDWR | O_CREAT, 0600)));
	say("truncated: %s", outcome(truncate(self, 10)));
	say("chmod: %s", outcome(chmod(self, 0700)));
	struct stat s;
	MUST(fstat(gone, &s));
	say("mode %o links %d size %d", s.st_mode, (int)s.st_nlink, (int)s.st_size);
}

// Each of a process that works in a directory that is gone.
static void gone_directory(void) {
	MUST(mkdir("dir", 0755));
	MUST(chdir("dir"));
	int fd = MUST(open(".", O_RDONLY));
	MUST(rmdir("../dir"));
	say("open: %s", outcome(open("x", O_CREAT | O_WRONLY, 0644)));
	say("mkdir: %s", outcome(mkdir("x", 0755)));
	say("mkdirat: %s", outcome(mkdirat(fd, "x", 0755)));
	say("unlink: %s", outcome(unlink("x")));
	say("rename: %s", outcome(rename("x", "y")));
	say("symlink: %s", outcome(symlink("x", "y")));
	say("tmpfile: %s", outcome(open(".", O_TMPFILE | O_RDWR, 0600)));
	say("chmod: %s", outcome(chmod(".", 0700)));
	say("fchmod: %s", outcome(fchmod(fd, 0711)));
	say("up and in: %s", outcome(open("../x", O_CREAT | O_WRONLY, 0644)));
	char text[PATH_MAX];
	say("getcwd: %s", getcwd(text, sizeof text) ? text : outcome(-1));
	say("by its whole name: %s", outcome(mkdir(path("a", "dir"), 0755)));
	MUST(chdir(".."));
	show("dir");
}

enum { levels = 45 }; // of 200 bytes: more than twice PATH_MAX
static char level[201];

// visit_all counts what is below the working directory.
static int visit_all(void) {
	char *const start[] = {".", NULL};
	int n = 0;
	FTS *walk = fts_open(start, FTS_PHYSICAL, NULL);
	for (FTSENT *e; (e = fts_read(walk));)
		n += e->fts_info == FTS_D || e->fts_info == FTS_F || e->fts_info == FTS_SL;
	fts_close(walk);
	return n;
}

// Directories deeper than any path can say are made, used and removed by steps.
static void deep(void) {
	memset(level, 'd', sizeof level - 1);
	int fd = MUST(open(".", O_RDONLY | O_DIRECTORY));
	for (int i = 0; i < levels; i++) { // by descriptors
		MUST(mkdirat(fd, level, 0755));
		int next = MUST(openat(fd, level, O_RDONLY | O_DIRECTORY));
		close(fd);
		fd = next;
	}
	MUST(fchdir(fd));
	put("file", "deep");
	say("%s", get("file"));
	say("rename: %s", outcome(rename("file", "moved")));
	say("link: %s", outcome(link("moved", "../up")));
	say("symlink: %s", outcome(symlink("moved", "link")));
	say("chmod: %s", outcome(chmod("link", 0600)));
	say("chmod of a link: %s", outcome(syscall(SYS_fchmodat, AT, "link", 0640)));
	say("utimes: %s", outcome(utimensat(AT, "moved", NULL, 0)));
	say("xattr: %s", outcome(setxattr("moved", "user.a", "v", 1, 0)));
	say("truncate: %s", outcome(truncate("moved", 2)));
	say("tmpfile: %s", outcome(open(".", O_TMPFILE | O_RDWR, 0600)));
	say("mkfifo: %s", outcome(mkfifo("fifo", 0600)));
	say("to the top: %s", outcome(rename("fifo", path("b", "fifo"))));
	int link_fd = MUST(open("../up", O_RDWR));
	TRUE(write(link_fd, "x", 1) == 1);
	say("fchmod of a directory: %s", outcome(fchmod(fd, 0711)));
	show("moved");
	char text[PATH_MAX];
	say("getcwd: %s", getcwd(text, sizeof text) ? "ok" : outcome(-1));
	MUST(chdir(root));
	MUST(chdir("a"));
	say("%d visited", visit_all());
	MUST(chdir(root)), MUST(chdir("a"));
	for (int i = 0; i < levels; i++) // by the working directory
		MUST(chdir(level));
	MUST(unlink("moved")), MUST(unlink("link")), MUST(unlink("../up"));
	for (int i = 0; i < levels; i++) {
		MUST(chdir(".."));
		MUST(rmdir(level));
	}
	say("empty again: %s", outcome(rmdir(path("a", level))));
}

// The order in which a directory lists names does not matter; which it lists does.
static void listing(void) {
	char name[40];
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "n%d", i);
		close(MUST(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644)));
	}
	DIR *d = opendir(".");
	int sum = 0, n = 0;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] == 'n') { // each is removed while the directory is read
			sum += atoi(e->d_name + 1);
			n++;
			MUST(unlink(e->d_name));
		}
	rewinddir(d);
	int left = 0;
	while (readdir(d))
		left++;
	closedir(d);
	say("%d names, sum %d, left %d", n, sum, left);
}

#define X(f) {#f, f}
const struct control files_controls[] = {
	X(moves), X(shuttle), X(nameless), X(gone_directory), X(deep), X(listing),
	{NULL, NULL},
};
