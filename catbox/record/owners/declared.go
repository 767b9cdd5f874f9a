package owners

import (
	"bufio"
	"io"
	"slices"
	"strings"
)

// Declared is a dependency that is written down: one of several packages.
type Declared struct {
	Names []string // the alternatives, without versions and architectures
}

// String returns the alternatives as they are written.
func (d Declared) String() string { return strings.Join(d.Names, " | ") }

// ReadDeclared reads the dependencies of a debian/control file, or a plain list: a name
// in each line, with comments behind #. Of a control file it is Build-Depends,
// Build-Depends-Arch and Build-Depends-Indep of the source (deb-src-control(5)).
func ReadDeclared(r io.Reader) ([]Declared, error) {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 1<<20)
	var list, plain []Declared
	field, control, ended := "", false, false
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case strings.HasPrefix(line, "#"):
			continue
		case strings.TrimSpace(line) == "":
			ended = ended || control // behind the source stand the binary packages
			continue
		case strings.HasPrefix(line, " "), strings.HasPrefix(line, "\t"):
			if !control {
				plain = append(plain, parseDepends(comment(line))...)
				continue
			}
		default:
			name, value, isField := strings.Cut(line, ":")
			if isField && !strings.ContainsAny(name, " \t#,|") && (control || strings.EqualFold(name, "Source")) {
				control = true
				field, line = strings.ToLower(name), value
			} else if !control {
				plain = append(plain, parseDepends(comment(line))...)
				continue
			}
		}
		if !ended && slices.Contains([]string{"build-depends", "build-depends-arch", "build-depends-indep"}, field) {
			list = append(list, parseDepends(line)...)
		}
	}
	if !control {
		list = plain
	}
	return list, scanner.Err()
}

func comment(line string) string {
	line, _, _ = strings.Cut(line, "#")
	return line
}

// parseDepends reads "a (>= 1) [amd64] <!nocheck> | b, c".
func parseDepends(text string) []Declared {
	var list []Declared
	for item := range strings.SplitSeq(text, ",") {
		var d Declared
		for alternative := range strings.SplitSeq(item, "|") {
			name := strings.TrimSpace(alternative)
			if at := strings.IndexAny(name, " \t([<"); at >= 0 {
				name = name[:at]
			}
			name, _, _ = strings.Cut(name, ":") // the architecture
			if name != "" && !strings.HasPrefix(name, "$") {
				d.Names = append(d.Names, name)
			}
		}
		if len(d.Names) > 0 {
			list = append(list, d)
		}
	}
	return list
}
