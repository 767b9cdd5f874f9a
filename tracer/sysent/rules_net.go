package sysent

import "syscall"

// Constants of socket(2). The type carries SOCK_CLOEXEC and SOCK_NONBLOCK above
// its low four bits.
const (
	familyUnix    = 1
	familyInet    = 2
	familyNetlink = 16
	inetMask      = low32 &^ 8 // AF_INET6 is AF_INET with bit 3 set
	typeMask      = 0xf
	typeStream    = 1
	typeDgram     = 2
	protoTCP      = 6
	protoAudit    = 9 // NETLINK_AUDIT, of netlink(7)
	protoUDP      = 17
	protoIPv6     = 41
	protoUDPLite  = 136
	protoMPTCP    = 262
)

// Parts of the conditions of socketFamilies.
var (
	isInet   = Cond{Arg: 0, Mask: inetMask, Value: familyInet}
	isStream = Cond{Arg: 1, Mask: typeMask, Value: typeStream}
	isDgram  = Cond{Arg: 1, Mask: typeMask, Value: typeDgram}
	noProto  = Cond{Arg: 2, Mask: low32}
)

// socketFamilies lets AF_UNIX sockets be made, and routing sockets for questions.
// All others stop. Multipath TCP is answered as by a kernel without it: programs
// that prefer it, Go's listeners for example, fall back. So is the audit system, to
// which su, useradd and their like tell what they do, if there is one.
var socketFamilies = []Rule{
	{When: []Cond{{Arg: 0, Mask: low32, Value: familyUnix}}},
	{When: []Cond{isInet, isStream, {Arg: 2, Mask: low32, Value: protoMPTCP}}, Verb: Refuse, Errno: syscall.EPROTONOSUPPORT},
	{When: []Cond{{Arg: 0, Mask: low32, Value: familyNetlink}, noProto}},
	{When: []Cond{{Arg: 0, Mask: low32, Value: familyNetlink}, {Arg: 2, Mask: low32, Value: protoAudit}}, Verb: Refuse, Errno: syscall.EPROTONOSUPPORT},
	{Verb: Stop},
}

// plainInet are the internet sockets that can do nothing without a later connect,
// bind, listen or send. The protocol must be the plain one of the type, because
// others have more ways out: an SCTP socket connects by setsockopt(2).
var plainInet = []Rule{
	{When: []Cond{isInet, isStream, noProto}},
	{When: []Cond{isInet, isStream, {Arg: 2, Mask: low32, Value: protoTCP}}},
	{When: []Cond{isInet, isDgram, noProto}},
	{When: []Cond{isInet, isDgram, {Arg: 2, Mask: low32, Value: protoUDP}}},
}

// PlainInet reports whether the arguments of socket(2) ask for a plain TCP or UDP
// socket.
func PlainInet(args *[6]uint64) bool { return Match(plainInet, args) != nil }

// inetOptions answers setsockopt(2) for a level of the internet protocols: IP,
// TCP, UDP, IPv6, UDP-Lite. Without a network no such socket exists; there is only
// the stand-in for it, which does not know them.
var inetOptions = []Rule{
	{When: []Cond{{Arg: 1, Mask: low32}}, Verb: Refuse},
	{When: []Cond{{Arg: 1, Mask: low32, Value: protoTCP}}, Verb: Refuse},
	{When: []Cond{{Arg: 1, Mask: low32, Value: protoUDP}}, Verb: Refuse},
	{When: []Cond{{Arg: 1, Mask: low32, Value: protoIPv6}}, Verb: Refuse},
	{When: []Cond{{Arg: 1, Mask: low32, Value: protoUDPLite}}, Verb: Refuse},
}

// socketpairFamilies lets the one family be made that pairs are made of.
var socketpairFamilies = []Rule{
	{When: []Cond{{Arg: 0, Mask: low32, Value: familyUnix}}},
	{Verb: Stop},
}

// sendtoAddress lets a sendto(2) pass that names no destination.
var sendtoAddress = []Rule{
	{When: []Cond{{Arg: 4, Mask: whole}}},
	{Verb: Stop},
}

// socketcallNumbers stops what stops under its own name too. The arguments are
// in memory, so nothing more can be said here.
var socketcallNumbers = []Rule{
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSocket}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callBind}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callConnect}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callListen}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSocketpair}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSendto}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSetsockopt}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSendmsg}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSendmmsg}}, Verb: Stop},
}
