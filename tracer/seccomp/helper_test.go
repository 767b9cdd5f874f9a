package seccomp_test

import (
	"encoding/binary"
	"math"
	"syscall"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/catbox-go/catbox/tracer/seccomp"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Values of AUDIT_ARCH_* (linux/audit.h).
const (
	amd64   = 0xc000003e
	i386    = 0x40000003
	arm64   = 0xc00000b7
	arm     = 0x40000028
	armBig  = 0x00000028
	riscv64 = 0xc00000f3
	ppc64   = 0x80000015
)

const (
	low = uint64(math.MaxUint32)
	all = uint64(math.MaxUint64)
)

var (
	eacces = seccomp.Errno(syscall.EACCES)
	enosys = seccomp.Errno(syscall.ENOSYS)
	eperm  = seccomp.Errno(syscall.EPERM)
)

// data is struct seccomp_data.
type data struct {
	arch, nr uint32
	args     [6]uint64
}

// machine runs a compiled program.
type machine struct {
	vm   *bpf.VM
	size int
}

func compile(t testing.TB, s seccomp.Spec) (machine, []bpf.RawInstruction) {
	t.Helper()
	raw, err := s.Compile()
	if err != nil {
		t.Fatal(err)
	}
	code, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("program holds unknown instructions")
	}
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatal(err)
	}
	return machine{vm: vm, size: len(raw)}, raw
}

// run answers a call. The virtual machine loads words in network order, so the
// words are stored in it.
func (m machine) run(t testing.TB, d data) seccomp.Action {
	t.Helper()
	var packet [64]byte
	binary.BigEndian.PutUint32(packet[0:], d.nr)
	binary.BigEndian.PutUint32(packet[4:], d.arch)
	for i, arg := range d.args {
		binary.BigEndian.PutUint32(packet[16+8*i:], uint32(arg))
		binary.BigEndian.PutUint32(packet[20+8*i:], uint32(arg>>32))
	}
	got, err := m.vm.Run(packet[:])
	if err != nil {
		t.Fatal(err)
	}
	return seccomp.Action(uint32(got))
}

func refuse(e syscall.Errno, when ...sysent.Cond) sysent.Rule {
	return sysent.Rule{When: when, Verb: sysent.Refuse, Errno: e}
}

func stop(when ...sysent.Cond) sysent.Rule {
	return sysent.Rule{When: when, Verb: sysent.Stop}
}

func allow(when ...sysent.Cond) sysent.Rule {
	return sysent.Rule{When: when, Verb: sysent.Allow}
}

func is(arg int, mask, value uint64) sysent.Cond {
	return sysent.Cond{Arg: arg, Mask: mask, Value: value}
}

func not(c sysent.Cond) sysent.Cond {
	c.Not = !c.Not
	return c
}

func call(number uint32, chains ...seccomp.Chain) seccomp.Call {
	return seccomp.Call{Number: number, Chains: chains}
}

// confining returns a filter in the manner of a confined build.
func confining() seccomp.Spec {
	write := not(is(2, 0o1103, 0)) // O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
	return seccomp.Spec{
		Foreign: seccomp.Kill,
		Unknown: enosys,
		ABIs: []seccomp.ABI{
			{Arch: sysent.AMD64, Calls: []seccomp.Call{
				call(0), call(1), call(3), call(5), // read, write, close, fstat
				call(2, seccomp.Chain{stop(not(is(1, 0o1103, 0)))}),
				call(41, seccomp.Chain{
					allow(is(0, low, 1), is(1, 0xf, 1)),
					allow(is(0, low, 1), is(1, 0xf, 5)),
					allow(is(0, low, 16), is(2, low, 0)),
					refuse(syscall.EACCES),
				}),
				call(44, seccomp.Chain{refuse(syscall.EACCES, not(is(4, all, 0)))}),
				call(56, seccomp.Chain{
					refuse(syscall.EPERM, not(is(0, 0x00800000, 0))),
					refuse(syscall.EPERM, not(is(0, 0x7e020000, 0))),
				}),
				call(90, seccomp.Chain{stop()}),
				call(101, seccomp.Chain{refuse(syscall.EPERM)}),
				call(157, seccomp.Chain{
					refuse(0, is(0, low, 4), is(1, all, 0)),
					refuse(syscall.EPERM, is(0, low, 35)),
				}),
				call(428, seccomp.Chain{refuse(syscall.EPERM, is(2, 1, 1))}),
				call(257, seccomp.Chain{stop(write)}, seccomp.Chain{stop(is(0, low, 0xffffff9c))}),
			}},
			{Arch: sysent.I386, Calls: []seccomp.Call{
				call(3), call(4), call(6),
				call(5, seccomp.Chain{stop(not(is(1, 0o1103, 0)))}),
				call(102, seccomp.Chain{refuse(syscall.EACCES, is(0, low, 3)), stop(is(0, low, 16))}),
				call(295, seccomp.Chain{stop(write)}),
			}},
			{Arch: sysent.ARM64, Calls: []seccomp.Call{
				call(63), call(64), call(57),
				call(56, seccomp.Chain{stop(write)}),
				call(117, seccomp.Chain{refuse(syscall.EPERM)}),
			}},
		},
	}
}
