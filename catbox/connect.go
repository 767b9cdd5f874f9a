package catbox

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// An address in memory, a link on the way to a socket and the number of a descriptor
// can all change between a check and a connect(2). So the tracer connects in the
// place of the program: its own copy of the socket, to its own copy of the address,
// and for a socket with a path to the very file that it has checked.

// sends reports whether the call sends to an address.
func sends(k *call) bool { return k.msg >= 0 || k.sockaddr > 1 }

// goTo lets a call with an address that the rules allow run, or carries it out.
func (c *confiner) goTo(k *call, sockaddr []byte) tracer.Verdict {
	if k.entry.Op != sysent.OpConnect || c.policy.network == NetworkHost || c.policy.action == Report {
		return tracer.Continue()
	}
	c.first.req = resolve.Request{Tid: k.stop.Tid, DirFD: unix.AT_FDCWD} // no path
	return c.connect(k, sockaddr)
}

// goToFile is goTo for an AF_UNIX socket with a path, which is opened and checked
// once more.
func (c *confiner) goToFile(k *call, p *place, sockaddr []byte) tracer.Verdict {
	if k.entry.Op != sysent.OpConnect || c.policy.network == NetworkHost || c.policy.action == Report {
		return tracer.Continue()
	}
	fd, err := c.resolver.Pin(&p.req, &p.res)
	if fd >= 0 {
		defer unix.Close(fd)
	}
	if v, done := c.walked(k, p, err); done {
		return v
	}
	switch {
	case fd < 0:
		return tracer.Deny(unix.ENOENT)
	case !c.reachable(k, p):
		return c.violate(c.explain(k, p), unix.EACCES)
	}
	path := strconv.AppendInt([]byte("\x00\x00/proc/self/fd/"), int64(fd), 10)
	copy(path, sockaddr[:2])
	return c.connect(k, append(path, 0))
}

// connect connects the socket of the call. It never waits: what would is tried
// again by the program, with whatever comes in between.
func (c *confiner) connect(k *call, sockaddr []byte) tracer.Verdict {
	fd, err := copySocket(k.stop.Process().PID(), k.stop.Tid, int(k.fd))
	switch {
	case errors.Is(err, unix.EBADF):
		return tracer.Deny(unix.EBADF)
	case err != nil: // pidfd_getfd(2) is refused here, or the thread has a table of its own
		return tracer.Continue()
	}
	defer unix.Close(fd)
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return tracer.Deny(unix.EBADF)
	}
	var errno unix.Errno
	err = c.asTracee(k.stop, &c.first.req, func() { errno = change.Connect(fd, flags, sockaddr) })
	if waits := errno == unix.EAGAIN || errno == unix.EINPROGRESS || errno == unix.EALREADY; waits && flags&unix.O_NONBLOCK == 0 {
		return tracer.Retry()
	}
	return c.carriedOut(k, err, errno)
}
