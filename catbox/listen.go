package catbox

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
)

// listen lets sockets listen that are bound to where that is allowed. An
// internet socket without a port would get one on every interface.
func (c *confiner) listen(k *call) tracer.Verdict {
	if c.policy.network == NetworkHost {
		return tracer.Continue()
	}
	reason := c.networkReason()
	sa, err := socketName(k.stop.Process().PID(), k.stop.Tid, int(k.fd))
	if refusedHere(err) || errors.Is(err, errOwnTable) {
		reason += "; where it is bound cannot be read (pidfd_getfd: " + err.Error() + ")"
		sa, err = c.ears.name(k.stop.Tid, int(k.fd))
	}
	switch sa := sa.(type) {
	case *unix.SockaddrNetlink:
		return tracer.Continue()
	case *unix.SockaddrUnix:
		// The kernel lets no AF_UNIX socket listen that has no name.
		if !unnamed(sa) || c.policy.network != NetworkNone || c.policy.action == Report {
			return tracer.Continue()
		}
		reason = c.networkReason()
	case *unix.SockaddrInet4:
		if c.policy.network == NetworkLoopback && netip.AddrFrom4(sa.Addr).IsLoopback() {
			return tracer.Continue()
		}
	case *unix.SockaddrInet6:
		if c.policy.network == NetworkLoopback && netip.AddrFrom16(sa.Addr).Unmap().IsLoopback() {
			return tracer.Continue()
		}
	}
	for _, errno := range []unix.Errno{unix.EBADF, unix.ENOTSOCK} {
		if errors.Is(err, errno) {
			return tracer.Deny(errno)
		}
	}
	return c.violate(Violation{Call: k.entry.Name, Address: socketString(sa), Reason: reason}, unix.EACCES)
}

// refusedHere reports whether a system call failed because this machine does not
// have it, or does not let this process use it.
func refusedHere(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EACCES)
}

// socketFault returns what the kernel says to a descriptor of a thread that is
// none, or no socket.
func socketFault(tid int, fd int32) unix.Errno {
	var st unix.Stat_t
	if err := unix.Stat(descriptorPath(tid, int(fd)), &st); err != nil {
		return unix.EBADF
	}
	switch {
	case st.Mode&unix.S_IFMT == unix.S_IFSOCK:
		return 0
	case opensNothing(tid, fd):
		return unix.EBADF
	}
	return unix.ENOTSOCK
}

// errOwnTable is the error for a thread that has descriptors of its own, which
// this kernel does not give away.
var errOwnTable = errors.New("the thread has a descriptor table of its own")

// copySocket returns a copy of a descriptor of a thread (pidfd_getfd(2), Linux
// 5.6). Before Linux 6.9 the kernel gives away those of the first thread only.
func copySocket(pid, tid, fd int) (int, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pidfd)
	copied, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil || tid == pid {
		return copied, err
	}
	var ours, theirs unix.Stat_t
	if err = unix.Fstat(copied, &ours); err == nil {
		err = unix.Stat(descriptorPath(tid, fd), &theirs)
	}
	if err == nil && (ours.Dev != theirs.Dev || ours.Ino != theirs.Ino) {
		err = errOwnTable
	}
	if err != nil {
		_ = unix.Close(copied)
		return -1, err
	}
	return copied, nil
}

// socketName returns the address that a socket of a thread is bound to.
func socketName(pid, tid, fd int) (unix.Sockaddr, error) {
	copied, err := copySocket(pid, tid, fd)
	if err != nil {
		return nil, err
	}
	defer unix.Close(copied)
	return unix.Getsockname(copied)
}

func descriptorPath(tid, fd int) string { return fmt.Sprintf("/proc/%d/fd/%d", tid, fd) }

// unnamed reports whether a socket has no name: package unix shows the first byte
// of a name that is no path, which is 0, as "@".
func unnamed(sa *unix.SockaddrUnix) bool { return sa.Name == "" || sa.Name == "@" }

