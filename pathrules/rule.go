package pathrules

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

const (
	// MaxPath is the length in bytes of the longest path that is looked at, and
	// of the longest rule. It is sixteen times PATH_MAX of Linux, which bounds
	// what one call can name, but not how deep a tree can be.
	MaxPath = 64 << 10

	// MatchTimeout is the time that one regular expression may take for one
	// path. The clock behind it ticks every 100 ms, so that up to 300 ms may
	// pass.
	MatchTimeout = 100 * time.Millisecond
)

// Rule is one rule: a prefix or a regular expression. Parse makes rules; the
// zero Rule matches no path. A Rule is a value that never changes and may be
// used by several goroutines.
type Rule struct {
	text    string
	prefix  string          // clean; empty for a regular expression
	regex   *regexp2.Regexp // nil for a prefix
	literal string          // what LiteralPrefix returns
}

// Parse reads a rule: an absolute path, or "~" and a regular expression. The
// language is described in the package documentation. The error names the rule
// and says how to write it instead.
func Parse(text string) (Rule, error) {
	r, err := parse(text)
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	return r, nil
}

func parse(text string) (Rule, error) {
	switch {
	case text == "":
		return Rule{}, errors.New(`empty; write an absolute path such as "/abs/build", or "~" and a regular expression`)
	case strings.IndexByte(text, 0) >= 0:
		return Rule{}, errors.New("holds a NUL byte; no path does, remove it")
	case len(text) > MaxPath:
		return Rule{}, fmt.Errorf("is %d bytes long; use at most %d", len(text), MaxPath)
	case text[0] == '~':
		return parseRegex(text)
	case text[0] != '/':
		return Rule{}, fmt.Errorf("not absolute; write the whole path such as %q, or \"~\" and a regular expression", "/abs/"+trimDots(text))
	}
	return parsePrefix(text)
}

// trimDots returns a relative path without the leading steps that mean nothing
// below another directory.
func trimDots(path string) string {
	for {
		step, rest, _ := strings.Cut(path, "/")
		if step != "." && step != ".." {
			return path
		}
		path = rest
	}
}

func parsePrefix(text string) (Rule, error) {
	var clean strings.Builder
	for component := range strings.SplitSeq(text, "/") {
		switch component {
		case "", ".":
		case "..":
			return Rule{}, errors.New(`holds ".."; where that leads depends on symbolic links, write the path without it`)
		default:
			clean.WriteByte('/')
			clean.WriteString(component)
		}
	}
	if clean.Len() == 0 {
		clean.WriteByte('/')
	}
	prefix := clean.String()
	return Rule{text: text, prefix: prefix, literal: prefix}, nil
}

func parseRegex(text string) (Rule, error) {
	pattern := text[1:]
	if pattern == "" {
		return Rule{}, errors.New(`the regular expression is empty and matches everything; write "/" if that is meant`)
	}
	for i, r := range pattern {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(pattern[i:]); size == 1 {
			return Rule{}, fmt.Errorf(`not valid UTF-8; write the byte %#x as \u%04x`, pattern[i], byteRune(pattern[i]))
		}
	}
	regex, err := regexp2.Compile(pattern)
	if err != nil {
		return Rule{}, fmt.Errorf("%w; see perlre(1) for the language", err)
	}
	regex.MatchTimeout = MatchTimeout
	return Rule{text: text, regex: regex, literal: literalPrefix(pattern)}, nil
}

// String returns the rule as it was given to Parse.
func (r Rule) String() string { return r.text }

// IsRegex reports whether the rule is a regular expression. All that another
// rule matches lies in LiteralPrefix, and all that lies there matches.
func (r Rule) IsRegex() bool { return r.regex != nil }

// LiteralPrefix returns a directory such that every path that the rule matches
// is this directory or lies below it; "" if nothing is known. It has no "/" at
// its end, unless it is "/".
//
// For a prefix it is the whole rule. For a regular expression it is what stands
// literally between "^" or "\A" and the last "/" before something that varies:
// "/var/lib" for "~^/var/lib/[a-z]+/x", "/" for "~^/build" (which matches
// "/buildx" too), "" for "~\.pyc$". The answer is right in any case, but not
// always the longest possible.
func (r Rule) LiteralPrefix() string { return r.literal }
