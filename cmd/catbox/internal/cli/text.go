package cli

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/catbox-go/catbox/catbox"
)

// quote returns s as one word of a shell. Control characters and bytes that are
// no UTF-8 need the form $'...', which bash, zsh, ksh and POSIX 2024 know.
func quote(s string) string {
	plain, special := s != "", !utf8.ValidString(s)
	for i, r := range s {
		switch {
		case !unicode.IsPrint(r):
			special = true
		case r == '~' && i > 0:
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+,:@%=", r):
			plain = false
		}
	}
	switch {
	case special:
		return quoteBytes(s)
	case plain:
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func quoteBytes(s string) string {
	var b strings.Builder
	b.WriteString("$'")
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == utf8.RuneError && size == 1, !unicode.IsPrint(r):
			// Three octal digits: a hexadecimal escape would take the digits
			// behind it as its own.
			for _, c := range []byte(s[:size]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	b.WriteByte('\'')
	return b.String()
}

// quoteAll returns words as a shell would read them.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

const (
	maxWord  = 48 // bytes of one argument that are shown
	maxLine  = 76 // bytes of a command line, about
	maxChain = 4  // processes that are shown
)

// commandLine describes a process in little room, safely for a terminal.
func commandLine(p catbox.ProcessInfo) string {
	var b strings.Builder
	for i, arg := range p.Argv {
		word := shorten(arg, maxWord)
		if i > 0 && b.Len()+len(word) > maxLine {
			b.WriteString(" ...")
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	if b.Len() == 0 {
		b.WriteByte('?')
	}
	fmt.Fprintf(&b, " (pid %d)", p.PID)
	return b.String()
}

// shorten returns the beginning of a word in printable form.
func shorten(word string, limit int) string {
	if len(word) <= limit {
		return catbox.Printable(word)
	}
	cut := limit - len("...")
	for cut > 0 && !utf8.RuneStart(word[cut]) {
		cut--
	}
	return catbox.Printable(word[:cut]) + "..."
}

// chain describes a process and those that started it, innermost first.
func chain(processes []catbox.ProcessInfo) []string {
	var lines []string
	for i, p := range processes {
		if i == maxChain-1 && len(processes) > maxChain {
			lines = append(lines, fmt.Sprintf("... %d more", len(processes)-maxChain))
			p = processes[len(processes)-1]
			return append(lines, commandLine(p))
		}
		lines = append(lines, commandLine(p))
	}
	return lines
}

// bytesText returns a size for people.
func bytesText(n int64) string {
	const unit = 1024
	value, name := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < unit {
			break
		}
		value, name = value/unit, next
	}
	if name == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, name)
}
