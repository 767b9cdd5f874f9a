package tracer

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// TestMemory reads strings at the ends of pages of a stopped program in each way
// that there is, and once in the best one.
func TestMemory(t *testing.T) {
	amd64Only(t)
	longest := string(bytes.Repeat([]byte{'c'}, PathMax-1))
	want := map[uint64]string{
		0: "crosses a page",
		1: "final",
		2: "EFAULT", // it runs into a hole
		3: "EFAULT",
		4: "EFAULT",
		5: string(bytes.Repeat([]byte{'b'}, 300)),
		6: longest,
		7: "ENAMETOOLONG",
		8: "EFAULT", // no right to read; a debugger would have it
		9: "EFAULT",
	}
	forced := map[uint64]string{8: "ENAMETOOLONG"} // by what a debugger uses
	for _, access := range []sys.Access{sys.ByVM, sys.ByFile, sys.ByWord} {
		t.Run(fmt.Sprint(access), func(t *testing.T) {
			var m sys.Memory
			m.Force(access)
			got := map[uint64]string{}
			h := Handler{Rules: stopOn("access"), Enter: func(s *Stop) Verdict {
				s.mem = &m
				var buf [PathMax]byte
				text, e := s.ReadString(s.Args[0], buf[:])
				got[s.Args[1]] = string(text)
				if e != 0 {
					got[s.Args[1]] = unix.ErrnoName(e)
				}
				checkWrite(t, s)
				return Continue()
			}}
			mustTrace(t, &Tracer{Handlers: []Handler{h}}, program(t, "memory", "-static"))
			for i, text := range want {
				if other, ok := forced[i]; ok && access != sys.ByVM {
					text = other
				}
				if e := got[i]; e == "EIO" {
					got[i] = "EFAULT" // PTRACE_PEEKDATA has no other errno
				}
				if diff := cmp.Diff(text, got[i]); diff != "" {
					t.Errorf("string %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

// checkWrite writes into the first string and across its page.
func checkWrite(t *testing.T, s *Stop) {
	t.Helper()
	if s.Args[1] != 0 {
		return
	}
	at := s.Args[0] + 1
	old, got := make([]byte, 11), make([]byte, 11)
	if e := s.ReadFull(at, old); e != 0 {
		t.Errorf("read: %v", e)
	}
	for _, text := range [][]byte{[]byte("0123456789a"), old} {
		if e := s.Write(at, text); e != 0 {
			t.Errorf("write: %v", e)
		}
		if e := s.ReadFull(at, got); e != 0 || !bytes.Equal(got, text) {
			t.Errorf("read back %q, %v, want %q", got, e, text)
		}
	}
	if e := s.Write(8, []byte("x")); e == 0 {
		t.Error("wrote to nothing")
	}
}

// TestNewStop checks the memory of a Stop without a process.
func TestNewStop(t *testing.T) {
	t.Parallel()
	const top = ^uint64(0)
	tests := []struct {
		name string
		addr uint64
		want unix.Errno
	}{
		{"begin", 0, 0},
		{"last place", 8, 0},
		{"beyond", 9, unix.EFAULT},
		{"far beyond", 100, unix.EFAULT},
		{"top", top, unix.EFAULT},
		{"wraps around", top - 7, unix.EFAULT},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := NewStop(NewProcess(1, nil), sysent.AMD64, nil, [6]uint64{}, 0, make([]byte, 16))
			if e := s.Write(test.addr, make([]byte, 8)); e != test.want {
				t.Errorf("write: %v, want %v", e, test.want)
			}
			if _, e := s.ReadWord(test.addr); e != test.want {
				t.Errorf("read: %v, want %v", e, test.want)
			}
		})
	}
}

// FuzzReadString compares ReadString with what the bytes say.
func FuzzReadString(f *testing.F) {
	f.Add([]byte("path\x00rest"), uint64(0), uint16(64))
	f.Add(bytes.Repeat([]byte{'a'}, 700), uint64(3), uint16(4096))
	f.Add([]byte("x"), ^uint64(0), uint16(1))
	f.Add(append(bytes.Repeat([]byte{'a'}, stringChunk), 0), uint64(0), uint16(stringChunk))
	f.Fuzz(func(t *testing.T, memory []byte, offset uint64, size uint16) {
		if size == 0 {
			return
		}
		const base = 0x1000
		s := NewStop(NewProcess(1, nil), sysent.AMD64, nil, [6]uint64{}, base, memory)
		got, e := s.ReadString(base+offset, make([]byte, size))
		want, wantErrno := wantString(memory, base, base+offset, int(size))
		if e != wantErrno || !bytes.Equal(got, want) {
			t.Errorf("%q at %#x: %q, %v, want %q, %v", memory, offset, got, e, want, wantErrno)
		}
	})
}

func wantString(memory []byte, base, addr uint64, size int) ([]byte, unix.Errno) {
	var tail []byte
	if addr >= base && addr-base < uint64(len(memory)) {
		tail = memory[addr-base:]
	}
	part := tail[:min(len(tail), size)]
	if end := bytes.IndexByte(part, 0); end >= 0 {
		return part[:end], 0
	}
	if len(part) < size {
		return nil, unix.EFAULT
	}
	return nil, unix.ENAMETOOLONG
}
