package record

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// line is a system call in the output of strace -f -y.
type line struct {
	pid   int
	name  string
	args  []string
	value string // behind the =, with the name of a descriptor in angle brackets
	errno string // "ENOENT", or ""
	done  bool   // false if the process ended in the middle
}

// reading is the output of strace: its calls in the order in which they ended, and
// for each process the one that started it.
type reading struct {
	lines   []line
	parents map[int]int
	share   map[int]bool // the working directory of the parent (CLONE_FS)
}

// readStrace takes the output of strace apart.
func readStrace(r io.Reader) (*reading, error) {
	out := &reading{parents: map[int]int{}, share: map[int]bool{}}
	open := map[int]string{} // calls that have not ended
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	for n := 1; in.Scan(); n++ {
		number, text, _ := strings.Cut(in.Text(), " ")
		pid, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is no process", n, number)
		}
		text = strings.TrimLeft(text, " ")
		switch {
		case strings.HasPrefix(text, "+++"), strings.HasPrefix(text, "---"):
			continue // an end, a signal
		case strings.HasSuffix(text, "<unfinished ...>"):
			open[pid] = strings.TrimSuffix(text, "<unfinished ...>")
			continue
		case strings.HasPrefix(text, "<... "):
			_, rest, ok := strings.Cut(text, " resumed>")
			if !ok {
				return nil, fmt.Errorf("line %d: %q", n, text)
			}
			text = open[pid] + rest
			delete(open, pid)
		}
		l, err := parseCall(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		l.pid = pid
		out.lines = append(out.lines, l)
		if kid, err := strconv.Atoi(l.value); err == nil && kid > 0 && births(l.name) {
			out.parents[kid] = pid
			out.share[kid] = strings.Contains(strings.Join(l.args, " "), "CLONE_FS")
		}
	}
	return out, in.Err()
}

func births(name string) bool {
	return name == "fork" || name == "vfork" || name == "clone" || name == "clone3"
}

// parseCall parses "name(arguments) = value".
func parseCall(text string) (line, error) {
	name, rest, ok := strings.Cut(text, "(")
	if !ok {
		return line{}, fmt.Errorf("%q is no call", text)
	}
	args, rest, err := splitArguments(rest)
	if err != nil {
		return line{}, fmt.Errorf("%q: %w", text, err)
	}
	l := line{name: name, args: args}
	rest = strings.TrimSpace(rest)
	value, ok := strings.CutPrefix(rest, "= ")
	if !ok {
		return line{}, fmt.Errorf("%q has no result", text)
	}
	if errno, failed := strings.CutPrefix(value, "-1 "); failed {
		l.errno, _, _ = strings.Cut(errno, " ")
		value = "-1"
	}
	l.done = value != "?"
	l.value = value
	return l, nil
}

// splitArguments splits at the commas outside of strings and brackets, up to the
// bracket that ends the list, and returns what stands behind it.
func splitArguments(text string) (args []string, rest string, err error) {
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			if i = endOfString(text, i); i < 0 {
				return nil, "", fmt.Errorf("a string without an end")
			}
		case c == '<': // the name of a descriptor, which may have anything but >
			if end := strings.IndexByte(text[i:], '>'); end > 0 && !strings.HasPrefix(text[i:], "<<") {
				i += end
			}
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' && depth == 0:
			if last := strings.TrimSpace(text[start:i]); last != "" {
				args = append(args, last)
			}
			return args, text[i+1:], nil
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			args = append(args, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return nil, "", fmt.Errorf("the arguments have no end")
}

// endOfString returns the index of the quote that ends the string which begins at i.
func endOfString(text string, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// text returns the string that an argument is; false if it is none, or was cut.
func text(arg string) (string, bool) {
	if len(arg) < 2 || arg[0] != '"' || endOfString(arg, 0) != len(arg)-1 {
		return "", false
	}
	return unescape(arg[1 : len(arg)-1])
}

// unescape undoes the escapes of strace: those of C.
func unescape(s string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", false
		}
		if at := strings.IndexByte(`nrtvf"\>`, s[i]); at >= 0 {
			out.WriteByte("\n\r\t\v\f\"\\>"[at])
			continue
		}
		end := i
		for end < len(s) && end < i+3 && s[end] >= '0' && s[end] <= '7' {
			end++
		}
		if s[i] == 'x' {
			i, end = i+1, min(i+3, len(s))
			v, err := strconv.ParseUint(s[i:end], 16, 8)
			if err != nil {
				return "", false
			}
			out.WriteByte(byte(v))
		} else {
			v, err := strconv.ParseUint(s[i:end], 8, 8)
			if err != nil {
				return "", false
			}
			out.WriteByte(byte(v))
		}
		i = end - 1
	}
	return out.String(), true
}

// named returns what stands in the angle brackets of a descriptor: "3</etc/passwd>".
func named(arg string) (string, bool) {
	start, end := strings.IndexByte(arg, '<'), strings.LastIndexByte(arg, '>')
	if start < 0 || end < start {
		return "", false
	}
	name, ok := unescape(arg[start+1 : end])
	return strings.TrimSuffix(name, " (deleted)"), ok
}
