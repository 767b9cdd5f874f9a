package catbox

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/internal/attr"
	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// The ids of a process are kept here and never changed for real. All its threads
// have the same, as the C library and Go arrange it.

// cred returns the credentials that a process believes to have.
func (f *faker) cred(p *tracer.Process) *cred.Cred {
	if c := f.creds[p]; c != nil {
		return c
	}
	return f.root
}

// become gives a process other credentials.
func (f *faker) become(p *tracer.Process, c *cred.Cred) {
	if c == f.root {
		delete(f.creds, p)
		return
	}
	f.creds[p] = c
}

// born gives a new process the credentials of the one that started it.
func (f *faker) born(p *tracer.Process) error {
	if p.Parent() != nil {
		f.become(p, f.cred(p.Parent()))
	}
	return nil
}

// exec changes the credentials of a process as execve(2) does. The kernel itself
// looks at no set-id bits, which are not real.
func (f *faker) exec(p *tracer.Process) error {
	c := f.cred(p)
	if c == f.root && f.counts.setIDs == 0 {
		return nil
	}
	uid, gid := cred.Keep, cred.Keep
	var st unix.Stat_t
	if f.counts.setIDs > 0 && unix.Stat("/proc/"+strconv.Itoa(p.PID())+"/exe", &st) == nil {
		if r := f.db.Get(keyOf(&st)); r != nil && r.Has&fakeroot.HasMode != 0 && !f.doubtful[r.Key] {
			a := f.show(attr.Attr{Mode: st.Mode, UID: st.Uid, GID: st.Gid}, r)
			if a.Mode&unix.S_ISUID != 0 {
				uid = int(a.UID)
			}
			if a.Mode&unix.S_ISGID != 0 && a.Mode&unix.S_IXGRP != 0 {
				gid = int(a.GID)
			}
		}
	}
	if n := c.Exec(uid, gid); !n.Equal(c) {
		f.become(p, n)
	}
	return nil
}

func (f *faker) died(p *tracer.Process, _ unix.WaitStatus) error {
	delete(f.creds, p)
	var all error
	for thread, q := range f.pending { // killed in their calls
		if m, ok := q.(moved); ok && m.proc == p {
			all = errors.Join(all, m.release(f))
			delete(f.pending, thread)
		}
	}
	return all
}

// identity answers a call of the class ID.
func (f *faker) identity(k *call) tracer.Verdict {
	c := f.cred(k.stop.Process())
	switch k.entry.ID {
	case sysent.GetUID:
		return k.answerID(c.UID.Real)
	case sysent.GetEUID:
		return k.answerID(c.UID.Effective)
	case sysent.GetGID:
		return k.answerID(c.GID.Real)
	case sysent.GetEGID:
		return k.answerID(c.GID.Effective)
	case sysent.GetResUID:
		return k.giveIDs(c.UID)
	case sysent.GetResGID:
		return k.giveIDs(c.GID)
	case sysent.GetGroups:
		return k.giveGroups(c.Groups)
	case sysent.CapGet:
		return f.capGet(k)
	case sysent.CapSet:
		return f.capSet(k)
	case sysent.SetGroups:
		return f.setGroups(k, c)
	case sysent.SetFSUID, sysent.SetFSGID:
		return f.setFS(k, c)
	}
	n, errno := setIDs(k, c)
	if errno != 0 {
		return tracer.Deny(errno)
	}
	f.become(k.stop.Process(), n)
	return tracer.Answer(0)
}

// setIDs makes the credentials after a call of the setuid family.
func setIDs(k *call, c *cred.Cred) (*cred.Cred, unix.Errno) {
	var id [3]int
	for i := range id {
		id[i] = k.id(k.args[i])
	}
	switch k.entry.ID {
	case sysent.SetUID:
		return c.SetUID(id[0])
	case sysent.SetGID:
		return c.SetGID(id[0])
	case sysent.SetReUID:
		return c.SetReUID(id[0], id[1])
	case sysent.SetReGID:
		return c.SetReGID(id[0], id[1])
	case sysent.SetResUID:
		return c.SetResUID(id[0], id[1], id[2])
	case sysent.SetResGID:
		return c.SetResGID(id[0], id[1], id[2])
	}
	return c, unix.ENOSYS
}

