package seccomp_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/catbox-go/catbox/tracer/seccomp"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// source draws values from the bytes of a fuzzer; after the last byte all are 0.
type source struct {
	rest []byte
}

func (s *source) below(n int) int {
	if len(s.rest) == 0 {
		return 0
	}
	v := int(s.rest[0])
	s.rest = s.rest[1:]
	return v % n
}

func (s *source) word() uint64 {
	words := [...]uint64{0, 1, 2, 3, 5, 0x40, 0o1103, 0xff, low, low - 99, 1 << 31, 1 << 32, 5 << 32, all - low, 1 << 63, all - 1, all}
	if i := s.below(len(words) + 1); i < len(words) {
		return words[i]
	}
	return uint64(s.below(256))<<40 | uint64(s.below(256))
}

func (s *source) cond() sysent.Cond {
	c := sysent.Cond{Arg: s.below(6), Mask: s.word(), Not: s.below(2) == 1}
	if c.Mask == 0 {
		c.Mask = low
	}
	c.Value = s.word() & c.Mask
	if c.Value == sysent.TracerTGID {
		c.Value = 0
	}
	return c
}

func (s *source) rule() sysent.Rule {
	r := sysent.Rule{Verb: sysent.Verb(s.below(4))}
	if r.Verb == sysent.Refuse {
		r.Errno = syscall.Errno(s.below(4))
	}
	for range s.below(4) {
		r.When = append(r.When, s.cond())
	}
	return r
}

func (s *source) action() seccomp.Action {
	return [...]seccomp.Action{seccomp.Kill, seccomp.Trace, seccomp.Allow, seccomp.Errno(0), enosys, seccomp.Notify}[s.below(6)]
}

func (s *source) spec() seccomp.Spec {
	spec := seccomp.Spec{Foreign: s.action(), Unknown: s.action()}
	for arch := range sysent.Arch(s.below(4)) {
		abi := seccomp.ABI{Arch: arch}
		var number uint32
		for range s.below(100) {
			c := call(number)
			for range s.below(3) {
				var chain seccomp.Chain
				for range s.below(4) {
					chain = append(chain, s.rule())
				}
				c.Chains = append(c.Chains, chain)
			}
			abi.Calls = append(abi.Calls, c)
			number += uint32(1 + s.below(3))
		}
		spec.ABIs = append(spec.ABIs, abi)
	}
	return spec
}

// calls returns calls that are likely to meet the conditions of a filter.
func (s *source) calls(spec seccomp.Spec) []data {
	var all []data
	for _, arch := range []uint32{amd64, i386, arm64, arm, 0} {
		for _, nr := range []uint32{0, uint32(s.below(256)), 0x3fffffff, 0x40000000, 0xffffffff} {
			all = append(all, data{arch, nr, [6]uint64{s.word(), s.word(), s.word(), s.word(), s.word(), s.word()}})
		}
	}
	for i, abi := range spec.ABIs {
		arch := [...]uint32{amd64, i386, arm64}[i]
		for _, c := range abi.Calls {
			var args [6]uint64
			all = append(all, data{arch, c.Number, args}, data{arch, c.Number + 1, args})
			for _, chain := range c.Chains {
				for _, rule := range chain {
					for _, cond := range rule.When {
						args[cond.Arg] = cond.Value | s.word()&^cond.Mask
						all = append(all, data{arch, c.Number, args})
						args[cond.Arg] ^= s.word()
						all = append(all, data{arch, c.Number, args})
					}
				}
			}
		}
	}
	return all
}

// spoil breaks something in a Spec that Compile must see.
func (s *source) spoil(spec *seccomp.Spec) {
	bad := s.rule()
	switch s.below(9) {
	case 0:
		spec.Foreign = 0
	case 1:
		spec.Unknown = seccomp.Action(0x00030000) // SECCOMP_RET_TRAP
	case 2:
		spec.ABIs = append(spec.ABIs, seccomp.ABI{Arch: sysent.Arch(3 + s.below(250))})
		return
	case 3:
		bad.Verb = sysent.Verb(4 + s.below(250))
	case 4:
		bad.Verb, bad.Errno = sysent.Refuse, syscall.Errno(4096+s.below(1<<20))
	case 5:
		bad.When = append(bad.When, sysent.Cond{Arg: 6 + s.below(250), Mask: low})
	case 6:
		bad.When = append(bad.When, sysent.Cond{Arg: -1 - s.below(250), Mask: low})
	case 7:
		bad.When = append(bad.When, sysent.Cond{Value: s.word()})
	case 8:
		bad.When = append(bad.When, sysent.Cond{Mask: low, Value: sysent.TracerTGID})
	}
	abi := seccomp.ABI{Arch: sysent.AMD64, Calls: []seccomp.Call{call(uint32(s.below(256)), seccomp.Chain{s.rule(), bad})}}
	spec.ABIs = append([]seccomp.ABI{abi}, spec.ABIs[min(1, len(spec.ABIs)):]...)
}

// FuzzCompile compares the answers of compiled programs with those of the rules,
// and shows the programs to the kernel. A Spec that is wrong does not compile.
func FuzzCompile(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte("\x00\x04\x03\x20\x02\x03\x02\x02\x01\x00\x00\x02\x01\x03\x01\x01"), false)
	for i := range byte(9) {
		f.Add([]byte{1, 2, 0, 2, 1, i, i}, true)
	}
	long := make([]byte, 8192)
	for i := range long {
		long[i] = byte(i * i >> 3)
	}
	f.Add(long, false)
	kernel := newChecker(f)
	f.Fuzz(func(t *testing.T, raw []byte, spoil bool) {
		s := &source{rest: raw}
		spec := s.spec()
		if spoil {
			s.spoil(&spec)
		}
		program, err := spec.Compile()
		switch {
		case spoil && err == nil:
			t.Fatalf("a Spec compiles that is wrong: %#v", spec)
		case spoil:
			return
		case err != nil && len(program) == 0 && strings.Contains(err.Error(), "instructions, the kernel accepts 4096"):
			return // the generator makes no other mistake
		case err != nil:
			t.Fatalf("%v: %#v", err, spec)
		}
		if err := kernel.check(program); err != nil {
			t.Fatalf("the kernel does not take the program: %v\n%#v", err, spec)
		}
		m, _ := compile(t, spec)
		for _, d := range s.calls(spec) {
			want := spec.Decide(d.arch, d.nr, d.args)
			if got := m.run(t, d); got != want {
				t.Fatalf("%#v: program answers %v, rules %v\n%#v", d, got, want, spec)
			}
		}
	})
}
