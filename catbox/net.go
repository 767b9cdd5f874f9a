package catbox

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// maxAddress is the size of struct sockaddr_storage, the longest address that the
// kernel takes. Programs pass it as the length of shorter ones too.
const maxAddress = 128

// address is the decoded sockaddr of a call.
type address struct {
	family uint16
	ip     netip.AddrPort // AF_INET, AF_INET6
	path   []byte         // AF_UNIX with a name in the file system
	name   string         // how a violation shows it
}

// unpack replaces an i386 socketcall(2) by the call that it stands for.
func (c *confiner) unpack(k *call) (v tracer.Verdict, done bool) {
	s := k.stop
	entry := sysent.Socketcall(uint32(k.args[0]))
	if entry == nil {
		return tracer.Deny(unix.EINVAL), true
	}
	var words [24]byte
	count := entry.NumArgs()
	if errno := s.ReadFull(k.args[1], words[:4*count]); errno != 0 {
		return c.unreadable(k, errno), true
	}
	var args [6]uint64
	for i := range count {
		args[i] = uint64(binary.NativeEndian.Uint32(words[4*i:]))
	}
	k.decode(s, entry, args)
	switch rule := sysent.Match(c.rules(entry), &args); {
	case rule == nil || rule.Verb == sysent.Allow:
		return tracer.Continue(), true
	case rule.Verb == sysent.Refuse:
		return tracer.Deny(rule.Errno), true
	}
	return tracer.Continue(), false
}

// net decides about a call on sockets.
func (c *confiner) net(k *call) tracer.Verdict {
	switch {
	case k.msg >= 0:
		return c.messages(k)
	case k.sockaddr >= 0:
		return c.addressed(k, k.args[k.sockaddr], k.addrLen)
	case k.hasFD:
		return c.listen(k)
	}
	switch {
	case c.policy.network == NetworkHost:
		return tracer.Continue()
	case k.family == unix.AF_UNSPEC:
		return tracer.Deny(unix.EAFNOSUPPORT)
	case k.entry.Op == sysent.OpSocket && sysent.PlainInet(&k.args):
		return c.standIn(k)
	}
	return c.violate(Violation{Call: k.entry.Name, Address: familyName(k.family),
		Reason: "this kind of socket is not allowed"}, unix.EAFNOSUPPORT)
}

// standIn gives the program an AF_UNIX socket for the internet socket that it asks
// for while the network is off. So the address of each attempt can be reported, and
// yet there is nothing that could reach the network, whatever a program does
// between a check and its call: the kernel knows no internet address for it.
func (c *confiner) standIn(k *call) tracer.Verdict {
	number, ok := k.entry.Number(k.stop.Arch)
	if c.policy.action == Report || c.policy.network != NetworkNone || !ok {
		return tracer.Continue()
	}
	k.stop.Replacement = [6]uint64{unix.AF_UNIX, k.args[1]}
	return tracer.Replace(number)
}

// addressed decides about an address at addr in the memory of the tracee.
func (c *confiner) addressed(k *call, addr uint64, size uint32) tracer.Verdict {
	fault := socketFault(k.stop.Tid, k.fd)
	switch {
	case fault == unix.EBADF, fault != 0 && k.entry.Op != sysent.OpConnect: // connect(2) reads the address first
		return tracer.Deny(fault)
	case size == 0 && sends(k):
		return tracer.Continue() // no address
	case size < 2, size > uint32(len(c.sock)):
		return tracer.Deny(unix.EINVAL)
	}
	if errno := k.stop.ReadFull(addr, c.sock[:size]); errno != 0 {
		return c.unreadable(k, errno)
	}
	if fault != 0 {
		return tracer.Deny(fault)
	}
	a := decodeAddress(c.sock[:size])
	switch a.family {
	case unix.AF_UNIX:
		return c.unixAddress(k, &a, size)
	case unix.AF_INET, unix.AF_INET6:
		return c.inetAddress(k, &a, c.sock[:size])
	case unix.AF_UNSPEC:
		if k.entry.Op == sysent.OpConnect {
			return c.goTo(k, c.sock[:size]) // dissolves an association (connect(2))
		}
		return c.inetAddress(k, &a, c.sock[:size]) // to bind and to send it means AF_INET
	case unix.AF_NETLINK:
		return c.goTo(k, c.sock[:size]) // only the routing family could be made, to ask
	}
	if c.policy.network == NetworkHost {
		return tracer.Continue()
	}
	return c.violate(Violation{Call: k.entry.Name, Address: familyName(uint32(a.family)),
		Reason: c.networkReason()}, unix.EACCES)
}

func (c *confiner) inetAddress(k *call, a *address, sockaddr []byte) tracer.Verdict {
	switch c.policy.network {
	case NetworkHost:
		return tracer.Continue()
	case NetworkLoopback:
		ip := a.ip.Addr().Unmap()
		// Connecting to the unspecified address means this machine; binding to
		// it means every interface.
		switch {
		case k.entry.Op == sysent.OpBind && ip.IsLoopback():
			return c.binds(k)
		case ip.IsLoopback() || ip.IsUnspecified() && k.entry.Op != sysent.OpBind:
			return c.goTo(k, sockaddr)
		}
	}
	errno := unix.ENETUNREACH
	if k.entry.Op == sysent.OpBind {
		errno = unix.EACCES
	}
	return c.violate(Violation{Call: k.entry.Name, Address: a.name, Reason: c.networkReason()}, errno)
}

func (c *confiner) networkReason() string {
	if c.policy.network == NetworkLoopback {
		return "only the loopback network is allowed"
	}
	return "the network is not allowed"
}

