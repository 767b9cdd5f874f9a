package fakeroot

import (
	"regexp"
	"strings"
)

// A difference is one between real and faked ownership that is meant or cannot be
// helped. Sequences that its pattern matches are left out of the random ones.
type difference struct {
	name    string         // as docs/fakeroot.md has it
	pattern *regexp.Regexp // of the lines of a sequence
	shows   sequence       // it does so in these operations
}

var differences = []difference{
	{"permissions of a process that is not root any more", regexp.MustCompile(`^never$`), sequence{"chmod . 0700", "setuid 1000", "mkdir d 0755"}},
}

// excepted reports whether a difference is to be expected of a sequence.
func excepted(s sequence) bool {
	text := strings.Join(s, "\n")
	for _, d := range differences {
		if d.pattern.MatchString(text) {
			return true
		}
	}
	return false
}
