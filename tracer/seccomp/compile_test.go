package seccomp_test

import (
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"github.com/catbox-go/catbox/tracer/seccomp"
	"github.com/catbox-go/catbox/tracer/sysent"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	const garbage = uint64(0xdeadbeef00000000)
	tests := []struct {
		name string
		data data
		want seccomp.Action
	}{
		{"read", data{amd64, 0, [6]uint64{3, 4, 5}}, seccomp.Allow},
		{"open read-only", data{amd64, 2, [6]uint64{1, 0}}, seccomp.Allow},
		{"open write", data{amd64, 2, [6]uint64{1, 1}}, seccomp.Trace},
		{"open, high garbage, read-only", data{amd64, 2, [6]uint64{1, garbage}}, seccomp.Allow},
		{"open, high garbage, create", data{amd64, 2, [6]uint64{1, garbage | 0o100}}, seccomp.Trace},
		{"openat write", data{amd64, 257, [6]uint64{5, 1, 2}}, seccomp.Trace},
		{"openat of a descriptor, read-only", data{amd64, 257, [6]uint64{5, 1, 0}}, seccomp.Allow},
		{"second handler stops", data{amd64, 257, [6]uint64{low - 99, 1, 0}}, seccomp.Trace},
		{"second handler, sign extended", data{amd64, 257, [6]uint64{all - 99, 1, 0}}, seccomp.Trace},
		{"constant stop", data{amd64, 90, [6]uint64{}}, seccomp.Trace},
		{"constant refusal", data{amd64, 101, [6]uint64{}}, eperm},
		{"socket unix stream", data{amd64, 41, [6]uint64{1, 0x80801}}, seccomp.Allow},
		{"socket unix dgram", data{amd64, 41, [6]uint64{1, 2}}, eacces},
		{"socket inet", data{amd64, 41, [6]uint64{2, 1}}, eacces},
		{"socket inet, high garbage that hides it", data{amd64, 41, [6]uint64{garbage | 2, 1}}, eacces},
		{"socket netlink route", data{amd64, 41, [6]uint64{16, 3, 0}}, seccomp.Allow},
		{"socket netlink other", data{amd64, 41, [6]uint64{16, 3, 9}}, eacces},
		{"sendto without address", data{amd64, 44, [6]uint64{}}, seccomp.Allow},
		{"sendto, low address word", data{amd64, 44, [6]uint64{4: 1}}, eacces},
		{"sendto, high address word", data{amd64, 44, [6]uint64{4: 1 << 32}}, eacces},
		{"clone plain", data{amd64, 56, [6]uint64{17}}, seccomp.Allow},
		{"clone untraced", data{amd64, 56, [6]uint64{0x00800011}}, eperm},
		{"clone namespace", data{amd64, 56, [6]uint64{0x10000011}}, eperm},
		{"prctl dumpable off", data{amd64, 157, [6]uint64{garbage | 4, 0}}, seccomp.Errno(0)},
		{"prctl dumpable, 64-bit value", data{amd64, 157, [6]uint64{4, garbage}}, seccomp.Allow},
		{"prctl set mm", data{amd64, 157, [6]uint64{35}}, eperm},
		{"gap between numbers", data{amd64, 4, [6]uint64{}}, enosys},
		{"open_tree of a copy", data{amd64, 428, [6]uint64{2: 0x80001}}, eperm},
		{"open_tree", data{amd64, 428, [6]uint64{2: 0x80000}}, seccomp.Allow},
		{"after the last number", data{amd64, 429, [6]uint64{}}, enosys},
		{"x32 read", data{amd64, 0x40000000, [6]uint64{}}, enosys},
		{"x32 open", data{amd64, 0x40000002, [6]uint64{}}, enosys},
		{"number -1", data{amd64, math.MaxUint32, [6]uint64{}}, enosys},
		{"most negative number", data{amd64, 1 << 31, [6]uint64{}}, enosys},
		{"i386 number 5 is open", data{i386, 5, [6]uint64{1, 2}}, seccomp.Trace},
		{"i386 number 5, read-only", data{i386, 5, [6]uint64{1, 0}}, seccomp.Allow},
		{"amd64 number 5 is fstat", data{amd64, 5, [6]uint64{1, 2}}, seccomp.Allow},
		{"i386 socketcall connect", data{i386, 102, [6]uint64{3}}, eacces},
		{"i386 socketcall sendmsg", data{i386, 102, [6]uint64{16}}, seccomp.Trace},
		{"i386 negative", data{i386, math.MaxUint32, [6]uint64{}}, enosys},
		{"i386 bit 30", data{i386, 0x40000003, [6]uint64{}}, enosys},
		{"i386 unknown", data{i386, 0, [6]uint64{}}, enosys},
		{"arm64 openat", data{arm64, 56, [6]uint64{0, 0, 0o100}}, seccomp.Trace},
		{"arm64 ptrace", data{arm64, 117, [6]uint64{}}, eperm},
		{"arm64 negative", data{arm64, math.MaxUint32 - 1, [6]uint64{}}, enosys},
		{"foreign arm", data{arm, 3, [6]uint64{}}, seccomp.Kill},
		{"foreign big endian arm", data{armBig, 3, [6]uint64{}}, seccomp.Kill},
		{"foreign riscv64", data{riscv64, 63, [6]uint64{}}, seccomp.Kill},
		{"foreign ppc64", data{ppc64, 0, [6]uint64{}}, seccomp.Kill},
		{"architecture 0", data{0, 0, [6]uint64{}}, seccomp.Kill},
		{"architecture with all bits", data{math.MaxUint32, 0, [6]uint64{}}, seccomp.Kill},
		{"amd64 without the little endian bit", data{0x8000003e, 0, [6]uint64{}}, seccomp.Kill},
		{"foreign and x32", data{riscv64, 0x40000000, [6]uint64{}}, seccomp.Kill},
	}
	spec := confining()
	m, _ := compile(t, spec)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, spec.Decide(test.data.arch, test.data.nr, test.data.args)); diff != "" {
				t.Errorf("Decide (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, m.run(t, test.data)); diff != "" {
				t.Errorf("program (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	t.Parallel()
	one := func(rules ...sysent.Rule) seccomp.Spec {
		return seccomp.Spec{Foreign: seccomp.Kill, Unknown: enosys, ABIs: []seccomp.ABI{
			{Arch: sysent.I386, Calls: []seccomp.Call{call(3), call(59, seccomp.Chain{}, rules)}},
		}}
	}
	with := func(change func(*seccomp.Spec)) seccomp.Spec {
		s := one()
		change(&s)
		return s
	}
	tests := []struct {
		name string
		spec seccomp.Spec
		want string
	}{
		{"zero", seccomp.Spec{}, "foreign architectures have no answer: set Spec.Foreign"},
		{"no unknown", seccomp.Spec{Foreign: seccomp.Kill}, "unknown numbers have no answer: set Spec.Unknown"},
		{"odd foreign", with(func(s *seccomp.Spec) { s.Foreign = 1 }), "foreign architectures: action 0x1 is not supported"},
		{"odd unknown", with(func(s *seccomp.Spec) { s.Unknown = seccomp.Errno(4096) }), "unknown numbers: errno 4096 is not supported"},
		{"no such ABI", with(func(s *seccomp.Spec) { s.ABIs[0].Arch = 99 }), "arch(99) does not exist"},
		{"ABI twice", with(func(s *seccomp.Spec) { s.ABIs = append(s.ABIs, s.ABIs[0]) }), "i386 is listed twice"},
		{"number twice", with(func(s *seccomp.Spec) { s.ABIs[0].Calls[0].Number = 59 }), "i386: call 59 is listed twice"},
		{
			"x32 number", with(func(s *seccomp.Spec) { s.ABIs[0].Calls[0].Number = 0x40000000 }),
			"i386: call 1073741824: numbers from 0x40000000 up are unknown by definition",
		},
		{"verb", one(sysent.Rule{Verb: 9}), "i386: call 59: chain 1, rule 0: verb 9 does not exist"},
		{"errno", one(allow(is(0, low, 1)), refuse(4096)), "i386: call 59: chain 1, rule 1: error number 4096 is above 4095"},
		{"argument 6", one(stop(is(6, low, 1))), "i386: call 59: chain 1, rule 0: condition 0: argument index 6 is not in 0 to 5"},
		{"argument -1", one(stop(is(-1, low, 1))), "i386: call 59: chain 1, rule 0: condition 0: argument index -1 is not in 0 to 5"},
		{
			"mask 0", one(stop(is(1, low, 1), is(0, 0, 0))),
			"i386: call 59: chain 1, rule 0: condition 1: mask is 0: use 0xffffffff for an int, 0xffffffffffffffff for a pointer or length",
		},
		{
			"value outside mask", one(stop(is(0, 0xf0, 0x1f0))),
			"i386: call 59: chain 1, rule 0: condition 0: value 0x1f0 has bits outside mask 0xf0 and can never be met",
		},
		{
			"tracer", one(stop(is(0, low, sysent.TracerTGID))),
			"i386: call 59: chain 1, rule 0: condition 0: the process id of the tracer is not substituted",
		},
		{
			"tracer, impossible id", one(stop(is(0, low, sysent.TracerTGID))).Substitute(0),
			"i386: call 59: chain 1, rule 0: condition 0: the process id of the tracer is not substituted",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			raw, err := test.spec.Compile()
			if err == nil {
				t.Fatalf("compiled to %d instructions", len(raw))
			}
			if diff := cmp.Diff("compile filter: "+test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	_, err := scattered(3000).Compile()
	if err == nil || !strings.Contains(err.Error(), "the kernel accepts 4096") {
		t.Errorf("error = %v, want one that names the limit", err)
	}
}

func TestSubstitute(t *testing.T) {
	t.Parallel()
	spec := seccomp.Spec{Foreign: seccomp.Kill, Unknown: enosys, ABIs: []seccomp.ABI{
		{Arch: sysent.AMD64, Calls: []seccomp.Call{
			call(1),
			call(234, seccomp.Chain{refuse(syscall.EPERM, is(1, low, 7), is(0, low, sysent.TracerTGID))}),
		}},
	}}
	m, _ := compile(t, spec.Substitute(4711))
	for pid, want := range map[uint64]seccomp.Action{4711: eperm, 4712: seccomp.Allow} {
		if diff := cmp.Diff(want, m.run(t, data{amd64, 234, [6]uint64{pid, 7}})); diff != "" {
			t.Errorf("tgkill(%d) (-want +got):\n%s", pid, diff)
		}
	}
	if got := spec.ABIs[0].Calls[1].Chains[0][0].When[1].Value; got != sysent.TracerTGID {
		t.Errorf("Substitute changed its receiver to %d", got)
	}
}

// TestConstantNumbers follows the program for each number as the kernel does
// when a filter is installed: a number that is answered without conditions must
// get its answer from loads of the number and of the architecture alone.
func TestConstantNumbers(t *testing.T) {
	t.Parallel()
	spec := confining()
	// Rules that all say the same do not depend on the arguments either.
	spec.ABIs[0].Calls = append(spec.ABIs[0].Calls, call(400, seccomp.Chain{allow(is(0, low, 1)), allow(is(1, 3, 2))}))
	constant := map[uint32]bool{0: true, 1: true, 3: true, 5: true, 90: true, 101: true, 400: true}
	conditional := map[uint32]bool{2: true, 41: true, 44: true, 56: true, 157: true, 257: true, 428: true}
	_, raw := compile(t, spec)
	for nr := range uint32(512) {
		got, ok := emulate(t, raw, amd64, nr)
		if ok == conditional[nr] {
			t.Errorf("number %d: constant = %v", nr, ok)
		}
		if want := spec.Decide(amd64, nr, [6]uint64{}); ok && got != want {
			t.Errorf("number %d: %v, want %v", nr, got, want)
		}
		if constant[nr] && !ok {
			t.Errorf("number %d loads an argument", nr)
		}
	}
}

// emulate runs a program on number and architecture; ok is false when it loads
// anything else. The operations are those of linux/bpf_common.h.
func emulate(t *testing.T, raw []bpf.RawInstruction, arch, nr uint32) (_ seccomp.Action, ok bool) {
	t.Helper()
	var acc uint32
	for pc := 0; pc < len(raw); pc++ {
		i := raw[pc]
		var holds bool
		switch i.Op {
		case 0x06: // BPF_RET|BPF_K
			return seccomp.Action(i.K), true
		case 0x20: // BPF_LD|BPF_W|BPF_ABS
			word, known := map[uint32]uint32{0: nr, 4: arch}[i.K]
			if !known {
				return 0, false
			}
			acc = word
			continue
		case 0x05: // BPF_JMP|BPF_JA
			pc += int(i.K)
			continue
		case 0x15: // BPF_JMP|BPF_JEQ|BPF_K
			holds = acc == i.K
		case 0x35: // BPF_JMP|BPF_JGE|BPF_K
			holds = acc >= i.K
		default:
			t.Fatalf("instruction %d is %v", pc, i)
		}
		if holds {
			pc += int(i.Jt)
		} else {
			pc += int(i.Jf)
		}
	}
	t.Fatal("program has no end")
	return 0, false
}

// scattered returns a filter in which n numbers have decisions of their own, far
// from each other and from the answers they share.
func scattered(n int) seccomp.Spec {
	calls := make([]seccomp.Call, n)
	for i := range calls {
		calls[i] = call(uint32(3*i), seccomp.Chain{
			stop(is(i%6, low, uint64(i))),
			refuse(syscall.EPERM, is(1, all, uint64(i)<<30), not(is(2, 0xff, 3))),
			refuse(syscall.Errno(1+i%7), is(3, 0xff, 5)),
		}, seccomp.Chain{stop(is(4, low, 77))})
	}
	return seccomp.Spec{Foreign: seccomp.Kill, Unknown: enosys, ABIs: []seccomp.ABI{
		{Arch: sysent.AMD64, Calls: calls}, {Arch: sysent.ARM64, Calls: calls},
	}}
}

func TestFarJumps(t *testing.T) {
	t.Parallel()
	const n = 200
	spec := scattered(n)
	m, _ := compile(t, spec)
	if m.size < 1000 {
		t.Fatalf("program of %d instructions has no far jumps", m.size)
	}
	for i := range uint64(n) {
		for _, args := range [][6]uint64{
			{}, {0: i, 1: i, 2: i, 3: i, 4: i, 5: i}, {1: i << 30}, {1: i << 30, 2: 3}, {3: 0x105}, {4: 77},
		} {
			for nr := uint32(3 * i); nr < uint32(3*i+2); nr++ {
				for _, arch := range []uint32{amd64, arm64, i386} {
					want := spec.Decide(arch, nr, args)
					if got := m.run(t, data{arch, nr, args}); got != want {
						t.Fatalf("arch %#x, number %d, arguments %v: %v, want %v", arch, nr, args, got, want)
					}
				}
			}
		}
	}
}

func TestDecisionsAreShared(t *testing.T) {
	t.Parallel()
	size := func(numbers ...uint32) int {
		s := seccomp.Spec{Foreign: seccomp.Kill, Unknown: enosys, ABIs: []seccomp.ABI{{Arch: sysent.AMD64}}}
		for _, nr := range numbers {
			s.ABIs[0].Calls = append(s.ABIs[0].Calls, call(nr, seccomp.Chain{
				stop(is(0, low, 1), is(1, 0xf, 3)), refuse(syscall.EPERM, is(2, all, 1<<40)),
			}))
		}
		m, _ := compile(t, s)
		return m.size
	}
	one, neighbours, two := size(10), size(10, 11, 12), size(10, 20)
	if neighbours != one {
		t.Errorf("neighbours with one decision take %d instructions, one of them %d", neighbours, one)
	}
	if two > one+2 {
		t.Errorf("two numbers with one decision take %d instructions, one %d", two, one)
	}
}

func TestActionString(t *testing.T) {
	t.Parallel()
	got := fmt.Sprint(seccomp.Kill, seccomp.Trace, seccomp.Allow, eacces, seccomp.Errno(0), seccomp.Action(0x7fc00000))
	if diff := cmp.Diff("kill trace allow errno 13 errno 0 notify", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// confinement returns the filter of the whole table of calls.
func confinement(t testing.TB, arches ...sysent.Arch) seccomp.Spec {
	t.Helper()
	s := seccomp.Spec{Foreign: enosys, Unknown: enosys}
	for _, arch := range arches {
		abi := seccomp.ABI{Arch: arch}
		for entry := range sysent.Entries() {
			if number, ok := entry.Number(arch); ok {
				abi.Calls = append(abi.Calls, call(number, entry.Confine))
			}
		}
		if len(abi.Calls) < 300 {
			t.Fatalf("%v has %d calls", arch, len(abi.Calls))
		}
		s.ABIs = append(s.ABIs, abi)
	}
	return s.Substitute(4711)
}

// TestTable compiles the rules of every call, and meets each of their
// conditions.
func TestTable(t *testing.T) {
	t.Parallel()
	spec := confinement(t, sysent.Arches()...)
	m, _ := compile(t, spec)
	draws := &source{rest: []byte("sixteen values of which each is taken once")}
	for _, d := range draws.calls(spec) {
		want := spec.Decide(d.arch, d.nr, d.args)
		if got := m.run(t, d); got != want {
			t.Errorf("%#v: %v, want %v", d, got, want)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, test := range []struct {
		name   string
		arches []sysent.Arch
	}{
		{"one ABI", []sysent.Arch{sysent.AMD64}},
		{"all ABIs", sysent.Arches()},
	} {
		b.Run(test.name, func(b *testing.B) {
			spec := confinement(b, test.arches...)
			b.ReportAllocs()
			var size int
			for b.Loop() {
				raw, err := spec.Compile()
				if err != nil {
					b.Fatal(err)
				}
				size = len(raw)
			}
			b.ReportMetric(float64(size), "instructions")
		})
	}
}
