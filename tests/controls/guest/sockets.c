// AF_UNIX sockets, with names in the directory and without; and wrong arguments.
#include "guest.h"

static struct sockaddr_un un(const char *name) {
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "%s", name);
	return a;
}

static int bound(int type, const char *name) {
	struct sockaddr_un a = un(name);
	int s = MUST(socket(AF_UNIX, type, 0));
	MUST(bind(s, (struct sockaddr *)&a, sizeof a));
	return s;
}

static long connect_to(int s, const char *name) {
	struct sockaddr_un a = un(name);
	return connect(s, (struct sockaddr *)&a, sizeof a);
}

static void names(const char *what, int s) {
	struct sockaddr_un a = {0};
	socklen_t n = sizeof a;
	say("%s: %s, %d bytes, %s", what, outcome(getsockname(s, (struct sockaddr *)&a, &n)), (int)n, n > 2 ? a.sun_path : "no name");
	n = sizeof a;
	memset(&a, 0, sizeof a);
	int r = getpeername(s, (struct sockaddr *)&a, &n);
	say("  peer: %s, %s", outcome(r), r == 0 && n > 2 ? a.sun_path : "no name");
}

static void asks(void) {
	char text[20] = "";
	int s = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(connect_to(s, "sock"));
	TRUE(write(s, "question", 8) == 8);
	MUST(shutdown(s, SHUT_WR));
	TRUE(read(s, text, sizeof text) == 6);
	say("client: %s", text);
}

static void streams(void) {
	int s = bound(SOCK_STREAM, "sock");
	int early = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	say("nobody listens: %s", outcome(connect_to(early, "sock")));
	MUST(listen(s, 3));
	pid_t pid = child(asks);
	int c = MUST(accept4(s, NULL, NULL, SOCK_CLOEXEC));
	struct ucred peer;
	socklen_t n = sizeof peer;
	MUST(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &peer, &n));
	say("from my user %d %d", peer.uid == getuid(), peer.gid == getgid());
	char text[20] = "";
	TRUE(read(c, text, sizeof text) == 8);
	say("server: %s, end %zd", text, read(c, text, sizeof text));
	TRUE(write(c, "answer", 6) == 6);
	close(c);
	ended("client", pid);
	names("listening", s);
	struct sockaddr_un a = un("sock");
	say("name in use: %s", outcome(bind(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&a, sizeof a)));
	say("another name: %s", outcome(bind(s, (struct sockaddr *)&a, sizeof a)));
	MUST(rename("sock", "moved"));
	say("by its old name: %s", outcome(connect_to(early, "sock")));
	say("by its new one: %s", outcome(connect_to(early, "moved")));
	say("connected: %s", outcome(connect_to(early, "moved")));
	MUST(symlink("moved", "link"));
	say("through a link: %s", outcome(connect_to(MUST(socket(AF_UNIX, SOCK_STREAM, 0)), "link")));
	say("wrong type: %s", outcome(connect_to(MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), "moved")));
	int impatient = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)), tries = 0;
	while (connect_to(impatient, "moved") == 0 && tries++ < 20)
		impatient = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	say("queue is full after %d: %s", tries, outcome(-1));
}

static volatile sig_atomic_t ticks;
static void on_tick(int sig) {
	(void)sig;
	ticks++;
}

static int full(void) { // a socket whose queue is full
	int s = bound(SOCK_STREAM, "full");
	MUST(listen(s, 1));
	while (connect_to(MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)), "full") == 0)
		;
	return s;
}

static void waits_for_queue(void) {
	struct timespec used;
	int c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	MUST(connect_to(c, "full")); // waits
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	say("connected in the end");
	if (used.tv_sec > 0 || used.tv_nsec > 50000000)
		say("it did not wait but tried again and again");
}

// A connection waits for a place in a queue that is full.
static void waiting_connection(void) {
	struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
	int s = full(), c = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	handle(SIGALRM, on_tick, 0);
	MUST(setitimer(ITIMER_REAL, &often, NULL));
	say("interrupted: %s", outcome(connect_to(c, "full")));
	MUST(setitimer(ITIMER_REAL, &never, NULL));
	pid_t pid = child(waits_for_queue);
	usleep(200000); // long enough to see whether it tries all the time
	MUST(accept(s, NULL, NULL));
	ended("waiter", pid);
}

