package sysent

// Holds reports whether all conditions of the rule hold for these arguments.
func (r *Rule) Holds(args *[6]uint64) bool {
	for i := range r.When {
		c := &r.When[i]
		if (args[c.Arg]&c.Mask == c.Value) == c.Not {
			return false
		}
	}
	return true
}

// Match returns the first rule that holds for these arguments, or nil.
func Match(rules []Rule, args *[6]uint64) *Rule {
	for i := range rules {
		if rules[i].Holds(args) {
			return &rules[i]
		}
	}
	return nil
}

// Stops reports whether a rule, which may be nil, lets the tracer decide.
func (r *Rule) Stops() bool { return r != nil && r.Verb == Stop }

// NumArgs returns how many arguments have a role, up to the last one that has.
func (e *Entry) NumArgs() int {
	n := len(e.Args)
	for n > 0 && e.Args[n-1] == Unused {
		n--
	}
	return n
}
