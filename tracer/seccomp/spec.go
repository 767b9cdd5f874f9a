package seccomp

import (
	"fmt"
	"slices"
	"syscall"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// Action is the answer of a filter for one call, in the encoding of
// seccomp(2): SECCOMP_RET_* plus data.
type Action uint32

// Actions without data. Use Errno for SECCOMP_RET_ERRNO.
const (
	Kill Action = 0x80000000 // SECCOMP_RET_KILL_PROCESS
	// Notify needs a listener (SECCOMP_FILTER_FLAG_NEW_LISTENER): without one calls
	// fail with ENOSYS.
	Notify Action = 0x7fc00000 // SECCOMP_RET_USER_NOTIF
	Trace  Action = 0x7ff00000 // SECCOMP_RET_TRACE
	Allow  Action = 0x7fff0000 // SECCOMP_RET_ALLOW
)

const (
	retErrno = Action(0x00050000) // SECCOMP_RET_ERRNO
	retData  = Action(0x0000ffff) // SECCOMP_RET_DATA

	// maxErrno is the greatest error number of the kernel (MAX_ERRNO in
	// include/linux/err.h); the kernel replaces greater ones by it.
	maxErrno = 4095

	// firstX32 is the first number that no ABI can list: on x86-64 the bit
	// __X32_SYSCALL_BIT (asm/unistd.h) begins here, and as unsigned words all
	// negative numbers lie above.
	firstX32 = 0x40000000
)

// Errno returns the action that ends a call without running it: the call fails
// with e or, if e is 0, returns 0. Of e the low 16 bits count; values above 4095
// are no error numbers and do not compile.
func Errno(e syscall.Errno) Action {
	return retErrno | Action(e)&retData
}

// String returns the action in the words of this package, such as "allow" or
// "errno 13".
func (a Action) String() string {
	switch {
	case a == Kill:
		return "kill"
	case a == Notify:
		return "notify"
	case a == Trace:
		return "trace"
	case a == Allow:
		return "allow"
	case a&^retData == retErrno:
		return fmt.Sprintf("errno %d", a&retData)
	}
	return fmt.Sprintf("action %#x", uint32(a))
}

// valid reports whether a is an answer that a Spec may give.
func (a Action) valid() bool {
	return a == Kill || a == Notify || a == Trace || a == Allow || a&^retData == retErrno && a&retData <= maxErrno
}

// Chain is the opinion of one handler about one call: rules tried in order. A
// rule that refuses or stops ends the whole decision; a rule that allows or
// notifies, or no match at all, hands the call to the next chain.
type Chain []sysent.Rule

// Call is the decision about one number. When no chain has refused or stopped it, the
// call is allowed, and notified if one of them said so.
type Call struct {
	Number uint32
	Chains []Chain
}

// ABI is the decision about one architecture.
type ABI struct {
	Arch  sysent.Arch
	Calls []Call // any order, each number once; a number not listed gets Spec.Unknown
}

// Spec is a whole filter. Its zero value answers nothing and does not compile:
// what foreign architectures and unknown numbers get is a decision that must be
// made.
//
// A Spec is plain data: its methods change nothing and may be called from
// several goroutines.
type Spec struct {
	ABIs    []ABI
	Foreign Action // any AUDIT_ARCH_* without an ABI
	Unknown Action // any number that an ABI does not list, and every x32 number
}

// Substitute returns a copy of s in which the process id tgid stands wherever a
// condition of s has the value [sysent.TracerTGID]. It shares with s what is
// equal in both.
//
// No process has an id below 1: such a tgid substitutes nothing, so that Compile
// refuses the result.
func (s Spec) Substitute(tgid int) Spec {
	if tgid < 1 {
		return s
	}
	s.ABIs = slices.Clone(s.ABIs)
	for i, abi := range s.ABIs {
		cloned := false
		for j, call := range abi.Calls {
			if !call.waits() {
				continue
			}
			if !cloned {
				s.ABIs[i].Calls, cloned = slices.Clone(abi.Calls), true
			}
			s.ABIs[i].Calls[j] = call.substitute(uint64(tgid))
		}
	}
	return s
}

// Notifies reports whether a rule of s has the verb Notify.
func (s Spec) Notifies() bool {
	for _, abi := range s.ABIs {
		for _, call := range abi.Calls {
			if call.notifies() {
				return true
			}
		}
	}
	return false
}

// WithoutNotify returns a copy of s that stops where s notifies. It shares with s what
// is equal in both.
func (s Spec) WithoutNotify() Spec {
	s.ABIs = slices.Clone(s.ABIs)
	for i, abi := range s.ABIs {
		s.ABIs[i].Calls = slices.Clone(abi.Calls)
		for j, call := range abi.Calls {
			if call.notifies() {
				s.ABIs[i].Calls[j] = call.WithoutNotify()
			}
		}
	}
	return s
}

func (c Call) notifies() bool {
	return slices.ContainsFunc(c.Chains, func(chain Chain) bool {
		return slices.ContainsFunc(chain, func(r sysent.Rule) bool { return r.Verb == sysent.Notify })
	})
}

// WithoutNotify returns a copy of c that stops where c notifies.
func (c Call) WithoutNotify() Call {
	c.Chains = slices.Clone(c.Chains)
	for i, chain := range c.Chains {
		c.Chains[i] = slices.Clone(chain)
		for j, rule := range chain {
			if rule.Verb == sysent.Notify {
				c.Chains[i][j].Verb = sysent.Stop
			}
		}
	}
	return c
}

// waits reports whether a condition of c waits for the id of the tracer.
func (c Call) waits() bool {
	for _, chain := range c.Chains {
		for _, rule := range chain {
			if slices.ContainsFunc(rule.When, waits) {
				return true
			}
		}
	}
	return false
}

func waits(c sysent.Cond) bool { return c.Value == sysent.TracerTGID }

func (c Call) substitute(tgid uint64) Call {
	c.Chains = slices.Clone(c.Chains)
	for i, chain := range c.Chains {
		c.Chains[i] = slices.Clone(chain)
		for j, rule := range chain {
			when := slices.Clone(rule.When)
			for k := range when {
				if waits(when[k]) {
					when[k].Value = tgid
				}
			}
			c.Chains[i][j].When = when
		}
	}
	return c
}
