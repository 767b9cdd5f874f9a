package sysent

// Numbers of socketcall(2), from linux/net.h.
const (
	callSocket = iota + 1
	callBind
	callConnect
	callListen
	callAccept
	callGetsockname
	callGetpeername
	callSocketpair
	callSend
	callRecv
	callSendto
	callRecvfrom
	callShutdown
	callSetsockopt
	callGetsockopt
	callSendmsg
	callRecvmsg
	callAccept4
	callRecvmmsg
	callSendmmsg
)

// Calls that exist only inside of socketcall(2): they have fewer arguments than
// sendto and recvfrom, so what follows in memory must not be read as an address.
var (
	sendCall = Entry{Name: "send", Class: Net, Args: [6]Role{FD}}
	recvCall = Entry{Name: "recv", Class: Net, Args: [6]Role{FD}}
)

// Socketcall returns the call that number n of the i386 call socketcall(2)
// stands for, or nil where the kernel knows no such number. The arguments of
// that call are the 32-bit words at the SocketcallArgs pointer.
//
// send and recv are not rows of the table: Entries does not yield them and they
// have no number.
func Socketcall(n uint32) *Entry {
	switch n {
	case callSend:
		return &sendCall
	case callRecv:
		return &recvCall
	}
	t := calls()
	if n >= uint32(len(t.socketcall)) {
		return nil
	}
	return t.socketcall[n]
}

// socketcallNames says which row stands behind each number of socketcall(2).
var socketcallNames = [...]string{
	callSocket:      "socket",
	callBind:        "bind",
	callConnect:     "connect",
	callListen:      "listen",
	callAccept:      "accept",
	callGetsockname: "getsockname",
	callGetpeername: "getpeername",
	callSocketpair:  "socketpair",
	callSendto:      "sendto",
	callRecvfrom:    "recvfrom",
	callShutdown:    "shutdown",
	callSetsockopt:  "setsockopt",
	callGetsockopt:  "getsockopt",
	callSendmsg:     "sendmsg",
	callRecvmsg:     "recvmsg",
	callAccept4:     "accept4",
	callRecvmmsg:    "recvmmsg",
	callSendmmsg:    "sendmmsg",
}
