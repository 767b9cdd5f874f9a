// Attacks on the network rules: each tries to reach the listeners of the test.
#include "guest.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>

static struct sockaddr_storage addr; // static, for int 0x80
static socklen_t len;

static struct sockaddr *v4(void) {
	struct sockaddr_in *in = (void *)&addr;
	memset(&addr, 0, sizeof addr);
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	len = sizeof *in;
	return (void *)in;
}
static struct sockaddr *v6(const char *text) {
	struct sockaddr_in6 *in = (void *)&addr;
	memset(&addr, 0, sizeof addr);
	in->sin6_family = AF_INET6;
	in->sin6_port = htons(port);
	inet_pton(AF_INET6, text, &in->sin6_addr);
	len = sizeof *in;
	return (void *)in;
}
static struct sockaddr *un(const char *path) {
	struct sockaddr_un *u = (void *)&addr;
	memset(&addr, 0, sizeof addr);
	u->sun_family = AF_UNIX;
	strcpy(u->sun_path, path);
	len = sizeof *u;
	return (void *)u;
}
static struct sockaddr *abstract(void) {
	struct sockaddr_un *u = (void *)&addr;
	un("");
	len = offsetof(struct sockaddr_un, sun_path) + 1 + sprintf(u->sun_path + 1, "%s", words[0]);
	return (void *)u;
}

