package pathrules_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/pathrules"
)

func compile(t testing.TB, allow, deny []string) *pathrules.Set {
	t.Helper()
	set, err := pathrules.Compile(allow, deny)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

type matchCase struct {
	name  string
	allow []string
	deny  []string
	path  string
	want  string // the rule that decides, behind "+" or "-"
}

// describe names the decision and the rule, as matchCase.want does.
func describe(m pathrules.Match) string {
	s := "-"
	if m.Allowed {
		s = "+"
	}
	if m.Rule != nil {
		s += m.Rule.String()
	}
	if m.Err != nil {
		s += "!"
	}
	return s
}

func runMatches(t *testing.T, tests []matchCase) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			set := compile(t, test.allow, test.deny)
			if diff := cmp.Diff(test.want, describe(set.Match(test.path))); diff != "" {
				t.Errorf("Match(%q) (-want +got):\n%s", test.path, diff)
			}
			if diff := cmp.Diff(test.want, describe(set.MatchBytes([]byte(test.path)))); diff != "" {
				t.Errorf("MatchBytes(%q) (-want +got):\n%s", test.path, diff)
			}
		})
	}
}

// TestC2Rules: absolute prefixes, or "~" and a Perl regular expression that is
// searched for; nothing is allowed without rules.
func TestC2Rules(t *testing.T) {
	t.Parallel()
	one := func(rule string) []string { return []string{rule} }
	runMatches(t, []matchCase{
		{"no rules", nil, nil, "/x", "-"},
		{"no rules, root", nil, nil, "/", "-"},
		{"prefix", one("/build"), nil, "/build/x", "+/build"},
		{"prefix, deep", one("/build"), nil, "/build/a/b/c/d", "+/build"},
		{"other path", one("/build"), nil, "/etc/passwd", "-"},
		{"ancestor", one("/build/x"), nil, "/build", "-"},
		{"root rule", one("/"), nil, "/any/thing", "+/"},
		{"root rule, root", one("/"), nil, "/", "+/"},
		{"rule that is not clean", one("//build/./x//"), nil, "/build/x/y", "+//build/./x//"},
		{"glob is no glob", one("/build/*"), nil, "/build/x", "-"},
		{"regex, unanchored", one(`~\.pyc$`), nil, "/usr/lib/x.pyc", `+~\.pyc$`},
		{"regex, unanchored, elsewhere", one(`~\.pyc$`), nil, "/usr/lib/x.pyc.txt", "-"},
		{"regex, anchored", one("~^/tmp/cc"), nil, "/tmp/ccX1.o", "+~^/tmp/cc"},
		{"regex, anchored, deeper", one("~^/tmp/cc"), nil, "/x/tmp/ccX1.o", "-"},
		{"regex with lookahead", one("~^/tmp/(?!keep)"), nil, "/tmp/keep", "-"},
		{"regex with reference", one(`~^/(\w+)/\1\z`), nil, "/aa/aa", `+~^/(\w+)/\1\z`},
		{"regex ignores case", one("~(?i)readme"), nil, "/x/ReadMe", "+~(?i)readme"},
		{"second regex", []string{"~^/a/", "~^/b/"}, nil, "/b/x", "+~^/b/"},
		{"prefix before regex", []string{"~^/a/", "/a"}, nil, "/a/x", "+/a"},
		{"newline in a prefix", one("/a"), nil, "/a/b\nc", "+/a"},
		{"newline and dot", one("~^/a/.*z"), nil, "/a/b\nz", "-"},
		{"newline and (?s)", one("~(?s)^/a/.*z"), nil, "/a/b\nz", "+~(?s)^/a/.*z"},
		{"newline and dollar", one("~^/a/b$"), nil, "/a/b\n", "+~^/a/b$"},
		{"newline and \\z", one(`~^/a/b\z`), nil, "/a/b\n", "-"},
	})
}

