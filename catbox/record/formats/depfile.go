package formats

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/catbox/record"
)

// WriteDepfile writes a rule of make: the targets depend on all inputs whose content
// was used. Each input has an empty rule as well, so that make does not stop when one
// is removed. Without targets the outputs are the targets. It returns how many names
// were left out, because make cannot have them, such as those with a line break.
func WriteDepfile(w io.Writer, b *record.Build, targets ...string) (left int, err error) {
	var inputs []string
	for _, p := range b.With(record.ClassInput) {
		// A link leads to another input, or to a directory, which changes all the time.
		if p.Needed() && p.Ops.Set().Has(record.OpRead, record.OpExecuted, record.OpRenamedFrom) {
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
	var prerequisites []string
	out := bufio.NewWriter(w)
	targets = slices.DeleteFunc(slices.Clone(targets), func(name string) bool { return !isMakeName(name, &left) })
	inputs = slices.DeleteFunc(inputs, func(name string) bool { return !isMakeName(name, &left) })
	for i, target := range targets {
		targets[i] = makeName(target, true)
	}
	for _, input := range inputs {
		prerequisites = append(prerequisites, makeName(input, false))
	}
	fmt.Fprintf(out, "%s:", strings.Join(targets, " \\\n"))
	for _, name := range prerequisites {
		fmt.Fprintf(out, " \\\n  %s", name)
	}
	fmt.Fprintln(out)
	for _, input := range inputs {
		fmt.Fprintf(out, "\n%s:\n", makeName(input, true))
	}
	return left, out.Flush()
}

// isMakeName reports whether GNU make can have a name in a rule, and counts those that it
// cannot.
func isMakeName(name string, left *int) bool {
	if strings.ContainsAny(name, "\n\r;|") || strings.HasSuffix(name, "&") {
		*left++
		return false
	}
	return true
}

// makeName escapes what means something to GNU make in a rule: with a backslash, before
// which those that stand there are doubled, and a dollar with another one. An equals
// sign, which would make a variable of the rule, has to come out of an expansion. A
// percent sign means something in targets only.
func makeName(name string, target bool) string {
	var b strings.Builder
	slashes := 0
	for i := range len(name) {
		c := name[i]
		switch {
		case strings.IndexByte(" \t#:*?[", c) >= 0, c == '%' && target:
			b.WriteString(strings.Repeat(`\`, slashes+1))
		case c == '$':
			b.WriteByte('$')
		case c == '=':
			b.WriteString("$(subst ,,=)")
			slashes = 0
			continue
		}
		if c == '\\' {
			slashes++
		} else {
			slashes = 0
		}
		b.WriteByte(c)
	}
	return b.String()
}
