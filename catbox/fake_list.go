package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// showEntries changes the types of placeholders in what getdents(2) has written.
func (f *faker) showEntries(s *tracer.Stop) {
	entries, l, addr := readEntries(s, &f.buf)
	dev, known := uint64(0), false
	for entry, rest := l.next(entries); entry != nil; entry, rest = l.next(rest) {
		ino := number(entry, sysent.Field{At: 0, Size: l.ino}, false)
		if f.devices[ino] == 0 {
			continue
		}
		if !known {
			dev, known = deviceOf(s), true
		}
		if r := f.db.Get(fakeroot.Key{Dev: dev, Ino: ino}); r != nil && r.IsDevice() {
			at := l.typ(len(entry))
			entry[at] = byte(r.Mode >> 12)
			pos := len(entries) - len(rest) - len(entry)
			_ = s.Write(addr+uint64(pos+at), entry[at:at+1])
		}
	}
}

// deviceOf returns st_dev of the directory that a call reads.
func deviceOf(s *tracer.Stop) uint64 {
	var st unix.Stat_t
	if unix.Stat(descriptorPath(s.Tid, int(int32(s.Args[0]))), &st) != nil {
		return 0
	}
	return st.Dev
}
