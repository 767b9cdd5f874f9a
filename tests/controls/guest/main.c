// Guest: honest programs in small, by name. It is run as
//
//	guest NAME ROOT
//
// or without arguments to list them. It ends with the line "done".
#include "guest.h"
#include <stdarg.h>

char root[256];

char *path(const char *dir, const char *name) {
	static char buffers[16][512];
	static int next;
	char *b = buffers[next++ % 16];
	snprintf(b, sizeof buffers[0], "%s/%s%s%s", root, dir, *name ? "/" : "", name);
	return b;
}

void say(const char *format, ...) {
	char line[1024];
	va_list args;
	int e = errno;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line - 1, format, args);
	va_end(args);
	if (n > (int)sizeof line - 2)
		n = sizeof line - 2;
	line[n++] = '\n';
	if (write(1, line, n) != n)
		_exit(90);
	errno = e;
}

const char *outcome(long result) {
	if (result != -1)
		return "ok";
	const char *name = strerrorname_np(errno);
	return name ? name : "an unknown error";
}

long must(const char *what, long result) {
	if (result == -1)
		lost(what);
	return result;
}

void lost(const char *what) {
	say("LOST: %s (errno is %s)", what, outcome(-1));
	_exit(91);
}

pid_t child(void (*f)(void)) {
	pid_t pid = MUST(fork());
	if (pid == 0) {
		f();
		_exit(0);
	}
	return pid;
}

const char *spell(int status) {
	static char buffers[4][64];
	static int next;
	char *b = buffers[next++ % 4];
	if (WIFEXITED(status))
		snprintf(b, sizeof buffers[0], "exit %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(b, sizeof buffers[0], "signal %d", WTERMSIG(status));
	else if (WIFSTOPPED(status))
		snprintf(b, sizeof buffers[0], "stop %d", WSTOPSIG(status));
	else
		snprintf(b, sizeof buffers[0], "status %#x", status);
	return b;
}

void ended(const char *what, pid_t pid) {
	int status = 0;
	pid_t got;
	while ((got = waitpid(pid, &status, __WALL)) < 0 && errno == EINTR)
		;
	MUST(got);
	say("%s: %s", what, spell(status));
}

void handle(int sig, void (*f)(int), int flags) {
	struct sigaction a = {.sa_handler = f, .sa_flags = flags};
	MUST(sigaction(sig, &a, NULL));
}

void handle_info(int sig, void (*f)(int, siginfo_t *, void *), int flags) {
	struct sigaction a = {.sa_sigaction = f, .sa_flags = flags | SA_SIGINFO};
	MUST(sigaction(sig, &a, NULL));
}

void tell(int fd) { TRUE(write(fd, "t", 1) == 1); }

void hear(int fd) {
	char c;
	ssize_t n;
	while ((n = read(fd, &c, 1)) < 0 && errno == EINTR)
		;
	TRUE(n == 1);
}

void put(const char *name, const char *text) {
	int fd = MUST(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644));
	TRUE(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

const char *get(const char *name) {
	static char buffers[4][201];
	static int next;
	char *b = buffers[next++ % 4];
	int fd = MUST(open(name, O_RDONLY));
	b[MUST(read(fd, b, sizeof buffers[0] - 1))] = 0;
	close(fd);
	return b;
}

// The groups of controls, by the names of their files.
static const struct {
	const char *name;
	const struct control *controls;
} groups[] = {
	{"walk", walk_controls}, {"meta", meta_controls}, {"files", files_controls}, {"data", data_controls},
	{"locks", locks_controls}, {"watch", watch_controls}, {"fifo", fifo_controls}, {"signals", signals_controls},
	{"faults", faults_controls}, {"waits", waits_controls}, {"family", family_controls}, {"storms", storms_controls},
	{"filters", filters_controls}, {"ipc", ipc_controls}, {"sockets", sockets_controls}, {"futexes", futexes_controls},
	{"exec", exec_controls}, {"parts", storm_parts}, {"parts", exec_parts},
};

int main(int argc, char **argv) {
	int found = 0;
	umask(022);
	if (argc >= 3)
		snprintf(root, sizeof root, "%s", argv[2]);
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		for (const struct control *c = groups[i].controls; c->name; c++)
			if (argc == 1) {
				printf("%s %s\n", groups[i].name, c->name);
				found = 1;
			} else if (!strcmp(c->name, argv[1])) {
				found = 1;
				c->run();
			}
	if (!found)
		return 3;
	fflush(stdout);
	if (argc > 1)
		say("done");
	return 0;
}
