package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// Handler is one feature of a run: what it traps, as data, and what it does
// then. All functions are optional and are called one at a time, on the tracer's
// thread or, for what comes by the notify lane, on another one. A function that
// blocks stops the whole tree; one that returns an error ends the run with it.
type Handler struct {
	Name string // for messages

	// Rules says how the filter treats a call: the first rule whose conditions
	// hold decides, no match allows. Only calls that match a rule with the verb
	// Stop or Notify reach Enter. It is called before the run, once for each call of
	// each ABI.
	//
	// Notify is Stop by a cheaper way, the notify lane, for handlers that need no
	// more than Stop.Notified says. Where there is no such way, which is decided for
	// the whole run, and where another handler stops the same call, it is a Stop.
	Rules func(*sysent.Entry) []sysent.Rule

	// Enter decides about a trapped call. The first handler that does not
	// answer Continue decides. It may be called again for the same call when the
	// kernel restarts it.
	Enter func(*Stop) Verdict

	// Exit sees the result of a call for which Enter asked AtExit, or the answer
	// that a handler behind this one gave. Answer and Deny replace the result.
	Exit func(*Stop) Verdict

	// Born is called for each new process before its first instruction, Exec
	// when it has started another program, Died when it has ended.
	Born func(*Process) error
	Exec func(*Process) error
	Died func(*Process, unix.WaitStatus) error

	// Rewrites says that Enter may answer Rewrite.
	Rewrites bool
}

// wants reports whether the rules show a call with these arguments.
func wants(rules []sysent.Rule, args *[6]uint64) bool {
	r := sysent.Match(rules, args)
	return r != nil && (r.Verb == sysent.Stop || r.Verb == sysent.Notify)
}
