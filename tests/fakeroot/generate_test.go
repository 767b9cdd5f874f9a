package fakeroot

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// kinds of sequences: what root does to files, what it does to its identity, and both.
type kind uint8

const (
	files kind = 1 << iota
	identities
	mixed
)

// openly is how sequences with identities begin: nobody is kept from anything by a mode.
var openly = sequence{"umask 0", "chmod . 0777"}

// begins reports whether a sequence begins like that.
func (s sequence) begins() bool {
	return len(s) >= len(openly) && slices.Equal(s[:len(openly)], openly)
}

// kindOf spreads the kinds over the sequences of a run.
func kindOf(number int) kind {
	return []kind{files, identities, files, mixed, files, files, mixed, files}[number%8]
}

// generator makes sequences without what the exceptions match.
type generator struct {
	*rand.Rand
	exceptions []*regexp.Regexp
}

// generate returns the sequence of a number, the same for each run with a seed.
func generate(seed uint64, number int, exceptions []*regexp.Regexp) sequence {
	g := generator{rand.New(rand.NewPCG(seed, uint64(number))), exceptions}
	k := kindOf(number)
	var total int
	for _, op := range operations {
		if op.kinds&k != 0 {
			total += op.weight
		}
	}
	var s sequence
	if k != files {
		s = append(s, openly...)
	}
	if k != identities { // something to work on
		for _, op := range []string{"mkdir d %m", "open a wc %m", "open d/x wc %m", "mknod c %n %m %v", "symlink %p l"} {
			if g.IntN(3) > 0 {
				s = append(s, g.fill(k, op))
			}
		}
	}
	for range 5 + g.IntN(36) {
		if longer := append(s, g.fill(k, g.pick(k, total))); !excepted(longer, g.exceptions) {
			s = longer
		}
	}
	return s
}

func (g generator) pick(k kind, total int) string {
	at := g.IntN(total)
	for _, op := range operations {
		if op.kinds&k == 0 {
			continue
		}
		if at -= op.weight; at < 0 {
			return op.line
		}
	}
	panic("weights do not add up")
}

// fill replaces each letter behind a % by a word of its list.
func (g generator) fill(k kind, line string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(line, "%")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		letter := after[0]
		if letter == 'X' {
			fmt.Fprintf(&b, "%#x", g.capabilities())
		} else {
			list := words[letter]
			if k == mixed && generous[letter] != nil {
				list = generous[letter]
			}
			b.WriteString(g.fill(k, list[g.IntN(len(list))]))
		}
		line = after[1:]
	}
}

// capabilities returns one or two of those that matter for files and identities.
func (g generator) capabilities() uint64 {
	matter := []uint{0, 0, 1, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 18, 21, 27, 31}
	set := uint64(0)
	for range 2 {
		set |= 1 << matter[g.IntN(len(matter))]
	}
	return set
}
