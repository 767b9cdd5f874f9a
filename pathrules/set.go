package pathrules

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Set decides about paths by rules that allow and rules that deny. Its methods
// may be called from several goroutines. The zero Set and a nil *Set allow
// nothing. A Set must not be copied.
type Set struct {
	prefixes map[string]decision
	lengths  []uint8  // [n] is not 0 if a prefix is n bytes long
	denied   []string // the deny rules that are prefixes, sorted
	deny     []regexRule
	allow    []regexRule
	runes    sync.Pool // of *[]rune: paths as regular expressions see them
}

// decision is what the prefixes of one text say.
type decision struct {
	allow, deny *Rule
}

// regexRule is a regular expression in a Set, with what happened to it there.
type regexRule struct {
	rule *Rule
	// failures counts the paths that the rule gave up on.
	failures atomic.Int32
	gaveUp   *GaveUpError // for one path
	retired  *GaveUpError // for good
}

// Match is the decision of a Set about one path. Its zero value refuses.
type Match struct {
	// Allowed is the decision.
	Allowed bool

	// Rule is the rule that decided: the one that allows or denies, or the one
	// that gave up. It is nil if no rule matches, which refuses. It points into
	// the Set and must not be changed.
	Rule *Rule

	// Err says why a path is refused that could not be decided: ErrNotCanonical,
	// ErrTooLong or a *GaveUpError. Otherwise it is nil.
	Err error
}

// Compile parses rules and makes a Set of them; see Parse and New. The error
// names the list and the rule at fault.
func Compile(allow, deny []string) (*Set, error) {
	allowed, err := parseAll(allow)
	if err != nil {
		return nil, fmt.Errorf("parse allow rules: %w", err)
	}
	denied, err := parseAll(deny)
	if err != nil {
		return nil, fmt.Errorf("parse deny rules: %w", err)
	}
	return New(allowed, denied), nil
}

func parseAll(texts []string) ([]Rule, error) {
	rules := make([]Rule, len(texts))
	for i, text := range texts {
		var err error
		if rules[i], err = Parse(text); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// New makes a Set in which allow says what is allowed, and deny what is refused
// all the same. The order of rules does not matter, except that of several rules
// that decide the same the first one may be the one that is named.
func New(allow, deny []Rule) *Set {
	s := &Set{prefixes: make(map[string]decision, len(allow)+len(deny))}
	s.allow = s.add(slices.Clone(allow), func(d *decision, r *Rule) {
		if d.allow == nil {
			d.allow = r
		}
	})
	s.deny = s.add(slices.Clone(deny), func(d *decision, r *Rule) {
		if d.deny == nil {
			d.deny = r
			s.denied = append(s.denied, r.prefix)
		}
	})
	slices.Sort(s.denied)
	return s
}

// add files the prefixes among rules with set and returns the others.
func (s *Set) add(rules []Rule, set func(*decision, *Rule)) []regexRule {
	regexes := 0
	for i := range rules {
		r := &rules[i]
		if r.IsRegex() {
			regexes++
			continue
		}
		if r.prefix == "" {
			continue // the zero Rule
		}
		d := s.prefixes[r.prefix]
		set(&d, r)
		s.prefixes[r.prefix] = d
		if missing := len(r.prefix) + 1 - len(s.lengths); missing > 0 {
			s.lengths = append(s.lengths, make([]uint8, missing)...)
		}
		s.lengths[len(r.prefix)] = 1
	}
	found := make([]regexRule, 0, regexes)
	for i := range rules {
		if r := &rules[i]; r.IsRegex() {
			found = append(found, regexRule{
				rule: r, gaveUp: &GaveUpError{Rule: r}, retired: &GaveUpError{Rule: r, Retired: true},
			})
		}
	}
	return found
}

// Match decides about path, which must be canonical: absolute, without ".", ".."
// or empty components, and without a "/" at its end. Anything else is refused
// with ErrNotCanonical, and a path above MaxPath with ErrTooLong.
func (s *Set) Match(path string) Match {
	if len(path) > MaxPath {
		return Match{Err: ErrTooLong}
	}
	var small [256]byte
	return s.MatchBytes(append(small[:0], path...))
}

// MatchBytes is Match for a path in a buffer, which is neither kept nor changed.
// It allocates nothing, unless a regular expression does.
func (s *Set) MatchBytes(path []byte) Match {
	if len(path) > MaxPath {
		return Match{Err: ErrTooLong}
	}
	found, ok := s.walk(path)
	if !ok {
		return Match{Err: ErrNotCanonical}
	}
	if found.deny != nil {
		return Match{Rule: found.deny}
	}
	if s == nil || len(s.deny) == 0 && (found.allow != nil || len(s.allow) == 0) {
		return Match{Allowed: found.allow != nil, Rule: found.allow}
	}
	return s.matchRegexes(path, found.allow)
}

// walk returns the shortest prefixes of path that have a decision; ok is false
// if path is not canonical.
func (s *Set) walk(path []byte) (found decision, ok bool) {
	if len(path) == 0 || path[0] != '/' || bytes.IndexByte(path, 0) >= 0 {
		return decision{}, false
	}
	s.lookUp(path[:1], &found)
	for end := 0; end < len(path) && len(path) > 1; {
		start := end + 1
		end = len(path)
		if n := bytes.IndexByte(path[start:], '/'); n >= 0 {
			end = start + n
		}
		if !isName(path[start:end]) {
			return decision{}, false
		}
		s.lookUp(path[:end], &found)
	}
	return found, true
}

// lookUp adds to found what the rules say that are exactly prefix.
func (s *Set) lookUp(prefix []byte, found *decision) {
	if s == nil || len(prefix) >= len(s.lengths) || s.lengths[len(prefix)] == 0 {
		return
	}
	d := s.prefixes[string(prefix)]
	if found.allow == nil {
		found.allow = d.allow
	}
	if found.deny == nil {
		found.deny = d.deny
	}
}

// isName reports whether a component of a path is a name.
func isName[T string | []byte](component T) bool {
	switch len(component) {
	case 0:
		return false
	case 1:
		return component[0] != '.'
	case 2:
		return component[0] != '.' || component[1] != '.'
	}
	return true
}

// Directory reports whether dir, a canonical path, and everything that lies or
// may ever lie below it is certainly allowed: an allow rule that is a prefix
// contains it, no deny rule that is a prefix contains it or lies inside, and no
// deny rule is a regular expression. An answer of true makes Match unnecessary
// for all these paths, for as long as the Set is used. A directory that is no
// directory, or that does not exist, makes no difference.
func (s *Set) Directory(dir []byte) (allAllowed bool) {
	if s == nil || len(dir) > MaxPath || len(s.deny) > 0 {
		return false
	}
	found, ok := s.walk(dir)
	return ok && found.allow != nil && found.deny == nil && !s.deniesInside(dir)
}

// deniesInside reports whether a deny rule that is a prefix lies below dir.
func (s *Set) deniesInside(dir []byte) bool {
	if len(s.denied) == 0 {
		return false
	}
	inside := strings.TrimSuffix(string(dir), "/") + "/"
	i, _ := slices.BinarySearch(s.denied, inside)
	return i < len(s.denied) && strings.HasPrefix(s.denied[i], inside)
}