static void datagrams(void) {
	int a = bound(SOCK_DGRAM, "first"), b = bound(SOCK_DGRAM, path("b", "second"));
	struct sockaddr_un to = un(path("b", "second")), from = {0};
	socklen_t n = sizeof from;
	char text[20] = "";
	say("sendto: %zd", sendto(a, "hello", 5, 0, (struct sockaddr *)&to, sizeof to));
	TRUE(recvfrom(b, text, sizeof text, 0, (struct sockaddr *)&from, &n) == 5);
	say("%s from %s", text, from.sun_path);
	struct iovec iov = {"again", 5};
	struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &iov, .msg_iovlen = 1};
	say("sendmsg: %zd", sendmsg(a, &m, 0));
	struct mmsghdr two[2] = {{.msg_hdr = m}, {.msg_hdr = m}};
	say("sendmmsg: %d", sendmmsg(a, two, 2, 0));
	MUST(connect_to(a, path("b", "second")));
	say("connected: %zd", send(a, "sent", 4, 0));
	struct mmsghdr got[5] = {0};
	char texts[5][10];
	struct iovec parts[5];
	for (int i = 0; i < 5; i++) {
		parts[i] = (struct iovec){texts[i], 10};
		got[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	say("recvmmsg: %d", recvmmsg(b, got, 5, MSG_DONTWAIT, NULL));
	say("dissolved: %s", outcome(connect(a, (struct sockaddr *)&(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr))));
	say("no destination: %s", outcome(send(a, "x", 1, 0)));
	MUST(unlink("first"));
	say("gone: %s", outcome(sendto(b, "x", 1, 0, (struct sockaddr *)&(struct sockaddr_un){AF_UNIX, "first"}, sizeof to)));
	int packets = bound(SOCK_SEQPACKET, "packets");
	MUST(listen(packets, 1));
	int c = MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	MUST(connect_to(c, "packets"));
	int d = MUST(accept(packets, NULL, NULL));
	TRUE(send(c, "one", 3, MSG_EOR) == 3 && send(c, "two", 3, 0) == 3);
	say("packets %zd %zd", recv(d, text, 20, 0), recv(d, text, 2, MSG_TRUNC));
	names("datagrams", b);
}

static union {
	struct cmsghdr align;
	char bytes[200];
} control;

static void add(struct msghdr *m, int type, const void *data, size_t n) {
	struct cmsghdr *c = m->msg_controllen ? (void *)(control.bytes + m->msg_controllen) : &control.align;
	m->msg_control = &control;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
	m->msg_controllen += CMSG_SPACE(n);
}

// Descriptors and credentials travel with messages.
static void passed_along(void) {
	int pair[2], fds[2] = {MUST(open("file", O_CREAT | O_RDWR, 0600)), MUST(open(path("b", ""), O_RDONLY))}, on = 1;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	struct ucred mine = {getpid(), getuid(), getgid()};
	struct iovec iov = {"x", 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	add(&m, SCM_RIGHTS, fds, sizeof fds);
	add(&m, SCM_CREDENTIALS, &mine, sizeof mine);
	say("sent: %zd", sendmsg(pair[0], &m, 0));
	memset(&control, 0, sizeof control);
	m.msg_controllen = sizeof control;
	say("received: %zd", recvmsg(pair[1], &m, MSG_CMSG_CLOEXEC));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_type == SCM_RIGHTS) {
			memcpy(fds, CMSG_DATA(c), sizeof fds);
			say("write: %zd, chmod: %s, make there: %s", write(fds[0], "passed", 6), outcome(fchmod(fds[0], 0640)),
				outcome(mkdirat(fds[1], "made", 0700)));
		} else {
			struct ucred *his = (void *)CMSG_DATA(c);
			say("from me %d", his->pid == getpid() && his->uid == getuid());
		}
	}
	say("%s", get("file"));
	mine.pid = getppid();
	m = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1};
	add(&m, SCM_CREDENTIALS, &mine, sizeof mine);
	ssize_t lie = sendmsg(pair[0], &m, 0);
	say("for another process: %s", getuid() == 0 || lie >= 0 ? "may be" : outcome(lie));
}

