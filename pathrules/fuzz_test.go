package pathrules_test

import (
	"bytes"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/pathrules"
)

// inside reports whether name is dir or lies below it, as plainly as possible.
func inside(name, dir string) bool {
	return dir == "/" || name == dir || strings.HasPrefix(name, dir+"/")
}

// isCanonical is what the documentation says, in other words than the code.
func isCanonical(name string) bool {
	return strings.HasPrefix(name, "/") && path.Clean(name) == name && !strings.Contains(name, "\x00") &&
		len(name) <= pathrules.MaxPath && !strings.HasPrefix(name, "/../") && name != "/.."
}

// prefixes returns those lines of text that are prefixes, parsed and as text.
func prefixes(text string) (rules []pathrules.Rule, dirs []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "~") {
			continue
		}
		if r, err := pathrules.Parse(line); err == nil {
			rules, dirs = append(rules, r), append(dirs, path.Clean(line))
		}
	}
	return rules, dirs
}

func FuzzPrefixes(f *testing.F) {
	f.Add("/a\n/b/", "/a/x", []byte("/a"))
	f.Add("/", "/a//b/.\n/a/b/c", []byte("/a/b"))
	f.Add("/a\xff", "/a", []byte("/a\xff/b"))
	f.Add("/a", "", []byte("/a/../b"))
	f.Add("/..a/...", "/.", []byte("/..a/.../"))
	f.Fuzz(func(t *testing.T, allow, deny string, name []byte) {
		allowRules, allowDirs := prefixes(allow)
		denyRules, denyDirs := prefixes(deny)
		set := pathrules.New(allowRules, denyRules)
		some := func(dirs []string, holds func(dir string) bool) bool {
			for _, dir := range dirs {
				if holds(dir) {
					return true
				}
			}
			return false
		}
		contains := func(dir string) bool { return inside(string(name), dir) }
		ok := isCanonical(string(name))
		want := ok && some(allowDirs, contains) && !some(denyDirs, contains)
		for _, m := range []pathrules.Match{set.MatchBytes(name), set.Match(string(name))} {
			if m.Allowed != want || (m.Err == nil) != ok {
				t.Fatalf("allow %q, deny %q, path %q: %v, %v; want %v", allowDirs, denyDirs, name, m.Allowed, m.Err, want)
			}
		}
		all := want && !some(denyDirs, func(dir string) bool { return inside(dir, string(name)) })
		if got := set.Directory(name); got != all {
			t.Fatalf("allow %q, deny %q, directory %q: %v, want %v", allowDirs, denyDirs, name, got, all)
		}
	})
}

// FuzzRegexPath matches any path against regular expressions of many kinds.
func FuzzRegexPath(f *testing.F) {
	set := compile(f, []string{
		`~\.pyc$`, `~^/(\w+)/\1\z`, `~(?i)readme`, `~^/\udcff`, `~[^/]\b\p{L}+(?=x)`, `~(?<=\s)\X$`, `~^/(?>a*)[b-z\W]{2,5}`,
	}, []string{`~^/(?!keep)k`, `~(?s)\R.*é`})
	f.Add([]byte("/a/b"), []byte("/a\xff"))
	f.Add([]byte("/\xed\xb2\x80"), []byte("/\x80"))
	f.Add([]byte("/README\n"), []byte("/é\r\nx"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for _, name := range [][]byte{a, b} {
			if m := set.MatchBytes(name); m.Allowed && m.Err != nil {
				t.Fatalf("path %q is allowed in spite of %v", name, m.Err)
			}
			back, ok := pathrules.AppendBytes(nil, pathrules.AppendRunes(nil, name))
			if diff := cmp.Diff(string(name), string(back)); diff != "" || !ok {
				t.Fatalf("way back (-want +got):\n%s", diff)
			}
		}
		same := cmp.Equal(pathrules.AppendRunes(nil, a), pathrules.AppendRunes(nil, b))
		if len(a)+len(b) > 0 && same != bytes.Equal(a, b) {
			t.Fatalf("%q and %q look the same", a, b)
		}
	})
}

// FuzzLiteralPrefix puts regular expressions together from pieces, and paths
// from few characters, so that many match.
func FuzzLiteralPrefix(f *testing.F) {
	pieces := []string{
		"/", "a", "b", "^", "/a/", "(", ")", "|", "?", "*", "+", "{2}", "{0,1}", ".", "[ab]", "[^a]", "(?i)", "(?m)", "(?s)", "(?x)",
		"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?-i)", `\A`, `\z`, "$", `\b`, `\B`, `\G`, `\1`, `\/`, `\Q`, `\E`, " ", "#", "\n",
		`\x2f`, "[/]", "(?<n>", `\k<n>`, "(?(1)", "++", "??", `\w`, `\udcff`, "(?#", "é",
	}
	seed := func(pattern ...string) {
		var code []byte
		for _, p := range pattern {
			for i, piece := range pieces {
				if p == piece {
					code = append(code, byte(i))
				}
			}
		}
		f.Add(code, []byte("/a/b/a"))
	}
	seed("^", "/a/", "b")
	seed("(?:", "^", "|", "/a/", ")", "b")
	seed("^", "(", "/a/", "|", "/", "b", ")", "*")
	seed("(?m)", "^", "/a/")
	seed("(?=", "^", ")", "/a/", "+")
	f.Fuzz(func(t *testing.T, code, name []byte) {
		var pattern strings.Builder
		for _, c := range code[:min(len(code), 24)] {
			pattern.WriteString(pieces[int(c)%len(pieces)])
		}
		rule, err := pathrules.Parse("~" + pattern.String())
		if err != nil {
			t.Skip(err)
		}
		paths := []string{"/", "/a", "/b", "/a/a", "/a/b", "/a/b/a/b", "/A/b", "/aa/bb", "/x\n/a", "/a\n", "/\xff/a", "/é", "/b/a", string(name)}
		set := pathrules.New([]pathrules.Rule{rule}, nil)
		for _, p := range paths {
			if set.Match(p).Allowed && rule.LiteralPrefix() != "" && !inside(p, rule.LiteralPrefix()) {
				t.Fatalf("rule %q matches %q outside of %q", rule, p, rule.LiteralPrefix())
			}
		}
	})
}

// FuzzSuggest: every suggestion is a rule that allows what it is made for.
func FuzzSuggest(f *testing.F) {
	for _, name := range []string{"/", "/etc", "/home/a.\xff\n", "/usr/local/#", "/build/x/~", "/b/../c"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		rule := pathrules.Suggest(name)
		if (rule != "") != isCanonical(name) {
			t.Fatalf("suggestion for %q is %q", name, rule)
		}
		if rule != "" && !compile(t, []string{rule}, nil).Match(name).Allowed {
			t.Fatalf("suggestion %q does not allow %q", rule, name)
		}
		if rule == "/" {
			t.Fatalf("suggestion for %q allows everything", name)
		}
	})
}
