package seccomp

import (
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Decide returns what the filter of s answers to a call: arch is the
// AUDIT_ARCH_* value, nr and args are the registers as the kernel shows them in
// struct seccomp_data (seccomp(2)).
//
// Decide reads the Spec as a person would, rule after rule. It is the reference
// for the compiled program, and a way to explain an answer. It expects a Spec
// that Compile accepts.
func (s Spec) Decide(arch, nr uint32, args [6]uint64) Action {
	for _, abi := range s.ABIs {
		if abi.Arch.Audit() != arch {
			continue
		}
		if nr >= firstX32 {
			return s.Unknown
		}
		for _, call := range abi.Calls {
			if call.Number == nr {
				return call.decide(&args)
			}
		}
		return s.Unknown
	}
	return s.Foreign
}

func (c Call) decide(args *[6]uint64) Action {
	end := Allow
	for _, chain := range c.Chains {
		switch a := chain.decide(args); a {
		case Allow:
		case Notify:
			end = Notify
		default:
			return a
		}
	}
	return end
}

func (c Chain) decide(args *[6]uint64) Action {
	for _, rule := range c {
		if holds(rule.When, args) {
			return answer(rule)
		}
	}
	return Allow
}

func holds(when []sysent.Cond, args *[6]uint64) bool {
	for _, c := range when {
		if (args[c.Arg]&c.Mask == c.Value) == c.Not {
			return false
		}
	}
	return true
}

// answer returns the action of a rule whose conditions hold.
func answer(r sysent.Rule) Action {
	switch r.Verb {
	case sysent.Allow:
		return Allow
	case sysent.Stop:
		return Trace
	case sysent.Notify:
		return Notify
	}
	return Errno(r.Errno)
}
