package catbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// showEntries changes the types of placeholders in what getdents(2) has written.
func (f *faker) showEntries(s *tracer.Stop) {
	const maxBytes = 1 << 20 // of one call; libraries ask for 32 KiB
	if s.Value <= 0 || s.Value > maxBytes {
		return
	}
	if int64(len(f.buf)) < s.Value {
		f.buf = make([]byte, s.Value)
	}
	buf := f.buf[:s.Value]
	l, at := direntLayout(s)
	addr := word(s, s.Args[at])
	if s.ReadFull(addr, buf) != 0 {
		return
	}
	dev, known := uint64(0), false
	for pos := 0; pos+l.min <= len(buf); {
		entry := buf[pos:]
		size := int(binary.NativeEndian.Uint16(entry[l.reclen:]))
		if size < l.min || size > len(entry) {
			return
		}
		ino := number(entry, sysent.Field{At: 0, Size: l.ino}, false)
		if f.devices[ino] > 0 {
			if !known {
				dev, known = deviceOf(s), true
			}
			if r := f.db.Get(fakeroot.Key{Dev: dev, Ino: ino}); r != nil && r.IsDevice() {
				at := pos + l.typ(size)
				buf[at] = byte(r.Mode >> 12)
				_ = s.Write(addr+uint64(at), buf[at:at+1])
			}
		}
		pos += size
	}
}

// dirents is the format of directory entries (getdents(2)).
type dirents struct {
	ino, reclen, min int
	wide             bool // the type stands before the name
}

// typ returns where the type of an entry of size bytes stands.
func (l dirents) typ(size int) int {
	if l.wide {
		return l.reclen + 2
	}
	return size - 1
}

func direntLayout(s *tracer.Stop) (l dirents, arg int) {
	if arg := s.Call.Arg(sysent.EntryBuf64); arg >= 0 {
		return dirents{ino: 8, reclen: 16, min: 20, wide: true}, arg
	}
	word := s.Arch.PointerSize()
	return dirents{ino: word, reclen: 2 * word, min: 2*word + 4}, s.Call.Arg(sysent.EntryBuf)
}

// deviceOf returns st_dev of the directory that a call reads.
func deviceOf(s *tracer.Stop) uint64 {
	var st unix.Stat_t
	if unix.Stat(descriptorPath(s.Tid, int(int32(s.Args[0]))), &st) != nil {
		return 0
	}
	return st.Dev
}
