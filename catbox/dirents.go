package catbox

import (
	"bytes"
	"encoding/binary"

	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// dirents is the format of directory entries (getdents(2)).
type dirents struct {
	ino, reclen, min int
	wide             bool // the type stands before the name
}

func direntLayout(s *tracer.Stop) (l dirents, arg int) {
	if arg := s.Call.Arg(sysent.EntryBuf64); arg >= 0 {
		return dirents{ino: 8, reclen: 16, min: 20, wide: true}, arg
	}
	word := s.Arch.PointerSize()
	return dirents{ino: word, reclen: 2 * word, min: 2*word + 4}, s.Call.Arg(sysent.EntryBuf)
}

// typ returns where the type of an entry of size bytes stands.
func (l dirents) typ(size int) int {
	if l.wide {
		return l.reclen + 2
	}
	return size - 1
}

// next cuts the first entry off; nil if there is no whole one.
func (l dirents) next(buf []byte) (entry, rest []byte) {
	if len(buf) == 0 || len(buf) < l.min {
		return nil, nil
	}
	size := int(binary.NativeEndian.Uint16(buf[l.reclen:]))
	if size < l.min || size > len(buf) {
		return nil, nil
	}
	return buf[:size:size], buf[size:]
}

// name returns where the name of an entry begins, and the name.
func (l dirents) name(entry []byte) (at int, name []byte) {
	at = l.reclen + 2
	if l.wide {
		at++
	}
	name, _, _ = bytes.Cut(entry[at:], []byte{0})
	return at, name
}

// offset returns the bytes that say where the next entry is (d_off), which are as wide
// as the inode number before them.
func (l dirents) offset(entry []byte) []byte { return entry[l.ino : 2*l.ino] }

// readEntries returns what a call has written, in a buffer that it makes larger if it
// has to, and where that stands; nil for nothing.
func readEntries(s *tracer.Stop, buf *[]byte) (entries []byte, l dirents, addr uint64) {
	const maxBytes = 1 << 20 // of one call; libraries ask for 32 KiB
	if s.Value <= 0 || s.Value > maxBytes {
		return nil, l, 0
	}
	if int64(len(*buf)) < s.Value {
		*buf = make([]byte, s.Value)
	}
	l, at := direntLayout(s)
	addr = word(s, s.Args[at])
	entries = (*buf)[:s.Value]
	if s.ReadFull(addr, entries) != 0 {
		return nil, l, 0
	}
	return entries, l, addr
}