// TestC3Directories: a rule allows the directory itself and what is below it, not
// a sibling that shares its prefix, with "/" at its end or without.
func TestC3Directories(t *testing.T) {
	t.Parallel()
	var tests []matchCase
	for _, rule := range []string{"/d/", "/d"} {
		for path, want := range map[string]string{
			"/d": "+", "/d/x": "+", "/d/x/y": "+", "/dlala": "-", "/dlala/x": "-", "/": "-", "/x/d": "-", "/D": "-",
		} {
			if want == "+" {
				want += rule
			}
			tests = append(tests, matchCase{rule + " and " + path, []string{rule}, nil, path, want})
		}
	}
	runMatches(t, tests)
}

func TestDenyWins(t *testing.T) {
	t.Parallel()
	runMatches(t, []matchCase{
		{"deny below allow", []string{"/b"}, []string{"/b/secret"}, "/b/secret/x", "-/b/secret"},
		{"beside deny", []string{"/b"}, []string{"/b/secret"}, "/b/secrets", "+/b"},
		{"allow below deny", []string{"/b/in"}, []string{"/b"}, "/b/in/x", "-/b"},
		{"same rule", []string{"/b"}, []string{"/b/"}, "/b", "-/b/"},
		{"deny regex, allow prefix", []string{"/b"}, []string{`~\.git/`}, "/b/.git/config", `-~\.git/`},
		{"deny regex beside", []string{"/b"}, []string{`~\.git/`}, "/b/git/config", "+/b"},
		{"deny prefix, allow regex", []string{"~^/b"}, []string{"/b/x"}, "/b/x", "-/b/x"},
		{"deny regex, allow regex", []string{"~^/b"}, []string{"~x"}, "/b/x", "-~x"},
		{"second deny regex", []string{"/"}, []string{"~a", "~b"}, "/b", "-~b"},
		{"deny alone", nil, []string{"/b"}, "/c", "-"},
		{"root denied", []string{"/b"}, []string{"/"}, "/b", "-/"},
	})
}

// TestOddBytes: no two paths look alike to a regular expression.
func TestOddBytes(t *testing.T) {
	t.Parallel()
	one := func(rule string) []string { return []string{rule} }
	runMatches(t, []matchCase{
		{"prefix in another encoding", one("/caf\xe9"), nil, "/caf\xe9/x", "+/caf\xe9"},
		{"prefix, other byte", one("/caf\xe9"), nil, "/caf\xe8/x", "-"},
		{"replacement character is itself", one("~^/\ufffd/"), nil, "/\ufffd/x", "+~^/\ufffd/"},
		{"invalid byte is no replacement character", one("~^/\ufffd/"), nil, "/\xff/x", "-"},
		{"byte by name", one(`~^/\udcff/`), nil, "/\xff/x", `+~^/\udcff/`},
		{"other byte", one(`~^/\udcff/`), nil, "/\xfe/x", "-"},
		{"encoded surrogate is no byte", one(`~^/\udcff/`), nil, "/\xed\xb3\xbf/x", "-"},
		{"private character is no byte", one(`~^/\udcff/`), nil, "/\uf7ff/x", "-"},
		{"overlong slash is no slash", one(`~^/a/b`), nil, "/a\xc0\xafb", "-"},
		{"dot is one byte", one(`~^/.\z`), nil, "/\xff", `+~^/.\z`},
		{"dot is one character", one(`~^/.\z`), nil, "/é", `+~^/.\z`},
		{"half a character is two", one(`~^/.\z`), nil, "/\xc3\xff", "-"},
		{"negated class takes it", one(`~^/[^/]+\z`), nil, "/\xff\xfe", `+~^/[^/]+\z`},
		{"word class does not", one(`~^/\w+\z`), nil, "/a\xff", "-"},
		{"deny is not fooled", one("/"), one(`~\.\w+$`), "/a\xff.so", `-~\.\w+$`},
	})
}