// Names of every length, and arguments that are wrong.
static void wrong_names(void) {
	struct sockaddr_un a;
	static const int lengths[] = {-1, 0, 1, 2, 3, 10, 108, 109, 110, 111, 128, 129, 1000};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		int s = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), d = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
		a.sun_family = AF_UNIX;
		memset(a.sun_path, 'n', sizeof a.sun_path);
		say("%d bytes", lengths[i]);
		say("  bind: %s", outcome(bind(s, (struct sockaddr *)&a, lengths[i])));
		if (lengths[i] != 2)
			names("  bound", s);
		say("  connect: %s", outcome(connect(s, (struct sockaddr *)&a, lengths[i])));
		say("  sendto: %s", outcome(sendto(d, "x", 1, 0, (struct sockaddr *)&a, lengths[i])));
		say("  connect of datagrams: %s", outcome(connect(d, (struct sockaddr *)&a, lengths[i])));
		struct iovec iov = {"x", 1};
		struct msghdr m = {.msg_name = &a, .msg_namelen = lengths[i], .msg_iov = &iov, .msg_iovlen = 1};
		say("  sendmsg: %s", outcome(sendmsg(d, &m, 0)));
		close(s), close(d);
	}
	static const char *const list[] = {"none", "none/x", "file", "file/x", "dir", "loop", "", "dangling"};
	put("file", "x");
	MUST(mkdir("dir", 0700));
	MUST(symlink("loop", "loop"));
	MUST(symlink("nowhere", "dangling"));
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		int s = MUST(socket(AF_UNIX, SOCK_STREAM, 0)), d = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
		a = un(list[i]);
		if (*list[i]) { // else an abstract name
			say("connect %s: %s", list[i], outcome(connect_to(s, list[i])));
			say("sendto %s: %s", list[i], outcome(sendto(d, "x", 1, 0, (struct sockaddr *)&a, sizeof a)));
			say("bind %s: %s", list[i], outcome(bind(s, (struct sockaddr *)&a, sizeof a)));
		}
		close(s), close(d);
	}
}

static void wrong_arguments(void) {
	struct sockaddr_un a = un("none");
	int pair[2], file = MUST(open("file", O_CREAT | O_RDWR, 0600)), at = MUST(open("file", O_PATH));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	const struct {
		const char *name;
		int fd;
	} list[] = {{"-1", -1}, {"99", 99}, {"a file", file}, {"O_PATH", at}, {"a pair", pair[0]}};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		int fd = list[i].fd;
		say("%s", list[i].name);
		say("  connect: %s", outcome(connect(fd, (struct sockaddr *)&a, sizeof a)));
		say("  bad address: %s", outcome(connect(fd, (void *)1, sizeof a)));
		say("  too long: %s", outcome(connect(fd, (struct sockaddr *)&a, 1000)));
		say("  bind: %s", outcome(bind(fd, (void *)1, sizeof a)));
		say("  bind, too long: %s", outcome(bind(fd, (struct sockaddr *)&a, 1000)));
		if (fd != pair[0]) // could be an internet socket in disguise
			say("  listen: %s", outcome(listen(fd, 1)));
		say("  accept: %s", outcome(accept(fd, NULL, NULL)));
		say("  sendto: %s", outcome(sendto(fd, "x", 1, MSG_NOSIGNAL, (void *)1, sizeof a)));
		say("  sendto, bad data: %s", outcome(sendto(fd, (void *)1, 1, MSG_NOSIGNAL, NULL, 0)));
		say("  sendmsg: %s", outcome(sendmsg(fd, (void *)1, MSG_NOSIGNAL)));
		struct msghdr m = {.msg_iov = (void *)1, .msg_iovlen = 1};
		say("  bad vector: %s", outcome(sendmsg(fd, &m, MSG_NOSIGNAL)));
		say("  sendmmsg: %s", outcome(sendmmsg(fd, (void *)1, 1, MSG_NOSIGNAL)));
		say("  none: %s", outcome(sendmmsg(fd, (void *)1, 0, MSG_NOSIGNAL)));
		say("  option: %s", outcome(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, 4)));
		say("  bad option: %s", outcome(setsockopt(fd, SOL_SOCKET, 9999, &(int){1}, 4)));
	}
	say("no such type: %s", outcome(socket(AF_UNIX, 9, 0)));
	say("no such protocol: %s", outcome(socket(AF_UNIX, SOCK_STREAM, 99)));
	say("bad pair: %s", outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, (void *)1)));
	say("no family: %s", outcome(socketpair(AF_UNSPEC, SOCK_STREAM, 0, pair)));
}

#define X(f) {#f, f}
const struct control sockets_controls[] = {
	X(streams), X(waiting_connection), X(datagrams), X(passed_along), X(wrong_names), X(wrong_arguments),
	{NULL, NULL},
};
