package catbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/cred"
	"github.com/catbox-go/catbox/tracer"
)

// capWords returns how many 32-bit words each set has in a version of the format of
// capget(2), or 0 for an unknown one.
func capWords(version uint32) int {
	switch version {
	case unix.LINUX_CAPABILITY_VERSION_1:
		return 1
	case unix.LINUX_CAPABILITY_VERSION_2, unix.LINUX_CAPABILITY_VERSION_3:
		return 2
	}
	return 0
}

// capHeader reads the header of capget(2) and capset(2). words is 0 for a version
// that the kernel does not know; it has told its own then.
func capHeader(k *call) (words int, pid int32, errno unix.Errno) {
	var header [8]byte
	addr := k.word(k.args[0])
	if errno := k.stop.ReadFull(addr, header[:4]); errno != 0 {
		return 0, 0, errno
	}
	if words = capWords(binary.NativeEndian.Uint32(header[:])); words == 0 {
		binary.NativeEndian.PutUint32(header[:], unix.LINUX_CAPABILITY_VERSION_3)
		return 0, 0, k.stop.Write(addr, header[:4])
	}
	errno = k.stop.ReadFull(addr, header[:])
	return words, int32(binary.NativeEndian.Uint32(header[4:])), errno
}

// capGet is capget(2).
func (f *faker) capGet(k *call) tracer.Verdict {
	data := k.word(k.args[1])
	words, pid, errno := capHeader(k)
	switch {
	case errno != 0:
		return tracer.Deny(errno)
	case words == 0 && data == 0:
		return tracer.Answer(0)
	case words == 0, pid < 0:
		return tracer.Deny(unix.EINVAL)
	case data == 0:
		return tracer.Answer(0)
	}
	c := f.credOf(k.stop, int(pid))
	if c == nil {
		return tracer.Continue() // a process outside
	}
	var buf []byte
	for i := range words {
		for _, set := range []uint64{c.Caps.Effective, c.Caps.Permitted, c.Caps.Inheritable} {
			buf = binary.NativeEndian.AppendUint32(buf, uint32(set>>(32*i)))
		}
	}
	if errno := k.stop.Write(data, buf); errno != 0 {
		return tracer.Deny(errno)
	}
	return tracer.Answer(0)
}

// credOf returns the credentials of the process with a thread of number id, 0 for
// the caller; nil for one that is not of this run.
func (f *faker) credOf(s *tracer.Stop, id int) *cred.Cred {
	if id == 0 || id == s.Tid {
		return f.cred(s.Process())
	}
	if p := s.Find(id); p != nil {
		return f.cred(p)
	}
	return nil
}

// capSet is capset(2).
func (f *faker) capSet(k *call) tracer.Verdict {
	words, pid, errno := capHeader(k)
	switch {
	case errno != 0:
		return tracer.Deny(errno)
	case words == 0:
		return tracer.Deny(unix.EINVAL)
	case pid != 0 && int(pid) != k.stop.Tid:
		return tracer.Deny(unix.EPERM)
	}
	buf := make([]byte, 12*words)
	if errno := k.stop.ReadFull(k.word(k.args[1]), buf); errno != 0 {
		return tracer.Deny(errno)
	}
	var want cred.Caps
	for i := range words {
		for j, set := range []*uint64{&want.Effective, &want.Permitted, &want.Inheritable} {
			*set |= uint64(binary.NativeEndian.Uint32(buf[12*i+4*j:])) << (32 * i)
		}
	}
	all := f.root.Caps.Bounding // others do not exist
	want.Effective, want.Permitted, want.Inheritable = want.Effective&all, want.Permitted&all, want.Inheritable&all
	n, errno := f.cred(k.stop.Process()).SetCaps(want)
	if errno != 0 {
		return tracer.Deny(errno)
	}
	f.become(k.stop.Process(), n)
	return tracer.Answer(0)
}
