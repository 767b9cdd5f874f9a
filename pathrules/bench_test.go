package pathrules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/pathrules"
)

func BenchmarkMatch(b *testing.B) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("/srv/%d/%s", i, strings.Repeat("d/", i%20))
	}
	regexes := []string{`~^/tmp/cc[A-Za-z0-9]{6}\.(o|s|res)\z`, `~\.pyc\z`}
	tests := []struct {
		name        string
		allow, deny []string
		path        string
	}{
		{"1 rule, allowed", []string{"/build"}, nil, "/build/src/lib/module/file.o"},
		{"1 rule, refused", []string{"/build"}, nil, "/usr/lib/python3/dist-packages/x.pyc"},
		{"10000 rules, allowed", many, nil, "/srv/9987/d/d/d/d/d/d/d/src/lib/module/file.o"},
		{"10000 rules, refused", many, nil, "/srv/src/lib/module/a/b/c/d/e/f/g/file.o"},
		{"10000 rules and denies", many, many[:5000], "/srv/9987/d/d/d/d/d/d/d/src/lib/module/file.o"},
		{"2 regexes, allowed", regexes, nil, "/usr/lib/python3/dist-packages/x.pyc"},
		{"2 regexes, refused", regexes, nil, "/usr/lib/python3/dist-packages/x.py"},
		{"1 rule, longest path", []string{"/build"}, nil, strings.Repeat("/a", pathrules.MaxPath/2)},
		{"10000 rules, longest path", many, nil, strings.Repeat("/a", pathrules.MaxPath/2)},
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			set := compile(b, test.allow, test.deny)
			path := []byte(test.path)
			b.ReportAllocs()
			for b.Loop() {
				set.MatchBytes(path)
			}
		})
	}
}

func BenchmarkDirectory(b *testing.B) {
	set := compile(b, []string{"/build"}, []string{"/build/secret", "/other"})
	path := []byte("/build/src/lib/module")
	b.ReportAllocs()
	for b.Loop() {
		set.Directory(path)
	}
}

// TestNoAllocations holds what the hot path promises. testing.AllocsPerRun
// refuses parallel tests.
func TestNoAllocations(t *testing.T) {
	set := compile(t, []string{"/build"}, []string{"/build/secret"})
	for _, path := range []string{"/build/src/file.o", "/etc/passwd", "/build/secret/x", "/a/../b"} {
		if n := testing.AllocsPerRun(100, func() { set.Match(path) }); n != 0 {
			t.Errorf("Match(%q): %v allocations", path, n)
		}
		name := []byte(path)
		if n := testing.AllocsPerRun(100, func() { set.MatchBytes(name) }); n != 0 {
			t.Errorf("MatchBytes(%q): %v allocations", path, n)
		}
	}
}
