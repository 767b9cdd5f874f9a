package pathrules

import (
	"slices"
	"strings"

	"github.com/dlclark/regexp2/v2/syntax"
)

// lead is what is known about the start of whatever a part of a regular
// expression matches.
type lead struct {
	anchored bool   // the match begins where the path begins
	text     []rune // it begins with text
	exact    bool   // it is text and nothing else
}

// literalPrefix returns the directory in which all matches of pattern lie, or
// "". It reads the tree that the engine itself works from.
func literalPrefix(pattern string) string {
	tree, err := syntax.Parse(pattern, syntax.ParseOptions{})
	if err != nil {
		return ""
	}
	l := leadOf(tree.Root)
	if !l.anchored {
		return ""
	}
	text, _ := appendBytes(nil, l.text)
	return directory(string(text))
}

// directory returns the longest directory that is complete in text, the start
// of a canonical path.
func directory(text string) string {
	if !strings.HasPrefix(text, "/") {
		return ""
	}
	end := 0
	for {
		n := strings.IndexByte(text[end+1:], '/')
		if n < 0 || !isName(text[end+1:end+1+n]) {
			break
		}
		end += 1 + n
	}
	return text[:max(end, 1)]
}

// leadOf follows the kinds of nodes that it knows; of any other it knows
// nothing.
func leadOf(n *syntax.RegexNode) lead {
	if n.Options&(syntax.IgnoreCase|syntax.RightToLeft) != 0 {
		return lead{}
	}
	switch n.T {
	case syntax.NtBeginning:
		return lead{anchored: true, exact: true}
	case syntax.NtEmpty, syntax.NtPosLook, syntax.NtNegLook, syntax.NtBoundary, syntax.NtNonboundary,
		syntax.NtEol, syntax.NtEndZ, syntax.NtEnd, syntax.NtUpdateBumpalong:
		return lead{exact: true} // consumes nothing
	case syntax.NtOne:
		return lead{text: []rune{n.Ch}, exact: true}
	case syntax.NtMulti:
		return lead{text: n.Str, exact: true}
	case syntax.NtCapture, syntax.NtGroup, syntax.NtAtomic:
		return leadOf(n.Children[0])
	case syntax.NtConcatenate:
		return leadOfAll(n.Children)
	case syntax.NtAlternate:
		return leadOfAny(n.Children)
	case syntax.NtOneloop, syntax.NtOnelazy, syntax.NtOneloopatomic:
		return repeated(lead{text: []rune{n.Ch}}, n)
	case syntax.NtLoop, syntax.NtLazyloop:
		return repeated(leadOf(n.Children[0]), n)
	}
	return lead{}
}

// repeated returns what is known of a loop: it begins with its first turn, if
// there must be one.
func repeated(turn lead, n *syntax.RegexNode) lead {
	if n.M < 1 {
		return lead{}
	}
	turn.exact = false
	return turn
}

// leadOfAll returns the lead of nodes that follow each other.
func leadOfAll(nodes []*syntax.RegexNode) lead {
	all := lead{exact: true}
	for _, n := range nodes {
		l := leadOf(n)
		if len(all.text) == 0 {
			all.anchored = all.anchored || l.anchored
		}
		all.text = append(slices.Clip(all.text), l.text...)
		if !l.exact {
			all.exact = false
			break
		}
	}
	return all
}

// leadOfAny returns the lead that alternatives share.
func leadOfAny(nodes []*syntax.RegexNode) lead {
	shared := leadOf(nodes[0])
	for _, n := range nodes[1:] {
		l := leadOf(n)
		shared.anchored = shared.anchored && l.anchored
		same := 0
		for same < min(len(shared.text), len(l.text)) && shared.text[same] == l.text[same] {
			same++
		}
		shared.exact = shared.exact && l.exact && same == len(shared.text) && same == len(l.text)
		shared.text = shared.text[:same]
	}
	return shared
}