// reach and put read len when the address has been made.
static int reach(int s, struct sockaddr *to) { return connect(s, to, len); }
static void put(int s, int flags, struct sockaddr *to) { sendto(s, "x", 1, flags, to, len); }
static int tcp(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static int udp(void) { return socket(AF_INET, SOCK_DGRAM, 0); }
static struct msghdr *message(struct sockaddr *to) {
	static struct iovec iov = {"x", 1};
	static struct mmsghdr m[2];
	memset(m, 0, sizeof m);
	for (int i = 0; i < 2; i++) {
		m[i].msg_hdr.msg_iov = &iov;
		m[i].msg_hdr.msg_iovlen = 1;
	}
	m[0].msg_hdr.msg_name = m[1].msg_hdr.msg_name = to;
	m[0].msg_hdr.msg_namelen = m[1].msg_hdr.msg_namelen = len;
	return &m[0].msg_hdr;
}

static void tcp_connect(void) { reach(tcp(), v4()); }
static void tcp_connect_highbits(void) {
	v4();
	syscall(SYS_connect, (long)(tcp() | 0xdeadbeef00000000ull), &addr, (long)(len | 0xdeadbeef00000000ull));
}
static void tcp_connect_long(void) { connect(tcp(), v4(), sizeof addr); }
static void tcp6_connect(void) { reach(socket(AF_INET6, SOCK_STREAM, 0), v6("::1")); }
static void tcp6_short(void) { connect(socket(AF_INET6, SOCK_STREAM, 0), v6("::1"), 24); }
static void tcp6_mapped(void) { reach(socket(AF_INET6, SOCK_STREAM, 0), v6("::ffff:127.0.0.1")); }
static void tcp6_any(void) { reach(socket(AF_INET6, SOCK_STREAM, 0), v6("::")); }
static void tcp_any(void) {
	v4();
	((struct sockaddr_in *)&addr)->sin_addr.s_addr = 0;
	connect(tcp(), (struct sockaddr *)&addr, len);
}
static void tcp_mptcp(void) { reach(socket(AF_INET, SOCK_STREAM, 262), v4()); }
static void tcp_fastopen(void) { put(tcp(), MSG_FASTOPEN | MSG_NOSIGNAL, v4()); }
static void tcp_fastopen_msg(void) { sendmsg(tcp(), message(v4()), MSG_FASTOPEN | MSG_NOSIGNAL); }
static void tcp_fastopen_connect(void) {
	int s = tcp(), one = 1;
	setsockopt(s, IPPROTO_TCP, 30, &one, sizeof one); // TCP_FASTOPEN_CONNECT
	reach(s, v4());
	if (send(s, "x", 1, MSG_NOSIGNAL) != 1)
		return;
}
static void tcp_unspec(void) { // dissolved first, then another
	int s = tcp();
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	connect(s, &none, sizeof none);
	reach(s, v4());
}
static void udp_sendto(void) { put(udp(), 0, v4()); }
static void udp_unspec(void) { // AF_UNSPEC means AF_INET to a datagram socket
	v4()->sa_family = AF_UNSPEC;
	sendto(udp(), "x", 1, 0, (struct sockaddr *)&addr, len);
}
static void udp_unspec_msg(void) {
	v4()->sa_family = AF_UNSPEC;
	sendmsg(udp(), message((struct sockaddr *)&addr), 0);
}
static void udp_sendmsg(void) { sendmsg(udp(), message(v4()), 0); }
static void udp_sendmsg_long(void) { // cut to the size of the largest address
	struct msghdr *m = message(v4());
	m->msg_namelen = 100000;
	sendmsg(udp(), m, 0);
}
static void udp_sendmmsg(void) {
	struct msghdr *m = message(v4());
	m->msg_name = NULL; // the first one fails without a destination, if it is not left out
	int s = udp();
	syscall(SYS_sendmmsg, s, (struct mmsghdr *)m + 1, 1, 0);
}
static void udp_connect(void) {
	int s = udp();
	reach(s, v4());
	if (send(s, "x", 1, MSG_NOSIGNAL) != 1)
		return;
}
static void udp6_sendto(void) { put(socket(AF_INET6, SOCK_DGRAM, 0), 0, v6("::1")); }
static void udp6_mapped(void) { put(socket(AF_INET6, SOCK_DGRAM, 0), 0, v6("::ffff:127.0.0.1")); }
static void udp6_inet(void) { put(socket(AF_INET6, SOCK_DGRAM, 0), 0, v4()); }
static void udp_raw(void) { // a header by hand
	static unsigned char packet[9] = {0, 0, 0, 0, 0, 9, 0, 0, 'x'};
	packet[2] = port >> 8;
	packet[3] = port;
	struct sockaddr *to = v4();
	((struct sockaddr_in *)to)->sin_port = 0;
	sendto(socket(AF_INET, SOCK_RAW, IPPROTO_UDP), packet, sizeof packet, 0, to, len);
}
static void unix_stream(void) { reach(socket(AF_UNIX, SOCK_STREAM, 0), un(F("stream"))); }
static void unix_relative(void) {
	if (chdir(F("")) == 0)
		reach(socket(AF_UNIX, SOCK_STREAM, 0), un("stream"));
}
static void unix_link(void) {
	symlink("../f/stream", A("s"));
	reach(socket(AF_UNIX, SOCK_STREAM, 0), un(A("s")));
}
static void unix_no_nul(void) { // the length ends the path, what follows does not count
	un(F("stream-and-more"));
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&addr, offsetof(struct sockaddr_un, sun_path) + strlen(F("stream")));
}
static void unix_dgram(void) { put(socket(AF_UNIX, SOCK_DGRAM, 0), 0, un(F("dgram"))); }
static void unix_raw(void) { put(socket(AF_UNIX, SOCK_RAW, 0), 0, un(F("dgram"))); }
static void unix_dgram_msg(void) { sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), message(un(F("dgram"))), 0); }
static void unix_pair(void) {
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0)
		put(fd[0], 0, un(F("dgram")));
}
static void unix_pair_connect(void) {
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fd) == 0 && reach(fd[0], un(F("dgram"))) == 0 && write(fd[0], "x", 1) != 1)
		return;
}
static void uring_connect(void) {
	v4();
	uring((struct sqe){.opcode = 16, .fd = tcp(), .addr = (uintptr_t)&addr, .off = len});
}
static void unix_abstract(void) { reach(socket(AF_UNIX, SOCK_STREAM, 0), abstract()); }
static void unix_abstract_dgram(void) { put(socket(AF_UNIX, SOCK_DGRAM, 0), 0, abstract()); }

#if defined(__x86_64__)
static long int80(long nr, long a, void *b, long c, long d) {
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(&addr) : "r8", "r9", "r10", "r11", "memory");
	return r;
}
static void int80_socketcall(void) {
	static uint32_t a[6];
	v4();
	a[0] = tcp(), a[1] = (uint32_t)(uintptr_t)&addr, a[2] = len;
	int80(102, 3, a, 0, 0);
}
static void int80_socketcall_sendto(void) {
	static uint32_t a[6];
	v4();
	a[0] = udp(), a[1] = (uint32_t)(uintptr_t)"x", a[2] = 1, a[4] = (uint32_t)(uintptr_t)&addr, a[5] = len;
	int80(102, 11, a, 0, 0);
}
static void int80_connect(void) {
	v4();
	int80(362, tcp(), &addr, len, 0);
}
static void int80_sendmsg(void) {
	static uint32_t iov[2], m[7];
	iov[0] = (uint32_t)(uintptr_t)"x", iov[1] = 1;
	v4();
	m[0] = (uint32_t)(uintptr_t)&addr, m[1] = len, m[2] = (uint32_t)(uintptr_t)iov, m[3] = 1;
	int80(370, udp(), m, 0, 0);
}
#define ONLY64 X(int80_socketcall), X(int80_socketcall_sendto), X(int80_connect), X(int80_sendmsg),
#else
#define ONLY64
#endif

