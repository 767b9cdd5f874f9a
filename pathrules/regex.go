package pathrules

import (
	"errors"
	"fmt"
)

// MaxFailures is the number of paths that a regular expression may give up on in
// one Set. After that it is not tried again.
const MaxFailures = 8

// Reasons for which a path is refused whatever the rules say.
var (
	ErrNotCanonical = errors.New("path is not canonical")
	ErrTooLong      = fmt.Errorf("path is longer than %d bytes", MaxPath)
)

// GaveUpError says that a path is refused because a regular expression could not
// decide about it within its bounds of time and memory.
type GaveUpError struct {
	Rule    *Rule
	Retired bool // the rule was not even tried: it gave up on MaxFailures paths before
}

// Error names the rule.
func (e *GaveUpError) Error() string {
	if e.Retired {
		return fmt.Sprintf("rule %q: switched off after it gave up on %d paths", e.Rule, MaxFailures)
	}
	return fmt.Sprintf("rule %q: gave up on the path after too much work", e.Rule)
}

// matchRegexes decides about a path that no prefix denies; allowed is the prefix
// that allows it, or nil.
func (s *Set) matchRegexes(path []byte, allowed *Rule) Match {
	buffer, _ := s.runes.Get().(*[]rune)
	if buffer == nil {
		buffer = new([]rune)
	}
	*buffer = appendRunes((*buffer)[:0], path)
	defer s.runes.Put(buffer)

	for i := range s.deny {
		r := &s.deny[i]
		// Not knowing whether a path is denied refuses it.
		if matched, err := r.match(*buffer); matched || err != nil {
			return refusal(r.rule, err)
		}
	}
	if allowed != nil {
		return Match{Allowed: true, Rule: allowed}
	}
	var undecided *GaveUpError
	for i := range s.allow {
		r := &s.allow[i]
		matched, err := r.match(*buffer)
		if matched {
			return Match{Allowed: true, Rule: r.rule}
		}
		if undecided == nil {
			undecided = err
		}
	}
	if undecided != nil {
		return refusal(undecided.Rule, undecided)
	}
	return Match{}
}

// refusal returns the Match of a rule that denies, or that gave up with err.
func refusal(r *Rule, err *GaveUpError) Match {
	m := Match{Rule: r}
	if err != nil {
		m.Err = err
	}
	return m
}

// match reports whether the rule matches path, or that it cannot tell.
func (r *regexRule) match(path []rune) (bool, *GaveUpError) {
	if r.failures.Load() >= MaxFailures {
		return false, r.retired
	}
	matched, err := r.rule.regex.MatchRunes(path)
	if err != nil {
		// The text of err repeats the path; what counts is the rule.
		r.failures.Add(1)
		return false, r.gaveUp
	}
	return matched, nil
}
