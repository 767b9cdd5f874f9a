package fakeroot

import (
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

	// shows differs.
	shows sequence
}

// becomes matches the operations that take something from root.
const becomes = `\n(set(re|res|fs)?[ug]id(16)?|drop|capset) `

var differences = []difference{
	{
		name:    "a process that is not root any more is not kept from files",
		pattern: becomes + `.*\nlink[a-z]* [^\n]*$`, // sysctl fs.protected_hardlinks
		shows:   sequence{"chmod . 0700", "setuid 1000", "mkdir d 0755"},
	}, {
		name:    "a mode from before the run still keeps the owner out",
		pattern: `\n[a-z]+ ../old`,
		shows:   sequence{"open ../old/dir/new wc 0644", "read ../old/file"},
	}, {
		name:    "writing takes no privileges from a file",
		pattern: `(security\.capability|` + becomes + `).*\n(write|fwrite|ftruncate) [^\n]*$`,
		shows:   sequence{"open a wc 0755", "setxattr a security.capability 0100000200200000000000000000000000000000 0", "write a text"},
	}, {
		name:    "a device is an empty file to those who open or execute it",
		pattern: `\nopendevice [^\n]*$|\nmknod [^ ]* [cb] .*\ntry [^\n]*$`,
		shows:   sequence{"mknod c c 0600 1 5", "opendevice c"},
	}, {
		name:    "the other end of a socket is told the real ids",
		pattern: `\npeer$`,
		shows:   sequence{"peer"},
	}, {
		name:    "all threads of a process have the same identity",
		pattern: `\nthread [^\n]*$`,
		shows:   sequence{"thread 1000"},
	}, {
		name:    "calls that libraries do not need are missing",
		pattern: `\n(getxattrat|oldstat) [^\n]*$`,
		shows:   sequence{"getxattrat . user.a", "oldstat ."},
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

// TestDifferences checks that each difference that is told of is still there.
func TestDifferences(t *testing.T) {
	t.Parallel()
	args := command(t)
	var all []sequence
	for _, d := range differences {
		all = append(all, d.shows)
	}
	want, got := both(t, args, all)
	for i, d := range differences {
		switch {
		case want[i] == got[i]:
			t.Errorf("%s: no difference any more:\n%s", d.name, want[i])
		case testing.Verbose():
			t.Logf("%s:\n%s", d.name, changes(want[i], got[i]))
		}
	}
}
