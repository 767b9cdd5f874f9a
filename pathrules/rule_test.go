package pathrules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/pathrules"
)

// TestC2BadRules: a rule that is no absolute path and no regular expression is
// refused with an error that helps.
func TestC2BadRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rule string
		want string
	}{
		{"relative", "build", `rule "build": not absolute; write the whole path such as "/abs/build", or "~" and a regular expression`},
		{"relative with dot", "./build/x", `rule "./build/x": not absolute; write the whole path such as "/abs/build/x", or "~" and a regular expression`},
		{"relative, upwards", "../../x", `rule "../../x": not absolute; write the whole path such as "/abs/x", or "~" and a regular expression`},
		{"dot", ".", `rule ".": not absolute; write the whole path such as "/abs/", or "~" and a regular expression`},
		{"blank before the slash", " /build", `rule " /build": not absolute; write the whole path such as "/abs/ /build", or "~" and a regular expression`},
		{"empty", "", `rule "": empty; write an absolute path such as "/abs/build", or "~" and a regular expression`},
		{"NUL in a prefix", "/a\x00b", `rule "/a\x00b": holds a NUL byte; no path does, remove it`},
		{"NUL in a regex", "~a\x00b", `rule "~a\x00b": holds a NUL byte; no path does, remove it`},
		{"upwards", "/a/../b", `rule "/a/../b": holds ".."; where that leads depends on symbolic links, write the path without it`},
		{"upwards at the end", "/a/..", `rule "/a/..": holds ".."; where that leads depends on symbolic links, write the path without it`},
		{"empty regex", "~", `rule "~": the regular expression is empty and matches everything; write "/" if that is meant`},
		{
			"bad regex", "~^/a(b",
			"rule \"~^/a(b\": error parsing regexp: missing closing ) in `^/a(b`; see perlre(1) for the language",
		},
		{"regex in another encoding", "~^/caf\xe9/", `rule "~^/caf\xe9/": not valid UTF-8; write the byte 0xe9 as \udce9`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := pathrules.Parse(test.rule)
			if err == nil {
				t.Fatal("rule is accepted")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongRule(t *testing.T) {
	t.Parallel()
	longest := "/" + strings.Repeat("x", pathrules.MaxPath-1)
	set := compile(t, []string{longest}, nil)
	if !set.Match(longest).Allowed {
		t.Error("longest rule does not match itself")
	}
	if _, err := pathrules.Parse(longest + "x"); err == nil {
		t.Error("rule beyond the bound is accepted")
	}
}

func TestCompileNamesTheList(t *testing.T) {
	t.Parallel()
	_, allow := pathrules.Compile([]string{"/a", "b"}, nil)
	_, deny := pathrules.Compile(nil, []string{"/a", "b"})
	for want, err := range map[string]error{"parse allow rules: rule \"b\"": allow, "parse deny rules: rule \"b\"": deny} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want one that begins with %s", err, want)
		}
	}
}

func TestRule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		text    string
		regex   bool
		literal string
	}{
		{"prefix", "/build", false, "/build"},
		{"prefix that is not clean", "//build/./x/", false, "/build/x"},
		{"root", "/", false, "/"},
		{"root that is not clean", "//.//", false, "/"},
		{"odd bytes", "/caf\xe9/\n", false, "/caf\xe9/\n"},
		{"dots in names", "/.../..a/.b", false, "/.../..a/.b"},
		{"regex", "~^/build/", true, "/build"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := pathrules.Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.text, r.String()); diff != "" {
				t.Errorf("String (-want +got):\n%s", diff)
			}
			if r.IsRegex() != test.regex {
				t.Errorf("IsRegex = %v", r.IsRegex())
			}
			if diff := cmp.Diff(test.literal, r.LiteralPrefix()); diff != "" {
				t.Errorf("LiteralPrefix (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLiteralPrefix(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		pattern string
		want    string
	}{
		{"directory", `^/var/lib/`, "/var/lib"},
		{"class after", `^/var/lib/[a-z]+/x`, "/var/lib"},
		{"open component", `^/var/lib`, "/var"},
		{"open first component", `^/build`, "/"},
		{"root", `^/`, "/"},
		{"whole path", `^/var/lib$`, "/var"},
		{"absolute anchor", `\A/q/x`, "/q"},
		{"no anchor", `/var/lib/`, ""},
		{"anchor later", `/var^/lib/`, ""},
		{"anchor inside of a word", `a^/lib/`, ""},
		{"match start is no anchor", `\G/var/`, ""},
		{"escaped dot", `^/q\.d/x`, "/q.d"},
		{"hexadecimal escape", `^/a\x2fb/`, "/a/b"},
		{"quoted", `^\Q/a.b+/\E.*`, "/a.b+"},
		{"any character", `^/a/./b/`, "/a"},
		{"star takes the slash away", `^/a/b/*`, "/a"},
		{"question mark", `^/a/b/?`, "/a"},
		{"plus", `^/a/b/+c`, "/a/b"},
		{"counted", `^/a{3}/b`, "/aaa"},
		{"counted from 0", `^/a/b{0,3}/c/`, "/a"},
		{"repeated group", `^(?:/a/)+b`, "/a"},
		{"optional group", `^(?:/a/)?b`, ""},
		{"lazy", `^/a/b+?/c`, "/a"},
		{"optional anchor", `^?/a/`, ""},
		{"alternation of one directory", `^/a/x/|^/a/y/`, "/a"},
		{"alternation of two directories", `^/a/x/|^/b/y/`, "/"},
		{"alternation without second anchor", `^/a/x/|/a/y/`, ""},
		{"grouped alternation", `^(/a/x/|/a/yy/)z`, "/a"},
		{"alternation with the end", `^/a/(?:b|)/c`, "/a"},
		{"anchor or slash", `(^|/)build/`, ""},
		{"grouped anchor", `(?:^)/a/`, "/a"},
		{"capture", `^(/a/)(b)/`, "/a/b"},
		{"named capture and reference", `^(?<n>/a/)\k<n>`, "/a"},
		{"atomic", `^(?>/a/b)/c`, "/a/b"},
		{"ignore case", `(?i)^/Build/x`, "/"},
		{"ignore case later", `^/a/(?i)b/c/`, "/a"},
		{"ignore case, no letters", `(?i)^/12/`, "/12"},
		{"ignore case off again", `(?i)^(?-i)/A/b`, "/A"},
		{"extended", `(?x) ^ / a / # comment`, "/a"},
		{"extended, escaped blank", `(?x)^/a\ b/`, "/a b"},
		{"multiline", `(?m)^/a/`, ""},
		{"multiline, absolute anchor", `(?m)\A/a/`, "/a"},
		{"single line", `(?s)^/a/.*`, "/a"},
		{"negative lookahead", `^(?!/b/secret)/b/c`, "/b"},
		{"positive lookahead", `^(?=.*x)/b/c`, "/b"},
		{"lookbehind", `(?<=^/a)/b/`, ""},
		{"condition", `^(?(?=/a)/a/b/|/c/d/)`, ""},
		{"class of one", `^/[a]/b/`, "/a/b"},
		{"negated class", `^/[^a]/b/`, "/"},
		{"no slash at the start", `^build/x/`, ""},
		{"no canonical path", `^/a//b/`, "/a"},
		{"no canonical path, upwards", `^/a/\.\./b/`, "/a"},
		{"characters", `^/é/ü`, "/é"},
		{"byte", `^/\udcff/x`, "/\xff"},
		{"impossible character", `^/a/\ud800/x`, "/a"},
		{"comment", `^/a(?#/b/)/c/`, "/a/c"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := pathrules.Parse("~" + test.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.LiteralPrefix()); diff != "" {
				t.Errorf("LiteralPrefix (-want +got):\n%s", diff)
			}
		})
	}
}
