package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/change"
	"github.com/catbox-go/catbox/catbox/internal/landlock"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// The first Landlock, of Linux 5.13 to 5.18, refuses every rename and link from
// one directory to another, even inside of what is allowed. There the tracer carries
// out those that the rules allow: it opens both directories, checks the names of what
// it has opened, and works on the descriptors.

// carriesMoves reports whether the tracer carries out renames and links.
func (c *confiner) carriesMoves() bool {
	return c.backstop.abi > 0 && c.backstop.abi < landlock.Refer
}

// move carries out a rename or a link that the rules have allowed by name, and
// checks again what it has opened.
func (c *confiner) move(k *call, a, b *place) tracer.Verdict {
	if len(a.req.Path) == 0 {
		return tracer.Continue() // a link to a descriptor: the kernel refuses it
	}
	to, v, done := c.pinEntry(k, b)
	if done {
		return v
	}
	defer unix.Close(to.Dir)
	if k.entry.Op == sysent.OpLink && a.req.Follow {
		return c.linkObject(k, a, to)
	}
	from, v, done := c.pinEntry(k, a)
	if done {
		return v
	}
	defer unix.Close(from.Dir)
	var errno unix.Errno
	err := c.asTracee(k.stop, &a.req, func() {
		if k.entry.Op == sysent.OpLink {
			errno = change.Link(from, to)
		} else {
			errno = change.Rename(from, to, k.flags)
		}
	})
	return c.carriedOut(k, err, errno)
}

// pinEntry opens the directory of a name and checks what it is called. done is set
// when the call is decided: the kernel refuses it without any effect, or it has been
// moved to where the rules allow nothing.
func (c *confiner) pinEntry(k *call, p *place) (e change.Entry, v tracer.Verdict, done bool) {
	p.req.Entry, p.req.Follow = true, false
	fd, err := c.resolver.PinEntry(&p.req, &p.res)
	if v, done := c.walked(k, p, err); done {
		return e, v, true
	}
	if fd < 0 {
		return e, tracer.Continue(), true // "." and the like: Landlock or the kernel refuses it
	}
	if !c.allowed(k, p) || k.entry.Op == sysent.OpRename && c.policy.roots[string(p.res.Path)] {
		_ = unix.Close(fd)
		return e, c.violate(c.explain(k, p), unix.EACCES), true
	}
	name := append([]byte(nil), p.res.Name...)
	if p.res.TrailingSlash {
		name = append(name, '/')
	}
	return change.Entry{Dir: fd, Name: append(name, 0)}, v, false
}

// linkObject links to what a path leads to through a link.
func (c *confiner) linkObject(k *call, a *place, to change.Entry) tracer.Verdict {
	fd, err := c.resolver.Pin(&a.req, &a.res)
	if fd >= 0 {
		defer unix.Close(fd)
	}
	if v, done := c.walked(k, a, err); done {
		return v
	}
	switch {
	case fd < 0:
		return tracer.Deny(unix.ENOENT)
	case !c.allowed(k, a):
		return c.violate(c.explain(k, a), unix.EACCES)
	}
	var errno unix.Errno
	err = c.asTracee(k.stop, &a.req, func() { errno = change.LinkObject(c.resolver.Descriptors(), fd, to) })
	return c.carriedOut(k, err, errno)
}
