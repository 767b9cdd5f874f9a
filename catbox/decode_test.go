package catbox

import (
	"os"
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
