package refpage

import (
	"fmt"
	"math/bits"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// Answer returns in words what the rules of a call answer under confinement.
func Answer(e *sysent.Entry) string {
	var clauses []string
	decided := false
	for i := 0; i < len(e.Confine); {
		n, condition := run(e.Confine[i:])
		clause := verb(e.Confine[i])
		if condition == "" {
			decided = true
			if len(clauses) > 0 {
				clause = "else " + clause
			}
		} else {
			clause += " if " + condition
		}
		clauses = append(clauses, clause)
		i += n
	}
	switch {
	case len(clauses) == 0:
		return "allowed"
	case !decided:
		clauses = append(clauses, "else allowed")
	}
	return strings.Join(clauses, "; ")
}

// run returns how many rules at the start of rules can be said in one clause,
// and the condition of that clause: a list of values when they all compare one
// argument for equality.
func run(rules []sysent.Rule) (int, string) {
	first := rules[0]
	if !isEquality(first) {
		return 1, conjunction(first.When)
	}
	n := 0
	var list []string
	for _, r := range rules {
		if !isEquality(r) || r.When[0].Arg != first.When[0].Arg || r.Verb != first.Verb || r.Errno != first.Errno {
			break
		}
		list = append(list, values(r.When[0])...)
		n++
	}
	return n, fmt.Sprintf("`a%d` is %s", first.When[0].Arg, strings.Join(list, ", "))
}

// low32 are the bits of an argument that the kernel declares as int.
const low32 = 0xffffffff

// isEquality reports whether a rule asks only whether an argument is one of a
// few values.
func isEquality(r sysent.Rule) bool {
	return len(r.When) == 1 && !r.When[0].Not && len(values(r.When[0])) > 0
}

// values returns the values that satisfy an equality, or nothing when they are
// too many to be listed. More than one bit missing in the mask is a test of
// flags.
func values(c sysent.Cond) []string {
	if c.Mask == ^uint64(0) {
		return []string{value(c.Value)}
	}
	free := low32 &^ c.Mask
	switch bits.OnesCount64(free) {
	case 0:
		return []string{value(c.Value)}
	case 1:
		return []string{value(c.Value), value(c.Value | free)}
	}
	return nil
}

func value(v uint64) string {
	switch {
	case v == sysent.TracerTGID:
		return "the process id of the tracer"
	case v < 0x100:
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%#x", v)
}

func conjunction(conds []sysent.Cond) string {
	words := make([]string, len(conds))
	for i, c := range conds {
		words[i] = condition(c)
	}
	return strings.Join(words, " and ")
}

func condition(c sysent.Cond) string {
	list := values(c)
	switch {
	case len(list) == 1 && c.Not:
		return fmt.Sprintf("`a%d` is not %s", c.Arg, list[0])
	case len(list) > 0 && !c.Not:
		return fmt.Sprintf("`a%d` is %s", c.Arg, strings.Join(list, " or "))
	case c.Not && c.Value == 0:
		return fmt.Sprintf("`a%d & %#x` is not 0", c.Arg, c.Mask)
	case c.Not:
		return fmt.Sprintf("`a%d & %#x` is not %s", c.Arg, c.Mask, value(c.Value))
	}
	return fmt.Sprintf("`a%d & %#x` is %s", c.Arg, c.Mask, value(c.Value))
}

func verb(r sysent.Rule) string {
	switch {
	case r.Verb == sysent.Allow:
		return "allowed"
	case r.Verb == sysent.Stop:
		return "checked"
	case r.Errno == 0:
		return "answered with success and no effect"
	}
	return "refused with " + unix.ErrnoName(r.Errno)
}
