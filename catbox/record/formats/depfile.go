package formats

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/catbox-go/catbox/catbox/record"
)

// WriteDepfile writes a rule of make: the targets depend on all inputs whose content
// was used. Each input has an empty rule as well, so that make does not stop when one
// is removed. Without targets the outputs are the targets. It returns how many names
// were left out, because make cannot have them: they hold a line break.
func WriteDepfile(w io.Writer, b *record.Build, targets ...string) (left int, err error) {
	var inputs []string
	for _, p := range b.With(record.ClassInput) {
		if p.Needed() && !p.Dir {
			inputs = append(inputs, p.Name)
		}
	}
	if len(targets) == 0 {
		for _, p := range b.With(record.ClassOutput) {
			if !p.Dir {
				targets = append(targets, p.Name)
			}
		}
	}
	if len(targets) == 0 {
		return 0, fmt.Errorf("the build has no outputs, and no target is given")
	}
	targets, skipped := makeNames(targets)
	left += skipped
	inputs, skipped = makeNames(inputs)
	left += skipped
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s:", strings.Join(targets, " \\\n"))
	for _, input := range inputs {
		fmt.Fprintf(out, " \\\n  %s", input)
	}
	fmt.Fprintln(out)
	for _, input := range inputs {
		fmt.Fprintf(out, "\n%s:\n", input)
	}
	return left, out.Flush()
}

// makeNames escapes what means something to make: in a rule, a blank, a tab, # and : are
// escaped with a backslash, before which those that stand there are doubled, and a
// dollar is doubled.
func makeNames(names []string) (escaped []string, left int) {
	for _, name := range names {
		if strings.ContainsAny(name, "\n\r") {
			left++
			continue
		}
		var b strings.Builder
		slashes := 0
		for i := range len(name) {
			c := name[i]
			switch c {
			case ' ', '\t', '#', ':', '%':
				b.WriteString(strings.Repeat(`\`, slashes+1))
			case '$':
				b.WriteByte('$')
			}
			if c == '\\' {
				slashes++
			} else {
				slashes = 0
			}
			b.WriteByte(c)
		}
		escaped = append(escaped, b.String())
	}
	return escaped, left
}
