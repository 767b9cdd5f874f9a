package seccomp

import "github.com/catbox-go/catbox/tracer/sysent"

// Action is the answer of a filter for one call, in the encoding of
// seccomp(2): SECCOMP_RET_* plus data.
type Action uint32

// Actions without data. Use Errno for SECCOMP_RET_ERRNO.
const (
	Kill  Action = 0x80000000 // SECCOMP_RET_KILL_PROCESS
	Trace Action = 0x7ff00000 // SECCOMP_RET_TRACE
	Allow Action = 0x7fff0000 // SECCOMP_RET_ALLOW
)

// Chain is the opinion of one handler about one call: rules tried in order. A
// rule that refuses or stops ends the whole decision; a rule that allows, or no
// match at all, hands the call to the next chain.
type Chain []sysent.Rule

// Call is the decision about one number. When every chain has allowed it, the
// call is allowed.
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
type Spec struct {
	ABIs    []ABI
	Foreign Action // any AUDIT_ARCH_* without an ABI
	Unknown Action // any number that an ABI does not list, and every x32 number
}
