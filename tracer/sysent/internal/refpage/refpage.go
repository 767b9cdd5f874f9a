// Package refpage writes the reference page of system calls out of the table of
// package sysent.
package refpage

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/tracer/sysent"
)

const head = `<!-- Generated from the table of package tracer/sysent by its gen/page. Do not edit. -->

# System calls

What catbox knows about each system call of Linux, and what confinement with the network off answers. The table is the
one that the filter and the tracer are made from; ` + "`go generate ./tracer/sysent`" + ` writes this page.

- **Numbers** are those of x86-64, of the 32-bit calls of x86 (i386) and of arm64. A call without a row gets ENOSYS.
- **Arguments** are named by what they are; ` + "`·`" + ` is one that nothing looks at, and those at the end are left out.
- **Confined** is the answer. *Allowed*: the kernel runs the call without a stop. *Refused with* an error: no
  rule can allow it; EPERM is reported as a violation, other errors make programs fall back and are not. *Checked*: the call stops, and the rules decide on its paths, addresses or targets.
  Conditions are tried from left to right; ` + "`a0`" + ` is the first argument. Of an argument that the kernel declares as
  ` + "`int`" + ` the low 32 bits count.
`

// headings are the titles of the classes, by class.
var headings = [...]string{
	sysent.Harmless:  "No effect outside the process, or on open descriptors only",
	sysent.Open:      "Opening and creating files",
	sysent.PathWrite: "Changing directories and files by path",
	sysent.Owner:     "Changing owner and mode by path",
	sysent.Xattr:     "Changing extended attributes by path",
	sysent.FDMeta:    "Changing metadata through any descriptor",
	sysent.FDWrite:   "Writing through a descriptor that was opened for it",
	sysent.Stat:      "Reading the metadata of files",
	sysent.XattrRead: "Reading extended attributes",
	sysent.PathRead:  "Looking paths up",
	sysent.Access:    "Asking for permission",
	sysent.Cwd:       "Working directory",
	sysent.Exec:      "Starting programs",
	sysent.ID:        "Identity of the process",
	sysent.Net:       "Sockets",
	sysent.Proc:      "Births and deaths of processes",
	sysent.Trace:     "Looking into other processes",
	sysent.Signal:    "Signals and other ways to end a process",
	sysent.Limit:     "Priorities and limits",
	sysent.Namespace: "Namespaces",
	sysent.Mount:     "Changing what paths mean",
	sysent.Bypass:    "Reaching files without a call that could be checked",
	sysent.Admin:     "Administering the machine",
	sysent.IPC:       "System V and POSIX objects, keys, performance counters",
}

// Render returns the page in Markdown.
func Render() []byte {
	var b bytes.Buffer
	b.WriteString(head)
	for _, class := range order() {
		rows := rowsOf(class)
		fmt.Fprintf(&b, "\n## %s\n\nClass `%s`, %d calls.\n\n", headings[class], class, len(rows))
		b.WriteString("| call | x86-64 | i386 | arm64 | arguments | confined | remarks |\n")
		b.WriteString("|---|--:|--:|--:|---|---|---|\n")
		for _, e := range rows {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", e.Name,
				number(e, sysent.AMD64), number(e, sysent.I386), number(e, sysent.ARM64),
				arguments(e), Answer(e), remarks(e))
		}
	}
	return b.Bytes()
}

// order puts the harmless calls, the longest and least telling table, last.
func order() []sysent.Class {
	all := sysent.Classes()
	slices.SortStableFunc(all, func(a, b sysent.Class) int {
		return cmp.Compare(last(a), last(b))
	})
	return all
}

func last(c sysent.Class) int {
	if c == sysent.Harmless {
		return 1
	}
	return 0
}

func rowsOf(class sysent.Class) []*sysent.Entry {
	var rows []*sysent.Entry
	for e := range sysent.Entries() {
		if e.Class == class {
			rows = append(rows, e)
		}
	}
	return rows
}

func number(e *sysent.Entry, a sysent.Arch) string {
	nr, ok := e.Number(a)
	if !ok {
		return "–"
	}
	return fmt.Sprint(nr)
}

func arguments(e *sysent.Entry) string {
	used := len(e.Args)
	for used > 0 && e.Args[used-1] == sysent.Unused {
		used--
	}
	if used == 0 {
		return ""
	}
	words := make([]string, used)
	for i, role := range e.Args[:used] {
		words[i] = role.String()
		if role == sysent.Unused {
			words[i] = "·"
		}
	}
	return "`" + strings.Join(words, ", ") + "`"
}

func remarks(e *sysent.Entry) string {
	var words []string
	if e.Arg(sysent.Path) >= 0 {
		words = append(words, lastWords(e.Last))
	}
	if e.IDBits(sysent.I386) == 16 {
		words = append(words, "On i386 ids have 16 bits.")
	}
	if e.Note != "" {
		words = append(words, e.Note)
	}
	return strings.ReplaceAll(strings.Join(words, " "), "|", `\|`)
}

func lastWords(l sysent.Last) string {
	switch l {
	case sysent.NoFollow:
		return "Does not follow a link."
	case sysent.ByAtNoFollow:
		return "Follows a link unless AT_SYMLINK_NOFOLLOW is set."
	case sysent.ByAtFollow:
		return "Follows a link only if AT_SYMLINK_FOLLOW is set."
	case sysent.ByOpenFlags:
		return "Follows a link unless O_NOFOLLOW, or O_CREAT with O_EXCL, is set."
	}
	return "Follows a link."
}