func TestNotCanonical(t *testing.T) {
	t.Parallel()
	set := compile(t, []string{"/", "~."}, nil)
	tests := []struct {
		name string
		path string
		want error
	}{
		{"empty", "", pathrules.ErrNotCanonical},
		{"relative", "a/b", pathrules.ErrNotCanonical},
		{"no path", "pipe:[1]", pathrules.ErrNotCanonical},
		{"empty component", "/a//b", pathrules.ErrNotCanonical},
		{"slash at the end", "/a/", pathrules.ErrNotCanonical},
		{"two slashes", "//", pathrules.ErrNotCanonical},
		{"dot", "/a/./b", pathrules.ErrNotCanonical},
		{"dot at the end", "/a/.", pathrules.ErrNotCanonical},
		{"upwards", "/a/../b", pathrules.ErrNotCanonical},
		{"upwards at the end", "/a/..", pathrules.ErrNotCanonical},
		{"NUL", "/a\x00b", pathrules.ErrNotCanonical},
		{"three dots", "/a/.../b", nil},
		{"hidden", "/a/.b/..c", nil},
		{"beyond PATH_MAX", strings.Repeat("/abc", 2048), nil},
		{"longest", strings.Repeat("/abc", pathrules.MaxPath/4), nil},
		{"too long", strings.Repeat("/abc", pathrules.MaxPath/4) + "/", pathrules.ErrTooLong},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, m := range []pathrules.Match{set.Match(test.path), set.MatchBytes([]byte(test.path))} {
				if m.Allowed != (test.want == nil) || !errors.Is(m.Err, test.want) {
					t.Errorf("Match = %v, %v; want error %v", m.Allowed, m.Err, test.want)
				}
			}
		})
	}
}

func TestZeroValues(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  *pathrules.Set
	}{
		{"nil", nil},
		{"zero", new(pathrules.Set)},
		{"zero rules", pathrules.New(make([]pathrules.Rule, 2), make([]pathrules.Rule, 2))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{"/", "/a/b"} {
				if diff := cmp.Diff("-", describe(test.set.Match(path))); diff != "" {
					t.Errorf("Match(%q) (-want +got):\n%s", path, diff)
				}
				if test.set.Directory([]byte(path)) {
					t.Errorf("Directory(%q) = true", path)
				}
			}
			if m := test.set.Match("a"); !errors.Is(m.Err, pathrules.ErrNotCanonical) {
				t.Errorf("Match of a relative path: error %v", m.Err)
			}
		})
	}
}

func TestNewKeepsItsRules(t *testing.T) {
	t.Parallel()
	rules := make([]pathrules.Rule, 2)
	for i, text := range []string{"/a", "~^/b/"} {
		var err error
		if rules[i], err = pathrules.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	set := pathrules.New(rules, nil)
	clear(rules)
	for path, want := range map[string]string{"/a/x": "+/a", "/b/x": "+~^/b/"} {
		if diff := cmp.Diff(want, describe(set.Match(path))); diff != "" {
			t.Errorf("Match(%q) (-want +got):\n%s", path, diff)
		}
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		allow []string
		deny  []string
		dir   string
		want  bool
	}{
		{"the rule itself", []string{"/b"}, nil, "/b", true},
		{"below", []string{"/b"}, nil, "/b/c/d", true},
		{"above", []string{"/b/c"}, nil, "/b", false},
		{"sibling", []string{"/b"}, nil, "/bc", false},
		{"root", []string{"/"}, nil, "/", true},
		{"root, denied inside", []string{"/"}, []string{"/x/y"}, "/", false},
		{"denied", []string{"/b"}, []string{"/b/c"}, "/b/c", false},
		{"below denied", []string{"/b"}, []string{"/b/c"}, "/b/c/d", false},
		{"denied inside", []string{"/b"}, []string{"/b/c/d"}, "/b/c", false},
		{"denied beside", []string{"/b"}, []string{"/b/c"}, "/b/d", true},
		{"denied sibling with the same start", []string{"/b"}, []string{"/b/cc", "/b/c.d", "/b/c0"}, "/b/c", true},
		{"many denied", []string{"/b"}, []string{"/b/a", "/b/c/x", "/b/z"}, "/b/c", false},
		{"deny regex", []string{"/b"}, []string{"~^/x"}, "/b", false},
		{"allow regex", []string{"~^/b"}, nil, "/b", false},
		{"not canonical", []string{"/"}, nil, "/b/..", false},
		{"too long", []string{"/"}, nil, strings.Repeat("/abc", pathrules.MaxPath), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := compile(t, test.allow, test.deny).Directory([]byte(test.dir)); got != test.want {
				t.Errorf("Directory = %v, want %v", got, test.want)
			}
		})
	}
}
