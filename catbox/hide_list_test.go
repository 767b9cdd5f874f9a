package catbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func layouts() map[string]dirents {
	return map[string]dirents{"getdents64": {ino: 8, reclen: 16, min: 20, wide: true}, "getdents": {ino: 8, reclen: 16, min: 20}, "getdents of 32 bits": {ino: 4, reclen: 8, min: 12}}
}

// encodeEntries makes entries as the kernel does; each leads to its number from 1.
func encodeEntries(l dirents, names []string) []byte {
	var all []byte
	for i, name := range names {
		head := l.reclen + 2
		if l.wide {
			head++
		}
		entry := make([]byte, (head+len(name)+2+7)&^7)
		entry[0], entry[l.ino] = byte(100+i), byte(i+1)
		binary.NativeEndian.PutUint16(entry[l.reclen:], uint16(len(entry)))
		copy(entry[head:], name)
		entry[l.typ(len(entry))] = 8 // DT_REG
		all = append(all, entry...)
	}
	return all
}

// showEntries shows name, type and where each entry leads.
func showEntries(l dirents, entries []byte) string {
	var all []string
	for entry, rest := l.next(entries); entry != nil; entry, rest = l.next(rest) {
		_, name := l.name(entry)
		all = append(all, fmt.Sprintf("%s,%d,%d", name, entry[l.typ(len(entry))], l.offset(entry)[0]))
	}
	return strings.Join(all, " ")
}

func TestWithoutHidden(t *testing.T) {
	for name, l := range layouts() {
		for _, test := range []struct{ names, want string }{
			{"a bb ccc", "a,8,1 bb,8,2 ccc,8,3"},
			{"a -x bb -y -zzzzzzzzzzzzzz c", "a,8,2 bb,8,5 c,8,6"},
			{"-x -y a", "a,8,3"},
			{"a -long-name-that-takes-room b", "a,8,2 b,8,3"},
			{"-long-name -y -z", ".,4,3"},
			{"-", ".,4,1"},
			{"", ""},
		} {
			entries := encodeEntries(l, strings.Fields(test.names))
			got := l.without(entries, func(name []byte) bool { return name[0] == '-' })
			if diff := cmp.Diff(test.want, showEntries(l, got)); diff != "" {
				t.Errorf("%s, %q (-want +got)\n%s", name, test.names, diff)
			}
			if want := l.without(bytes.Clone(got), func([]byte) bool { return false }); !bytes.Equal(want, got) {
				t.Errorf("%s, %q: something stands behind the last entry", name, test.names)
			}
		}
	}
}

// FuzzWithoutHidden reads entries that another thread may have changed meanwhile.
func FuzzWithoutHidden(f *testing.F) {
	for _, l := range layouts() {
		f.Add(encodeEntries(l, []string{"a", "-x", "bb"}))
	}
	f.Fuzz(func(t *testing.T, entries []byte) {
		for name, l := range layouts() {
			got := l.without(bytes.Clone(entries), func(name []byte) bool { return len(name) == 0 || name[0] == '-' })
			if len(got) > len(entries) {
				t.Errorf("%s: %d bytes of %d", name, len(got), len(entries))
			}
		}
	})
}
