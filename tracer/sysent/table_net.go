package sysent

import "slices"

// netCalls make, name and use sockets.
var netCalls = []Entry{
	{
		Name: "socket", Class: Net, Op: OpSocket, Args: [6]Role{SockFamily, SockType, SockProtocol},
		Confine: socketFamilies, Loopback: slices.Concat(plainInet, socketFamilies),
		Note: "A plain TCP or UDP socket is an AF_UNIX one in disguise while the network is off; with the loopback network it is real.",
	},
	{
		Name: "socketpair", Class: Net, Args: [6]Role{SockFamily, SockType, SockProtocol}, Confine: socketpairFamilies,
		Note: "One end of a datagram pair can send to any name: see sendto and sendmsg.",
	},
	{Name: "connect", Class: Net, Op: OpConnect, Args: [6]Role{FD, Sockaddr, SockaddrLen}, Confine: stop},
	{
		Name: "bind", Class: Net, Op: OpBind, Args: [6]Role{FD, Sockaddr, SockaddrLen}, Confine: stop,
		Note: "The name of an AF_UNIX socket is a file that is created; it need not end in NUL.",
	},
	{
		Name: "listen", Class: Net, Args: [6]Role{FD}, Confine: stop,
		Note: "Gives an internet socket that has no port one.",
	},
	{Name: "accept", Class: Net, Args: [6]Role{FD}},
	{Name: "accept4", Class: Net, Args: [6]Role{FD}},
	{
		Name: "sendto", Class: Net, Args: [6]Role{0: FD, 4: Sockaddr, 5: SockaddrLen}, Confine: sendtoAddress,
		Note: "With MSG_FASTOPEN it connects.",
	},
	{
		Name: "sendmsg", Class: Net, Args: [6]Role{FD, Msghdr}, Confine: stop,
		Note: "The destination and passed descriptors are in memory.",
	},
	{Name: "sendmmsg", Class: Net, Args: [6]Role{FD, MsgVec, MsgCount}, Confine: stop, Note: "As sendmsg."},
	{
		Name: "setsockopt", Class: Net, Args: [6]Role{FD, Command}, Confine: inetOptions, Loopback: []Rule{},
		Note: "Options of internet protocols succeed and do nothing while the network is off.",
	},
	{Name: "recvmsg", Class: Net, Args: [6]Role{FD}, Note: "May deliver descriptors."},
	{Name: "recvmmsg", Class: Net, Args: [6]Role{FD}, Note: "As recvmsg."},
	{Name: "recvmmsg_time64", Class: Net, Args: [6]Role{FD}, Note: "As recvmsg."},
	{
		Name: "socketcall", Class: Net, Args: [6]Role{1: SocketcallArgs}, Confine: socketcallNumbers,
		Note: "Argument 0 is the number of the real call, see linux/net.h; that call is decided as under its own name.",
	},
}