func socketString(sa unix.Sockaddr) string {
	switch sa := sa.(type) {
	case *unix.SockaddrUnix:
		return "*:0" // a stand-in: any address, a port of the kernel's choice
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)).String()
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)).String()
	}
	return "unknown socket"
}

// ears remember the internet sockets that were bound to a loopback address, where
// descriptors cannot be copied: the default profile of container engines refuses
// pidfd_getfd. Sockets are told apart by their inodes. A nil value remembers
// nothing.
type ears struct {
	binding map[int]uint64      // by thread: what it is binding
	bound   map[uint64]struct{} // what was bound
}

// maxBound bounds how many sockets are remembered. One that is forgotten is not
// let listen.
const maxBound = 4096

// newEars returns nil where descriptors can be copied, or nobody may listen.
func newEars(network Network) *ears {
	if network != NetworkLoopback {
		return nil
	}
	copied, err := copySocket(os.Getpid(), os.Getpid(), 0)
	if err == nil {
		_ = unix.Close(copied)
	}
	if !refusedHere(err) {
		return nil
	}
	return &ears{binding: map[int]uint64{}, bound: map[uint64]struct{}{}}
}

// binds lets a call run that binds a socket to a loopback address.
func (c *confiner) binds(k *call) tracer.Verdict {
	var st unix.Stat_t
	if c.ears == nil || unix.Stat(descriptorPath(k.stop.Tid, int(k.fd)), &st) != nil {
		return tracer.Continue()
	}
	if len(c.ears.binding) == maxBound { // threads that were killed in the call
		clear(c.ears.binding)
	}
	c.ears.binding[k.stop.Tid] = st.Ino
	return tracer.Continue().AtExit()
}

// exit sees the ends of these calls.
func (c *confiner) exit(s *tracer.Stop) tracer.Verdict {
	inode, ok := c.ears.binding[s.Tid]
	delete(c.ears.binding, s.Tid)
	if !ok || s.Value != 0 {
		return tracer.Continue()
	}
	for other := range c.ears.bound {
		if len(c.ears.bound) < maxBound {
			break
		}
		delete(c.ears.bound, other)
	}
	c.ears.bound[inode] = struct{}{}
	return tracer.Continue()
}

// name says as much as is known of the name of a socket: nil for an internet
// socket that was not bound to a loopback address, or any other.
func (e *ears) name(tid, fd int) (unix.Sockaddr, error) {
	path := descriptorPath(tid, fd)
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nil, unix.EBADF
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil, unix.ENOTSOCK
	}
	var buf [64]byte // the name of the protocol, as /proc/net/protocols has it
	n, err := unix.Getxattr(path, "system.sockprotoname", buf[:])
	if err != nil {
		return nil, err
	}
	protocol, _, _ := bytes.Cut(buf[:max(n, 0)], []byte{0})
	switch {
	case bytes.HasPrefix(protocol, []byte("UNIX")):
		return &unix.SockaddrUnix{Name: unixName(tid, st.Ino)}, nil
	case string(protocol) == "NETLINK":
		return &unix.SockaddrNetlink{}, nil
	}
	if e != nil {
		if _, ok := e.bound[st.Ino]; ok {
			return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, nil
		}
	}
	return nil, nil
}

// unixName looks the name of an AF_UNIX socket up in the list of all of them, which
// has the inode and, if there is one, the name in the last columns (proc_net(5)).
func unixName(tid int, inode uint64) string {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/unix", tid))
	if err != nil {
		return "unknown"
	}
	const inodeColumn, nameColumn = 6, 7
	number := strconv.FormatUint(inode, 10)
	for line := range strings.Lines(string(list)) {
		if f := strings.Fields(line); len(f) > nameColumn && f[inodeColumn] == number {
			return f[nameColumn]
		}
	}
	return ""
}
