package catbox

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/internal/resolve"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// guestBase is where the memory of made-up tracees begins.
const guestBase = 0x10000

// newTestConfiner decides for a process that is the test itself.
func newTestConfiner(t testing.TB, box *Sandbox) *confiner {
	t.Helper()
	c, err := box.newConfiner(&Command{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.resolver.Close)
	return c
}

// openStop is a call openat(AT_FDCWD, path, flags, 0644) of the test itself.
func openStop(path string, flags uint64) *tracer.Stop {
	at := unix.AT_FDCWD
	return tracer.NewStop(tracer.NewProcess(os.Getpid(), nil, "test"), sysent.AMD64, sysent.ByName("openat"),
		[6]uint64{uint64(at), guestBase, flags, 0o644}, guestBase, append([]byte(path), 0))
}

func TestAllowedOpenAllocatesNothing(t *testing.T) {
	dir := t.TempDir()
	c := newTestConfiner(t, &Sandbox{Paths: []string{dir}})
	for _, name := range []string{"/new", "/./new", "/sub/../new"} {
		if err := os.MkdirAll(dir+"/sub", 0o755); err != nil {
			t.Fatal(err)
		}
		s := openStop(dir+name, unix.O_CREAT|unix.O_WRONLY)
		if !c.enter(s).Continues() {
			t.Fatalf("%s is refused: %v", name, c.journal.list)
		}
		if n := testing.AllocsPerRun(100, func() { c.enter(s) }); n != 0 {
			t.Errorf("%s: %v allocations for each call", name, n)
		}
	}
}

func BenchmarkEnterAllowedOpen(b *testing.B) {
	dir := b.TempDir()
	c := newTestConfiner(b, &Sandbox{Paths: []string{dir}})
	s := openStop(dir+"/new", unix.O_CREAT|unix.O_WRONLY)
	b.ReportAllocs()
	for b.Loop() {
		if !c.enter(s).Continues() {
			b.Fatal("refused")
		}
	}
}

func BenchmarkEnterRefusedOpen(b *testing.B) {
	dir := b.TempDir()
	c := newTestConfiner(b, &Sandbox{})
	s := openStop(dir+"/new", unix.O_CREAT|unix.O_WRONLY)
	b.ReportAllocs()
	for b.Loop() {
		if c.enter(s).Continues() {
			b.Fatal("allowed")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var k call
	s := openStop("/x", unix.O_WRONLY)
	b.ReportAllocs()
	for b.Loop() {
		k.decode(s, s.Call, s.Args)
	}
}

func BenchmarkOrder(b *testing.B) {
	var k call
	s := openStop("/x", unix.O_WRONLY)
	k.decode(s, s.Call, s.Args)
	missing := &resolve.Result{Path: []byte("/x"), Kind: resolve.Named}
	b.ReportAllocs()
	for b.Loop() {
		if errno, _ := order(&k, missing, nil, nil); errno != unix.ENOENT {
			b.Fatal(errno)
		}
	}
}

// FuzzEnter makes calls with any arguments and any memory. Whatever they are,
// nothing panics, and no call runs that writes to a path that could not be read.
func FuzzEnter(f *testing.F) {
	entries := slices.Collect(sysent.Entries())
	// The others never stop.
	entries = slices.DeleteFunc(entries, func(e *sysent.Entry) bool { return len(e.Confine) == 0 })
	c := newTestConfiner(f, &Sandbox{Paths: []string{"/nowhere/allowed"}})
	for i := range entries {
		f.Add(uint16(i), uint8(0), uint64(guestBase), uint64(guestBase), uint64(guestBase), uint64(0), uint64(2), []byte("/etc/x\x00\x02\x00/x"))
		f.Add(uint16(i), uint8(1), ^uint64(99), uint64(guestBase), uint64(0x41), uint64(guestBase), uint64(1), []byte("../x"))
	}
	arches := sysent.Arches()
	f.Fuzz(func(t *testing.T, which uint16, arch uint8, a, b, d, e, g uint64, mem []byte) {
		entry := entries[int(which)%len(entries)]
		s := tracer.NewStop(tracer.NewProcess(os.Getpid(), nil, "fuzz"), arches[int(arch)%len(arches)], entry,
			[6]uint64{a, b, d, e, g, a}, guestBase, mem)
		*c.journal = *newJournal(10)
		verdict := c.enter(s)
		if verdict.Continues() && unreadablePath(s) {
			t.Errorf("%s runs, though its path cannot be read", entry.Name)
		}
	})
}

// unreadablePath reports whether a call writes by a path that is no string in
// the memory of the tracee.
func unreadablePath(s *tracer.Stop) bool {
	switch s.Call.Class {
	case sysent.Open, sysent.PathWrite, sysent.Owner, sysent.Xattr:
	default:
		return false
	}
	var buf [tracer.PathMax]byte
	for i, role := range s.Call.Args {
		if role != sysent.Path && role != sysent.NewPath || s.Args[i] == 0 && s.Call.NullPath {
			continue
		}
		if _, errno := s.ReadString(s.Args[i], buf[:]); errno != 0 {
			return true
		}
	}
	return false
}

func FuzzDecodeAddress(f *testing.F) {
	for _, seed := range []string{"\x02\x00\x00\x50\x7f\x00\x00\x01", "\x0a\x00\x00\x50", "\x01\x00/run/x\x00y", "\x01\x00\x00name", "\x01\x00", "\x11\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 2 {
			return
		}
		a := decodeAddress(b)
		if a.name == "" && !(a.family == unix.AF_UNIX && a.path != nil) {
			t.Errorf("%x has no name", b)
		}
		if a.path != nil && (a.family != unix.AF_UNIX || slices.Contains(a.path, 0)) {
			t.Errorf("%x: path %q", b, a.path)
		}
	})
}

func TestDecodeAddress(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"v4", "\x02\x00\x00\x50\x01\x02\x03\x04\x00\x00", "1.2.3.4:80"},
		{"v6", "\x0a\x00\x00\x50\x00\x00\x00\x00" + string(make([]byte, 15)) + "\x01\x00\x00\x00\x00", "[::1]:80"},
		{"short v4", "\x02\x00\x00", "invalid AddrPort"},
		{"path", "\x01\x00/run/s\x00rest", "/run/s"},
		{"path without an end", "\x01\x00/run/s", "/run/s"},
		{"abstract", "\x01\x00\x00a\x00b", "@a\x00b"},
		{"unnamed", "\x01\x00", "unnamed"},
		{"packet", "\x11\x00", "AF_PACKET"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := decodeAddress([]byte(tt.in))
			if a.name != tt.want {
				t.Errorf("got %q, want %q", a.name, tt.want)
			}
		})
	}
}
