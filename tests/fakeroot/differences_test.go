package fakeroot

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A difference is one between real and faked ownership that is meant or cannot be
// helped.
type difference struct {
	// name is how docs/fakeroot.md calls it.
	name string

	// pattern matches the beginnings of sequences whose last operation is not to be
	// tried, because it may differ.
	pattern string

	// shows are sequences that differ, each of them.
	shows []sequence
}

// becomes matches the operations that take something from root.
const becomes = `\n(set(re|res|fs)?[ug]id(16)?|drop|capset) `

var differences = []difference{
	{
		name:    "a process that is not root any more is not kept from files",
		pattern: becomes + `.*\nlink[a-z]* [^\n]*$`, // sysctl fs.protected_hardlinks
		shows:   []sequence{{"chmod . 0700", "setuid 1000", "mkdir d 0755"}, {"open a wc 0600", "setfsuid 1", "read a"}},
	}, {
		name:    "a mode from before the run still keeps the owner out",
		pattern: `\n[a-z]+ ../old`,
		shows:   []sequence{{"open ../old/dir/new wc 0644"}, {"read ../old/file"}},
	}, {
		name:    "writing takes no privileges from a file",
		pattern: `(security\.capability|` + becomes + `).*\n(write|fwrite|ftruncate) [^\n]*$`,
		shows: []sequence{{"open a wc 0755", "setxattr a security.capability " + fileCaps + " 0", "write a text"},
			{"umask 0", "open a wc 06777", "setuid 1", "write a text"}},
	}, {
		name:    "a device is an empty file to those who open or execute it",
		pattern: `\nopendevice [^\n]*$|\nmknod [^ ]* [cb] .*\ntry [^\n]*$`,
		shows:   []sequence{{"mknod c c 0600 1 5", "opendevice c"}, {"mknod c c 0700 1 5", "try c"}},
	}, {
		name:    "the other end of a socket is told the real ids",
		pattern: `\npeer$`,
		shows:   []sequence{{"peer"}},
	}, {
		name:    "all threads of a process have the same identity",
		pattern: `\nthread [^\n]*$`,
		shows:   []sequence{{"thread 1000"}},
	}, {
		name:    "calls that libraries do not need are missing",
		pattern: `\n(openat2|getxattrat|oldstat|linkempty) [^\n]*$`,
		shows:   []sequence{{"openat2 ."}, {"keep 0 . bT 0644", "exec", "linkempty 0 a"}},
	}, {
		name:    "capabilities of programs and ambient capabilities do not count",
		pattern: `\n(endowed|ambient) [^\n]*$`,
		shows:   []sequence{{"ambient 0"}, {"endowed " + fileCaps + " 1000"}},
	},
}

// exceptions are the patterns of all differences.
func exceptions() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, d := range differences {
		all = append(all, regexp.MustCompile(`(?s)`+d.pattern))
	}
	return all
}

// excepted reports whether the last operation of a sequence may differ.
func excepted(s sequence, patterns []*regexp.Regexp) bool {
	text := "\n" + strings.Join(s, "\n")
	for _, p := range patterns {
		if p.MatchString(text) {
			return true
		}
	}
	return false
}

// manual is the page that tells of the differences.
const manual = "../../docs/fakeroot.md"

// TestDifferences checks that each difference is told of and still there.
func TestDifferences(t *testing.T) {
	t.Parallel()
	args := command(t)
	page, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(strings.ToLower(string(page)), "**"+d.name) {
				t.Errorf("%s does not tell of it", manual)
			}
			want, got := both(t, args, d.shows)
			for i := range d.shows {
				if want[i] == got[i] {
					t.Errorf("no difference any more:\n%s", want[i])
				}
				t.Log(changes(want[i], got[i]))
			}
		})
	}
}