func (f *faker) setFS(k *call, c *cred.Cred) tracer.Verdict {
	var old uint32
	if k.entry.ID == sysent.SetFSUID {
		c, old = c.SetFSUID(k.id(k.args[0]))
	} else {
		c, old = c.SetFSGID(k.id(k.args[0]))
	}
	f.become(k.stop.Process(), c)
	return k.answerID(old)
}

// answerID answers with an id in the width of the call.
func (k *call) answerID(id uint32) tracer.Verdict {
	return tracer.Answer(int64(clampID(id, k.entry.IDBits(k.stop.Arch)/8)))
}

// putIDs writes ids in the width of the call.
func (k *call) putIDs(addr uint64, ids ...uint32) unix.Errno {
	size := k.entry.IDBits(k.stop.Arch) / 8
	buf := make([]byte, 0, size*len(ids))
	for _, id := range ids {
		if size == 2 {
			buf = binary.NativeEndian.AppendUint16(buf, uint16(clampID(id, size)))
		} else {
			buf = binary.NativeEndian.AppendUint32(buf, id)
		}
	}
	if len(buf) == 0 {
		return 0
	}
	return k.stop.Write(k.word(addr), buf)
}

// giveIDs answers getresuid(2) or getresgid(2).
func (k *call) giveIDs(ids cred.IDs) tracer.Verdict {
	for i, id := range []uint32{ids.Real, ids.Effective, ids.Saved} {
		if errno := k.putIDs(k.args[i], id); errno != 0 {
			return tracer.Deny(errno)
		}
	}
	return tracer.Answer(0)
}

// giveGroups answers getgroups(2).
func (k *call) giveGroups(groups []uint32) tracer.Verdict {
	size := int32(k.args[0])
	switch {
	case size < 0, size > 0 && int(size) < len(groups):
		return tracer.Deny(unix.EINVAL)
	case size > 0:
		if errno := k.putIDs(k.args[1], groups...); errno != 0 {
			return tracer.Deny(errno)
		}
	}
	return tracer.Answer(int64(len(groups)))
}

func (f *faker) setGroups(k *call, c *cred.Cred) tracer.Verdict {
	count := uint32(k.args[0])
	if errno := c.MaySetGroups(count); errno != 0 {
		return tracer.Deny(errno)
	}
	size := k.entry.IDBits(k.stop.Arch) / 8
	buf := make([]byte, int(count)*size)
	if len(buf) > 0 {
		if errno := k.stop.ReadFull(k.word(k.args[1]), buf); errno != 0 {
			return tracer.Deny(errno)
		}
	}
	groups := make([]uint32, count)
	for i := range groups {
		if size == 2 {
			groups[i] = uint32(binary.NativeEndian.Uint16(buf[2*i:]))
		} else {
			groups[i] = binary.NativeEndian.Uint32(buf[4*i:])
		}
		if size == 4 && groups[i] == ^uint32(0) {
			return tracer.Deny(unix.EINVAL)
		}
	}
	f.become(k.stop.Process(), c.SetGroups(groups))
	return tracer.Answer(0)
}

// prctl answers what prctl(2) has about capabilities.
func (f *faker) prctl(k *call) tracer.Verdict {
	p := k.stop.Process()
	c := f.cred(p)
	arg := k.word(k.args[1])
	switch uint32(k.args[0]) {
	case sysent.PrGetKeepCaps:
		if c.KeepCaps {
			return tracer.Answer(1)
		}
		return tracer.Answer(0)
	case sysent.PrSetKeepCaps:
		if arg > 1 {
			return tracer.Deny(unix.EINVAL)
		}
		n := *c
		n.KeepCaps = arg == 1
		f.become(p, &n)
		return tracer.Answer(0)
	case sysent.PrCapBSetRead:
		if arg > uint64(f.lastCap()) {
			return tracer.Deny(unix.EINVAL)
		}
		return tracer.Answer(int64(c.Caps.Bounding >> arg & 1))
	}
	if arg > uint64(f.lastCap()) {
		arg = 64 // EINVAL, behind EPERM
	}
	n, errno := c.DropBounding(int(arg))
	if errno != 0 {
		return tracer.Deny(errno)
	}
	f.become(p, n)
	return tracer.Answer(0)
}

// lastCap returns the number of the last capability.
func (f *faker) lastCap() int {
	return bits.Len64(f.root.Caps.Bounding) - 1
}
