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
	protoUDP      = 17
	protoMPTCP    = 262
)

// Parts of the conditions of socketFamilies.
var (
	isInet   = Cond{Arg: 0, Mask: inetMask, Value: familyInet}
	isStream = Cond{Arg: 1, Mask: typeMask, Value: typeStream}
	isDgram  = Cond{Arg: 1, Mask: typeMask, Value: typeDgram}
	noProto  = Cond{Arg: 2, Mask: low32}
)

// socketFamilies lets sockets be made that can do nothing without a later
// connect, bind, listen or send, which stops: so the address of the attempt can
// be reported. The protocol of an internet socket must be the plain one of its
// type, because others have more ways out: an SCTP socket connects by
// setsockopt(2). Multipath TCP is answered as by a kernel without it: programs
// that prefer it, Go's listeners for example, fall back.
var socketFamilies = []Rule{
	{When: []Cond{{Arg: 0, Mask: low32, Value: familyUnix}}},
	{When: []Cond{isInet, isStream, noProto}},
	{When: []Cond{isInet, isStream, {Arg: 2, Mask: low32, Value: protoTCP}}},
	{When: []Cond{isInet, isDgram, noProto}},
	{When: []Cond{isInet, isDgram, {Arg: 2, Mask: low32, Value: protoUDP}}},
	{When: []Cond{isInet, isStream, {Arg: 2, Mask: low32, Value: protoMPTCP}}, Verb: Refuse, Errno: syscall.EPROTONOSUPPORT},
	{When: []Cond{{Arg: 0, Mask: low32, Value: familyNetlink}, noProto}},
	{Verb: Stop},
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
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSendmsg}}, Verb: Stop},
	{When: []Cond{{Arg: 0, Mask: low32, Value: callSendmmsg}}, Verb: Stop},
}
