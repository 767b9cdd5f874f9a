package seccomp

import (
	"errors"
	"fmt"
	"math"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// check returns what keeps s from being compiled.
func (s Spec) check() error {
	if s.Foreign == 0 {
		return errors.New("foreign architectures have no answer: set Spec.Foreign")
	}
	if s.Unknown == 0 {
		return errors.New("unknown numbers have no answer: set Spec.Unknown")
	}
	if !s.Foreign.valid() {
		return fmt.Errorf("foreign architectures: %v is not supported", s.Foreign)
	}
	if !s.Unknown.valid() {
		return fmt.Errorf("unknown numbers: %v is not supported", s.Unknown)
	}
	seen := make(map[sysent.Arch]bool, len(s.ABIs))
	for _, abi := range s.ABIs {
		if abi.Arch.Audit() == 0 {
			return fmt.Errorf("%v does not exist", abi.Arch)
		}
		if seen[abi.Arch] {
			return fmt.Errorf("%v is listed twice", abi.Arch)
		}
		seen[abi.Arch] = true
		if err := abi.check(); err != nil {
			return fmt.Errorf("%v: %w", abi.Arch, err)
		}
	}
	return nil
}

func (a ABI) check() error {
	seen := make(map[uint32]bool, len(a.Calls))
	for _, call := range a.Calls {
		if call.Number >= firstX32 {
			return fmt.Errorf("call %d: numbers from %#x up are unknown by definition", call.Number, uint32(firstX32))
		}
		if seen[call.Number] {
			return fmt.Errorf("call %d is listed twice", call.Number)
		}
		seen[call.Number] = true
		for i, chain := range call.Chains {
			for j, rule := range chain {
				if err := checkRule(rule); err != nil {
					return fmt.Errorf("call %d: chain %d, rule %d: %w", call.Number, i, j, err)
				}
			}
		}
	}
	return nil
}

func checkRule(r sysent.Rule) error {
	switch r.Verb {
	case sysent.Allow, sysent.Refuse, sysent.Stop, sysent.Notify:
	default:
		return fmt.Errorf("verb %d does not exist", r.Verb)
	}
	if r.Errno > maxErrno {
		return fmt.Errorf("error number %d is above %d", uint64(r.Errno), maxErrno)
	}
	for i, c := range r.When {
		if err := checkCond(c); err != nil {
			return fmt.Errorf("condition %d: %w", i, err)
		}
	}
	return nil
}

func checkCond(c sysent.Cond) error {
	switch {
	case c.Arg < 0 || c.Arg > 5:
		return fmt.Errorf("argument index %d is not in 0 to 5", c.Arg)
	case c.Mask == 0:
		return fmt.Errorf("mask is 0: use %#x for an int, %#x for a pointer or length", uint64(math.MaxUint32), uint64(math.MaxUint64))
	case waits(c):
		return errors.New("the process id of the tracer is not substituted")
	case c.Value&^c.Mask != 0:
		return fmt.Errorf("value %#x has bits outside mask %#x and can never be met", c.Value, c.Mask)
	}
	return nil
}
