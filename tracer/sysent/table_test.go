package sysent

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rowNames returns the names of all rows in the order of the source.
func rowNames() []string {
	var names []string
	for _, family := range families() {
		for i := range family {
			names = append(names, family[i].Name)
		}
	}
	return names
}

func TestNumbersAndRowsAreTheSameCalls(t *testing.T) {
	rows := rowNames()
	slices.Sort(rows)
	var numbered []string
	for _, c := range numbers {
		numbered = append(numbered, c.name)
	}
	if diff := cmp.Diff(numbered, rows); diff != "" {
		t.Errorf("rows, in the order of names, differ from the numbered calls (-want +got):\n%s", diff)
	}
}

func TestEveryNumberIsClassified(t *testing.T) {
	for _, a := range Arches() {
		for _, c := range numbers {
			if c.number[a] == none {
				continue
			}
			nr := uint32(c.number[a])
			e := a.Lookup(nr)
			switch {
			case e == nil:
				t.Errorf("%v %d (%s) has no row", a, nr, c.name)
			case e.Name != c.name:
				t.Errorf("%v.Lookup(%d) = %s, want %s", a, nr, e.Name, c.name)
			case e.Class == Unclassified || e.Class >= numClass:
				t.Errorf("%v %d (%s) has %v", a, nr, c.name, e.Class)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	tests := []struct {
		name string
		call string
		arch Arch
		want uint32
		ok   bool
	}{
		{name: "amd64", call: "openat", arch: AMD64, want: 257, ok: true},
		{name: "i386", call: "openat", arch: I386, want: 295, ok: true},
		{name: "arm64", call: "openat", arch: ARM64, want: 56, ok: true},
		{name: "number zero", call: "restart_syscall", arch: I386, want: 0, ok: true},
		{name: "arm64 has no open", call: "open", arch: ARM64},
		{name: "i386 has no accept", call: "accept", arch: I386},
		{name: "amd64 has no socketcall", call: "socketcall", arch: AMD64},
		{name: "same name, other ids", call: "chown", arch: I386, want: 182, ok: true},
		{name: "no such ABI", call: "openat", arch: numArch},
		{name: "highest", call: "rseq_slice_yield", arch: ARM64, want: maxNumber, ok: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := ByName(tt.call)
			if e == nil {
				t.Fatalf("ByName(%q) = nil", tt.call)
			}
			got, ok := e.Number(tt.arch)
			if got != tt.want || ok != tt.ok {
				t.Errorf("Number(%v) = %d, %v, want %d, %v", tt.arch, got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	tests := []struct {
		name string
		arch Arch
		nr   uint32
	}{
		{name: "hole of amd64", arch: AMD64, nr: 400},
		{name: "hole of arm64", arch: ARM64, nr: 244},
		{name: "behind the last", arch: AMD64, nr: maxNumber + 1},
		{name: "x32 read", arch: AMD64, nr: 0x40000000},
		{name: "minus one", arch: AMD64, nr: 0xffffffff},
		{name: "no such ABI", arch: numArch, nr: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e := tt.arch.Lookup(tt.nr); e != nil {
				t.Errorf("Lookup(%#x) = %s, want nil", tt.nr, e.Name)
			}
		})
	}
	if e := ByName("nosuchcall"); e != nil {
		t.Errorf("ByName(nosuchcall) = %s, want nil", e.Name)
	}
	if nr, ok := (&Entry{Name: "nosuchcall"}).Number(AMD64); ok {
		t.Errorf("Number of a call that is not in the table = %d", nr)
	}
}

func TestEntries(t *testing.T) {
	var got []string
	for e := range Entries() {
		got = append(got, e.Name)
	}
	if !slices.IsSorted(got) {
		t.Error("Entries is not in the order of names")
	}
	if len(got) != len(numbers) {
		t.Errorf("Entries yields %d calls, want %d", len(got), len(numbers))
	}
	for range Entries() {
		break // the iterator must bear it
	}
}

func TestSocketcall(t *testing.T) {
	want := []string{
		"", "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername",
		"socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt",
		"getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg", "",
	}
	var got []string
	for n := range uint32(len(want)) {
		name := ""
		if e := Socketcall(n); e != nil {
			name = e.Name
		}
		got = append(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls of socketcall(2) (-want +got):\n%s", diff)
	}
	if e := Socketcall(0xffffffff); e != nil {
		t.Errorf("Socketcall(-1) = %s, want nil", e.Name)
	}
}

func TestIDBits(t *testing.T) {
	tests := []struct {
		name string
		call string
		arch Arch
		want int
	}{
		{name: "chown of i386", call: "chown", arch: I386, want: 16},
		{name: "chown of amd64", call: "chown", arch: AMD64, want: 32},
		{name: "chown32", call: "chown32", arch: I386, want: 32},
		{name: "fchownat", call: "fchownat", arch: I386, want: 32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ByName(tt.call).IDBits(tt.arch); got != tt.want {
				t.Errorf("IDBits = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestArg(t *testing.T) {
	e := ByName("symlinkat")
	if got := e.Arg(Path); got != 2 {
		t.Errorf("symlinkat: Arg(Path) = %d, want 2", got)
	}
	if got := e.Arg(NewPath); got != -1 {
		t.Errorf("symlinkat: Arg(NewPath) = %d, want -1", got)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	nr, _ := ByName("openat").Number(AMD64)
	if n := testing.AllocsPerRun(100, func() { AMD64.Lookup(nr) }); n != 0 {
		t.Errorf("Lookup allocates %v times", n)
	}
}

// TestLookupAnyNumber looks all small numbers up, and those around each power of
// two.
func TestLookupAnyNumber(t *testing.T) {
	var all []uint32
	for nr := range uint32(1 << 16) {
		all = append(all, nr)
	}
	for bit := range 32 {
		power := uint32(1) << bit
		all = append(all, power-1, power, power+1, -power, -power-1)
	}
	for arch := range Arch(255) {
		for _, nr := range all {
			if e := arch.Lookup(nr); e != nil {
				if got, ok := e.Number(arch); !ok || got != nr {
					t.Fatalf("%v.Lookup(%d) = %s, whose number is %d, %v", arch, nr, e.Name, got, ok)
				}
			}
			if e := Socketcall(nr); (e != nil) != (nr >= callSocket && nr <= callSendmmsg) {
				t.Fatalf("Socketcall(%d) = %v", nr, e)
			}
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	for b.Loop() {
		AMD64.Lookup(257)
	}
}

func BenchmarkNewIndex(b *testing.B) {
	for b.Loop() {
		newIndex()
	}
}
