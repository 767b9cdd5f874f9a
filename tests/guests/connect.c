// Connections to a named socket: by threads that must wait for a full queue, to what
// is not there, and what the other side learns. Usage: connect PATH
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un un = {AF_UNIX, ""};

static int try(int s) { return connect(s, (struct sockaddr *)&un, sizeof un) == 0 ? 0 : errno; }

static void *waiting(void *arg) {
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	*(int *)arg = try(s);
	if (fcntl(s, F_GETFL) & O_NONBLOCK)
		*(int *)arg = -1;
	close(s);
	return NULL;
}

static void take(int server) {
	int s = accept(server, NULL, NULL);
	struct ucred c;
	socklen_t n = sizeof c;
	if (getsockopt(s, SOL_SOCKET, SO_PEERCRED, &c, &n) != 0 || c.uid != geteuid() || c.gid != getegid())
		printf("peer %d:%d\n", c.uid, c.gid);
	close(s);
}

int main(int argc, char **argv) {
	int server = socket(AF_UNIX, SOCK_STREAM, 0), again = 0, failed = 0;
	if (argc != 2 || strlen(argv[1]) >= sizeof un.sun_path)
		return 2;
	strcpy(un.sun_path, argv[1]);
	printf("missing %d\n", try(socket(AF_UNIX, SOCK_STREAM, 0)));
	if (bind(server, (struct sockaddr *)&un, sizeof un) != 0)
		return 3;
	printf("not listening %d\n", try(socket(AF_UNIX, SOCK_STREAM, 0)));
	printf("another type %d\n", try(socket(AF_UNIX, SOCK_DGRAM, 0)));
	listen(server, 0);
	for (int i = 0; i < 100; i++) {
		pthread_t id;
		int result = -2, first = socket(AF_UNIX, SOCK_STREAM, 0), second = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		failed += try(first) != 0;
		again += try(second) == EAGAIN; // the queue is full
		pthread_create(&id, NULL, waiting, &result);
		take(server);
		take(server);
		pthread_join(id, NULL);
		failed += result != 0;
		close(first);
		close(second);
	}
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	printf("failed %d, again %d, connected %d, ", failed, again, try(s));
	take(server);
	printf("twice %d, no descriptor %d\n", try(s), try(99));
	chmod(argv[1], 0);
	printf("mode 0: %s\n", geteuid() == 0 || try(socket(AF_UNIX, SOCK_STREAM, 0)) == EACCES ? "right" : "wrong");
	return 0;
}
