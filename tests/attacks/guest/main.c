// Guest: attacks on a confinement, by name. It is run as
//
//	guest NAME ROOT VICTIM PORT WORDS...
//
// or without arguments to list them. It ends with the line "done" when the attack has been tried to its end. What
// came of it is judged from outside.
#include "guest.h"

char root[256];
int victim, port;
char **words;

static char *path(const char *dir, const char *name) {
	static char buffers[16][512];
	static int next;
	char *b = buffers[next++ % 16];
	snprintf(b, sizeof buffers[0], "%s/%s%s%s", root, dir, *name ? "/" : "", name);
	return b;
}

char *A(const char *name) { return path("a", name); }
char *F(const char *name) { return path("f", name); }

static void *call(void *arg) {
	(*(void (**)(void))arg)();
	return NULL;
}

void in_thread(void (*f)(void)) {
	pthread_t id;
	if (pthread_create(&id, NULL, call, &f) != 0)
		abort();
	pthread_join(id, NULL);
}

void in_child(void (*f)(void)) {
	pid_t child = fork();
	if (child == 0) {
		f();
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static int try(const struct attack *list, const char *name) {
	for (; list->name; list++)
		if (!strcmp(list->name, name)) {
			list->run();
			return 1;
		}
	return 0;
}

// The groups of attacks, by the names of their files.
static const struct {
	const char *name;
	const struct attack *attacks;
} groups[] = {
	{"files", files_attacks}, {"meta", meta_attacks}, {"links", links_attacks}, {"fds", fds_attacks},
	{"abi", abi_attacks}, {"threads", threads_attacks}, {"outside", outside_attacks}, {"system", system_attacks},
	{"net", net_attacks}, {"victim", victim_attacks}, {"races", races_attacks},
	{"races_memory", races_memory_attacks}, {"races_objects", races_objects_attacks}, {"races_fds", races_fds_attacks},
	{"races_net", races_net_attacks},
};

int main(int argc, char **argv) {
	int found = 0;
	umask(022);
	alarm(120); // should the test be killed, nothing of it goes on
	if (argc >= 5) {
		snprintf(root, sizeof root, "%s", argv[2]);
		victim = atoi(argv[3]);
		port = atoi(argv[4]);
		words = argv + 5;
	}
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
		if (argc == 1) {
			for (const struct attack *a = groups[i].attacks; a->name; a++)
				printf("%s %s\n", groups[i].name, a->name);
			found = 1;
		} else {
			found |= try(groups[i].attacks, argv[1]);
		}
	if (!found)
		return 3;
	if (argc > 1 && write(1, "done\n", 5) != 5)
		return 4;
	return 0;
}
