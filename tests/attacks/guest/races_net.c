// Races for addresses: one that is harmless by turns with one of a listener of the
// test.
#include "races.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>

// Two addresses, of eight bytes that change at once.
static union {
	struct sockaddr_in in;
	volatile uint64_t word;
} to, two_to[2];
static struct iovec iov = {"x", 1};
static struct mmsghdr messages[2];

static int nonblocking(int family, int type) { return socket(family, type | SOCK_NONBLOCK, 0); }
static void flip_address(int side) { to.word = two_to[side].word; }
static void address(int side, int family, const char *ip, int p) {
	two_to[side].in.sin_family = family;
	two_to[side].in.sin_port = htons(p);
	inet_pton(AF_INET, ip, &two_to[side].in.sin_addr);
	to.word = two_to[0].word;
}
static int connected(int s) {
	struct sockaddr_storage a;
	socklen_t n = sizeof a;
	return getpeername(s, (struct sockaddr *)&a, &n) == 0;
}
static int tcp_try(long n) {
	int s = nonblocking(AF_INET, SOCK_STREAM), won;
	connect(s, (struct sockaddr *)&to.in, sizeof to.in);
	won = connected(s);
	return close(s), won;
}
static int udp; // socket
static int sendto_try(long n) { return sendto(udp, "x", 1, 0, (struct sockaddr *)&to.in, sizeof to.in) == 1; }
static int sendmsg_try(long n) { return sendmsg(udp, &messages[0].msg_hdr, 0) == 1; }
static int sendmmsg_try(long n) { return sendmmsg(udp, messages, 1, 0) == 1; }
static void message(int i, void *name, socklen_t len) {
	messages[i].msg_hdr.msg_iov = &iov;
	messages[i].msg_hdr.msg_iovlen = 1;
	messages[i].msg_hdr.msg_name = name;
	messages[i].msg_hdr.msg_namelen = len;
}

// To connect to AF_UNSPEC is to disconnect; a netlink address is refused by the
// kernel itself; without a name there is no destination.
static void tcp_connect_race(void) {
	address(0, AF_UNSPEC, "127.0.0.1", port);
	address(1, AF_INET, "127.0.0.1", port);
	race(THREAD, flip_address, tcp_try);
}
static void to_netlink(call c) {
	udp = nonblocking(AF_INET, SOCK_DGRAM);
	address(0, AF_NETLINK, "127.0.0.1", port);
	address(1, AF_INET, "127.0.0.1", port);
	message(0, &to, sizeof to.in);
	race(THREAD, flip_address, c);
}
static void udp_sendto_race(void) { to_netlink(sendto_try); }
static void udp_sendmsg_race(void) { to_netlink(sendmsg_try); }
static void flip_message(int side) { *(void *volatile *)&messages[0].msg_hdr.msg_name = side ? &to : NULL; }
static void flip_length(int side) { *(volatile socklen_t *)&messages[0].msg_hdr.msg_namelen = side ? sizeof to.in : 0; }
static void to_nobody(flip f, call c) {
	udp = nonblocking(AF_INET, SOCK_DGRAM);
	address(0, AF_INET, "127.0.0.1", port);
	message(0, &to, sizeof to.in);
	race(THREAD, f, c);
}
static void msghdr_sendmsg(void) { to_nobody(flip_message, sendmsg_try); }
static void msghdr_length(void) { to_nobody(flip_length, sendmsg_try); }
static void msghdr_sendmmsg(void) { to_nobody(flip_message, sendmmsg_try); }
// in_table looks whether a socket is in a table of the kernel, in a state.
static int in_table(const char *protocol, const char *state, int s) {
	char line[512], inode[32];
	struct stat st;
	int found = 0;
	snprintf(line, sizeof line, "/proc/net/%s", protocol);
	FILE *table = fopen(line, "r");
	fstat(s, &st);
	snprintf(inode, sizeof inode, " %lu ", (unsigned long)st.st_ino);
	while (table && fgets(line, sizeof line, table))
		found |= strstr(line, state) && strstr(line, inode);
	if (table)
		fclose(table);
	return found;
}
static int bound;
static int bind_try(long n) {
	int s = nonblocking(AF_INET, SOCK_DGRAM);
	if (bind(s, (struct sockaddr *)&to.in, sizeof to.in) == 0)
		bound |= in_table("udp", " 07 ", s);
	return close(s), bound;
}
static void bind_race(void) {
	address(0, AF_NETLINK, "0.0.0.0", 0);
	address(1, AF_INET, "0.0.0.0", 0);
	race(THREAD, flip_address, bind_try);
	if (bound)
		dprintf(1, "success\n");
}