// unixAddress decides about an AF_UNIX address. A bind to a path creates a file;
// anything else reaches whoever listens there.
func (c *confiner) unixAddress(k *call, a *address, size uint32) tracer.Verdict {
	bind := k.entry.Op == sysent.OpBind
	switch {
	case size > unix.SizeofSockaddrUnix:
		return tracer.Deny(unix.EINVAL)
	case size == 2 && bind, bind && a.path == nil, c.policy.network == NetworkHost && !bind:
		return tracer.Continue() // an abstract name is taken, nobody is reached
	case size == 2, size > unix.SizeofSockaddrUnix:
		return tracer.Deny(unix.EINVAL)
	case a.path == nil:
		return c.violate(Violation{Call: k.entry.Name, Address: a.name,
			Reason: "abstract sockets belong to programs outside"}, unix.ECONNREFUSED)
	}
	s, p := k.stop, &c.first
	p.req = resolve.Request{Tgid: s.Process().PID(), Tid: s.Tid, DirFD: unix.AT_FDCWD, Path: a.path,
		Follow: !bind, Entry: bind, SameRoot: c.sameRoot}
	if v, done := c.resolve(k, p); done {
		return v
	}
	if c.reachable(k, p) {
		return c.goToFile(k, p, c.sock[:size])
	}
	if errno := c.unixOrder(k, p); errno != 0 {
		return tracer.Deny(errno)
	}
	v := c.explain(k, p)
	v.Address = a.name
	return c.violate(v, unix.EACCES)
}

// reachable reports whether the rules allow to bind to, or to reach, the socket p.
func (c *confiner) reachable(k *call, p *place) bool {
	return c.allowed(k, p) || k.entry.Op != sysent.OpBind && c.policy.sockets.MatchBytes(p.res.Path).Allowed
}

func (c *confiner) unixOrder(k *call, p *place) unix.Errno {
	if k.entry.Op == sysent.OpBind {
		errno, _ := order(k, &p.res, nil, nil)
		return errno
	}
	switch {
	case !p.res.Exists:
		return unix.ENOENT
	case p.res.Mode&unix.S_IFMT != unix.S_IFSOCK:
		return unix.ECONNREFUSED
	}
	return 0
}

// messages decides about sendmsg and sendmmsg: each message may name a
// destination.
func (c *confiner) messages(k *call) tracer.Verdict {
	at := k.args[k.msg]
	if !k.vector {
		return c.message(k, at)
	}
	const maxMessages = 1024 // UIO_MAXIOV, the kernel's own bound of sendmmsg(2)
	for range min(k.msgCount, maxMessages) {
		if v := c.message(k, at); !v.Continues() {
			return v
		}
		at += mmsghdrSize(k.stop.Arch)
	}
	return tracer.Continue()
}

// message decides about the struct msghdr at an address: its first two members
// are the destination and its length.
func (c *confiner) message(k *call, at uint64) tracer.Verdict {
	name, errno := k.stop.ReadWord(at)
	if errno != 0 {
		if fault := socketFault(k.stop.Tid, k.fd); fault != 0 {
			return tracer.Deny(fault)
		}
		return c.unreadable(k, errno)
	}
	if name == 0 {
		return tracer.Continue()
	}
	var size [4]byte
	if errno := k.stop.ReadFull(at+uint64(k.stop.Arch.PointerSize()), size[:]); errno != 0 {
		return c.unreadable(k, errno)
	}
	n := binary.NativeEndian.Uint32(size[:])
	if n == 0 {
		return tracer.Continue()
	}
	return c.addressed(k, name, min(n, uint32(len(c.sock))))
}

// mmsghdrSize is the size of struct mmsghdr: a struct msghdr and a length.
func mmsghdrSize(arch sysent.Arch) uint64 {
	if arch == sysent.I386 {
		return 7*4 + 4
	}
	return 7*8 + 8
}

// decodeAddress decodes a struct sockaddr of at least two bytes.
func decodeAddress(b []byte) address {
	a := address{family: binary.NativeEndian.Uint16(b)}
	body := b[2:]
	switch a.family {
	case unix.AF_UNIX:
		a.path, a.name = decodeUnix(body)
	case unix.AF_INET, unix.AF_UNSPEC:
		if len(body) >= 6 {
			a.ip = netip.AddrPortFrom(netip.AddrFrom4([4]byte(body[2:6])), binary.BigEndian.Uint16(body))
		}
		a.name = a.ip.String()
	case unix.AF_INET6:
		if len(body) >= 22 {
			a.ip = netip.AddrPortFrom(netip.AddrFrom16([16]byte(body[6:22])), binary.BigEndian.Uint16(body))
		}
		a.name = a.ip.String()
	default:
		a.name = familyName(uint32(a.family))
	}
	return a
}

// decodeUnix splits sun_path into a path, or the printable form of an abstract
// name: "@" and the name, which may hold any bytes (unix(7)).
func decodeUnix(body []byte) (path []byte, name string) {
	if len(body) == 0 {
		return nil, "unnamed"
	}
	if body[0] == 0 {
		return nil, "@" + string(body[1:])
	}
	for i, b := range body {
		if b == 0 {
			body = body[:i]
			break
		}
	}
	return body, string(body)
}

// familyName names an address family.
func familyName(family uint32) string {
	switch family {
	case unix.AF_INET:
		return "AF_INET"
	case unix.AF_INET6:
		return "AF_INET6"
	case unix.AF_PACKET:
		return "AF_PACKET"
	case unix.AF_NETLINK:
		return "AF_NETLINK"
	case unix.AF_VSOCK:
		return "AF_VSOCK"
	case unix.AF_ALG:
		return "AF_ALG"
	case unix.AF_BLUETOOTH:
		return "AF_BLUETOOTH"
	}
	return fmt.Sprintf("address family %d", family)
}
