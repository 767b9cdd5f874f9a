// Guest: carries out a script of operations and says what came of each. It is run as
//
//	guest CAPABILITIES [PROCESSES] <SCRIPT
//
// where the first argument is the set that it is about: none but these are changed
// or told, because not every root has all.
//
// The script has lines "seq NUMBER", each followed by the operations of one
// sequence. A sequence has a directory and a process of its own; when it has
// ended, the first process says what the directory holds.
#include "guest.h"
#include <sys/xattr.h>

char *program;
int turn;
uint64_t known;
static char *script, **lines;
static int count, current, next_op;

static void load(void) {
	size_t size = 0, room = 1 << 16;
	ssize_t n;
	script = malloc(room + 1);
	while (script && (n = pread(0, script + size, room - size, size)) > 0)
		if ((size += n) == room)
			script = realloc(script, (room *= 2) + 1);
	if (!script)
		exit(90);
	script[size] = 0;
	lines = calloc(size / 2 + 1, sizeof *lines);
	for (char *line = strtok(script, "\n"); line; line = strtok(NULL, "\n"))
		lines[count++] = line;
}

static const struct op *find(const char *name) {
	static const struct op *const all[] = {node_ops, owner_ops, xattr_ops, open_ops, ask_ops, id_ops, process_ops};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (const struct op *op = all[i]; op->name; op++)
			if (!strcmp(op->name, name))
				return op;
	printf("no operation %s\n", name);
	exit(91);
}

static void carry_out(const char *line) {
	char copy[4096], *arg[8] = {0};
	int n = 0;
	snprintf(copy, sizeof copy, "%s", line);
	char *name = strtok(copy, " ");
	const struct op *op = find(name);
	while (n < 7 && (arg[n] = strtok(NULL, " ")))
		n++;
	if ((size_t)n != strlen(op->args)) {
		printf("%s takes %zu arguments\n", line, strlen(op->args));
		exit(92);
	}
	printf("%s:", line);
	errno = 0;
	op->run(arg);
	printf("\n");
	for (int i = 0; i < n; i++)
		if (op->args[i] == 'p')
			see(arg[i]);
}

void go_on(int next) {
	for (int i = current + next; i < count && strncmp(lines[i], "seq ", 4); i++) {
		next_op = i + 1 - current;
		turn = i - current;
		carry_out(lines[i]);
	}
	fflush(stdout);
	_exit(0);
}

static void sequence(void) {
	char dir[32];
	int status;
	snprintf(dir, sizeof dir, "s%s", lines[current] + 4);
	printf("%s\n", lines[current]);
	if ((mkdir(dir, 0755) && errno != EEXIST) || chdir(dir))
		exit(93);
	int fd = open(".", O_PATH);
	dup2(fd, HOME);
	close(fd);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		go_on(1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(94);
	if (status)
		printf("ended with %#x\n", status);
	whole();
	if (chdir(".."))
		exit(95);
}

static char *mask_text(void) {
	static char text[32];
	snprintf(text, sizeof text, "%#llx", (unsigned long long)known);
	return text;
}

// A process of the sequence that executes the guest again goes on where it was.
static void again(char **arg) {
	(void)arg;
	char line[16], op[16];
	printf(" again\n");
	fflush(stdout);
	snprintf(line, sizeof line, "%d", current);
	snprintf(op, sizeof op, "%d", next_op);
	execl(program, program, mask_text(), line, op, NULL);
	report(-1);
}

// The rest of the sequence is a child's.
static void child(char **arg) {
	(void)arg;
	int status;
	printf(" a child\n");
	identity();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		return;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(96);
	_exit(WEXITSTATUS(status));
}

// launch executes a program in a child, which takes an id before if it is not -1, and
// says how it went.
static void launch(const char *path, char *const args[], uint32_t uid) {
	int status;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		if (uid == (uint32_t)-1 || !setresuid(uid, uid, uid))
			execv(path, args);
		report(-1);
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(97);
	printf(" ended with %#x", status);
}

// try PATH: what is there is no program, but may it be executed?
static void try_it(char **a) {
	char *const args[] = {a[0], NULL};
	launch(a[0], args, -1);
}

// copy makes a copy of the guest, ./program, and returns it open.
static int copy(void) {
	static char buffer[1 << 16];
	ssize_t n;
	int from = open(program, O_RDONLY), to = open("program", O_WRONLY | O_CREAT | O_TRUNC, 0777);
	while ((n = read(from, buffer, sizeof buffer)) > 0)
		if (write(to, buffer, n) != n)
			exit(98);
	close(from);
	return to;
}

static void execute_copy(uint32_t uid) {
	char *const args[] = {"./program", mask_text(), NULL};
	launch("./program", args, uid);
	report(unlink("program"));
}

// program MODE UID GID: executes a copy of the guest of this mode and owner
static void own_program(char **a) {
	int fd = copy();
	report(fchown(fd, id(a[1]), id(a[2])));
	report(fchmod(fd, number(a[0])));
	close(fd);
	execute_copy(-1);
}

// endowed CAPABILITIES UID: a user executes a copy that has capabilities
static void endowed_program(char **a) {
	unsigned char value[64];
	size_t size = bytes(a[0], value, sizeof value);
	int fd = copy();
	report(fsetxattr(fd, "security.capability", value, size, 0));
	close(fd);
	execute_copy(id(a[1]));
}

const struct op process_ops[] = {{"exec", "", again}, {"fork", "", child}, {"try", ".", try_it}, {"program", "...", own_program},
	{"endowed", "..", endowed_program}, {0}};

// run carries out the sequences from line from on, up to line to.
static void run(int from, int to) {
	for (current = from; current < to; current++)
		if (!strncmp(lines[current], "seq ", 4))
			sequence();
}

// cut returns the line of a sequence at which part number i of n begins.
static int cut(int i, int n) {
	int at = count * i / n;
	while (at < count && strncmp(lines[at], "seq ", 4))
		at++;
	return at;
}

// together lets several processes share the sequences, at the same time. What each
// has to say waits in a file.
static void together(int n) {
	char name[32], text[1 << 16];
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "said%d", i);
		int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 20 + i);
		close(fd);
		fflush(stdout);
		if (fork() == 0) {
			dup2(20 + i, 1);
			run(cut(i, n), cut(i + 1, n));
			fflush(stdout);
			_exit(0);
		}
	}
	for (int status; wait(&status) > 0;)
		if (status)
			exit(99);
	for (int i = 0; i < n; i++) {
		ssize_t size, at = 0;
		while ((size = pread(20 + i, text, sizeof text, at)) > 0) {
			fwrite(text, 1, size, stdout);
			at += size;
		}
	}
}

int main(int argc, char **argv) {
	program = argv[0];
	if (argc < 2)
		return 3;
	known = number(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0); // nothing is lost if the run breaks off
	if (!strcmp(argv[0], "./program")) {
		printf("\n");
		identity();
		return 0;
	}
	load();
	if (argc == 4) {
		current = atoi(argv[2]);
		identity();
		go_on(atoi(argv[3]));
	}
	umask(022);
	for (int fd = 3; fd < 64; fd++) // what came with the start
		close(fd);
	if (argc == 3)
		together(atoi(argv[2]));
	else
		run(0, count);
	printf("done\n");
	return 0;
}