// Addresses of the loopback network are allowed in these, words[1] is another one
// of this machine. An address without a port is refused by the kernel.
static void to_host(call c) {
	udp = nonblocking(AF_INET, SOCK_DGRAM);
	address(0, AF_INET, "127.0.0.1", 0);
	address(1, AF_INET, words[1], port);
	message(0, &to, sizeof to.in);
	race(THREAD, flip_address, c);
}
static void host_connect(void) { to_host(tcp_try); }
static void host_sendto(void) { to_host(sendto_try); }
static void host_sendmsg(void) { to_host(sendmsg_try); }

// AF_UNIX: by a letter of the name, and by what lies behind it.
static struct sockaddr_un un = {AF_UNIX, ""};
static int pairs[2];
static int unix_try(long n) {
	int s = nonblocking(AF_UNIX, SOCK_STREAM), won = connect(s, (struct sockaddr *)&un, sizeof un) == 0;
	return close(s), won;
}
static int unix_sendto_try(long n) { return sendto(udp, "x", 1, 0, (struct sockaddr *)&un, sizeof un) == 1; }
static int unix_sendmmsg_try(long n) { // to the other end of the pair, then to the name
	char c;
	while (recv(pairs[1], &c, 1, MSG_DONTWAIT) == 1)
		;
	return sendmmsg(pairs[0], messages, 2, 0) == 2;
}
static void by_path(const char *file, call c) {
	udp = nonblocking(AF_UNIX, SOCK_DGRAM);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pairs) != 0)
		return cannot("socketpair");
	name = un.sun_path;
	point(file);
	message(0, NULL, 0);
	message(1, &un, sizeof un);
	race(THREAD, flip_name, c);
}
static void unix_connect(void) { by_path("stream", unix_try); }
static void unix_sendto(void) { by_path("dgram", unix_sendto_try); }
static void unix_sendmmsg(void) { by_path("dgram", unix_sendmmsg_try); }
static char there[300], here[300];
static void flip_socket(int side) { syscall(SYS_renameat2, AT_FDCWD, there, AT_FDCWD, here, RENAME_EXCHANGE); }
static void unix_exchange(void) {
	strcpy(there, A("s"));
	strcpy(here, A("t"));
	strcpy(un.sun_path, there);
	close(creat(there, 0644));
	if (symlink("../f/stream", here) != 0)
		return cannot("symlink");
	race(THREAD, flip_socket, unix_try);
}

// listen on a descriptor that is by turns a harmless socket.
static int two_sockets[2];
static void flip_listener(int side) { dup2(two_sockets[side], 100); }
static int listen_try(long n) {
	listen(100, 1);
	return n % 64 == 0 && in_table("tcp", " 0A ", two_sockets[1]);
}
static void dup2_listen(void) {
	two_sockets[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	two_sockets[1] = socket(AF_INET, SOCK_STREAM, 0);
	flip_listener(0);
	race(THREAD, flip_listener, listen_try);
	if (in_table("tcp", " 0A ", two_sockets[1]))
		dprintf(1, "success\n");
}

#if defined(__x86_64__)
// The arguments of socketcall(2) are in memory: a pointer to one of two addresses.
static uint32_t call_words[6];
static struct sockaddr none = {.sa_family = AF_UNSPEC};
static void flip_words(int side) {
	*(volatile uint32_t *)&call_words[1] = (uint32_t)(uintptr_t)(side ? (void *)&to : &none);
}
static int socketcall_try(long n) {
	long r = 102;
	int s = nonblocking(AF_INET, SOCK_STREAM), won;
	call_words[0] = s;
	call_words[2] = sizeof to.in;
	__asm__ volatile("int $0x80" : "+a"(r) : "b"(3), "c"(call_words) : "r8", "r9", "r10", "r11", "memory");
	won = connected(s);
	return close(s), won;
}
static void socketcall_connect(void) {
	address(0, AF_INET, "127.0.0.1", port);
	flip_words(0);
	race(THREAD, flip_words, socketcall_try);
}
#define ONLY64 X(socketcall_connect),
#else
#define ONLY64
#endif

#define X(f) {#f, f}
const struct attack races_net_attacks[] = {
	X(tcp_connect_race), X(udp_sendto_race), X(udp_sendmsg_race), X(msghdr_sendmsg), X(msghdr_length), X(msghdr_sendmmsg),
	X(bind_race), X(host_connect), X(host_sendto), X(host_sendmsg), X(unix_connect), X(unix_sendto), X(unix_sendmmsg),
	X(unix_exchange), X(dup2_listen), ONLY64 {NULL, NULL},
};