// What follows is judged by what it prints.
static void success(int yes) {
	if (yes)
		dprintf(1, "success\n");
}
static int listens(int s) {
	int on = 0;
	socklen_t n = sizeof on;
	return getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &on, &n) == 0 && on;
}
static void listen_by_itself(void) {
	int s = tcp();
	listen(s, 1);
	success(listens(s));
}
static void listen_own_files_in_thread(void) {
	int s = tcp();
	if (syscall(SYS_unshare, CLONE_FILES) != 0 || dup2(s, 100) != 100) // 100 of the process is a harmless one
		return;
	listen(100, 1);
	success(listens(100));
}
static void listen_own_files(void) {
	dup2(socket(AF_UNIX, SOCK_STREAM, 0), 100);
	in_thread(listen_own_files_in_thread);
}
static void bind_any(void) {
	struct sockaddr_in in = {.sin_family = AF_INET};
	success(bind(udp(), (struct sockaddr *)&in, sizeof in) == 0);
}
static void bind_unspec(void) { // means any address
	struct sockaddr_in in = {.sin_family = AF_UNSPEC};
	success(bind(udp(), (struct sockaddr *)&in, sizeof in) == 0);
}
static void raw_socket(void) { success(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0); }
static void packet_socket(void) { success(socket(17, SOCK_RAW, 0) >= 0); }
static void ping_socket(void) { success(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) >= 0); }
static void vsock(void) { success(socket(AF_VSOCK, SOCK_STREAM, 0) >= 0); }
static void netlink_kernel(void) { success(socket(AF_NETLINK, SOCK_RAW, 15) >= 0); } // NETLINK_KOBJECT_UEVENT
static void source_route(void) { // goes another way than the address says
	static unsigned char route[8] = {131, 7, 4, 127, 0, 0, 9, 0};
	int s = udp();
	unsigned char set[64];
	socklen_t n = sizeof set;
	success(setsockopt(s, IPPROTO_IP, IP_OPTIONS, route, sizeof route) == 0 && getsockopt(s, IPPROTO_IP, IP_OPTIONS, set, &n) == 0 && n > 0);
}
static void netlink_address(void) { // gives the loopback device an address
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg a;
		struct rtattr r;
		uint32_t ip;
	} m = {{sizeof m, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0}, {AF_INET, 32, 0, 0, 1}, {8, IFA_LOCAL}, 0};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} answer = {0};
	int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	m.ip = htonl(0x7f000063);
	if (send(s, &m, sizeof m, 0) < 0 || recv(s, &answer, sizeof answer, 0) < 0)
		return;
	success(answer.e.error == 0);
	m.h.nlmsg_type = RTM_DELADDR;
	if (send(s, &m, sizeof m, 0) < 0)
		return;
}

#define X(f) {#f, f}
const struct attack net_attacks[] = {
	X(tcp_connect), X(tcp_connect_highbits), X(tcp_connect_long), X(tcp6_connect), X(tcp6_short), X(tcp6_mapped),
	X(tcp6_any), X(tcp_any), X(tcp_mptcp), X(tcp_fastopen), X(tcp_fastopen_msg), X(tcp_fastopen_connect),
	X(tcp_unspec), X(udp_sendto), X(udp_unspec), X(udp_unspec_msg), X(udp_sendmsg), X(udp_sendmsg_long),
	X(udp_sendmmsg), X(udp_connect), X(udp6_sendto), X(udp6_mapped), X(udp6_inet), X(udp_raw), X(unix_stream),
	X(unix_relative), X(unix_link), X(unix_no_nul), X(unix_dgram), X(unix_raw), X(unix_dgram_msg), X(unix_pair),
	X(unix_pair_connect), X(uring_connect), X(unix_abstract), X(unix_abstract_dgram), ONLY64 X(listen_by_itself), X(listen_own_files),
	X(bind_any), X(bind_unspec), X(raw_socket), X(packet_socket), X(ping_socket), X(vsock), X(netlink_kernel),
	X(source_route), X(netlink_address), {NULL, NULL},
};
