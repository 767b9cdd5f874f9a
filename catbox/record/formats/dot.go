package formats

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox/catbox/record"
)

// WriteDot writes a graph for Graphviz: the processes that executed a program or
// changed a file, and the outputs, the temporaries and those inputs that are below the
// directory of the build. Inputs of the system would hide everything else.
func WriteDot(w io.Writer, b *record.Build) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "digraph build {\n  rankdir=LR;\n  node [fontname=sans, fontsize=10];\n")
	for _, p := range b.Processes {
		if len(p.Execs) == 0 && p.Changed == 0 {
			continue
		}
		fmt.Fprintf(out, "  p%d [shape=box, label=%s, tooltip=%s];\n", p.ID, quoted(Name(p)), quoted(line(p.Argv())))
		for parent := p.Parent; parent != nil; parent = parent.Parent {
			if len(parent.Execs) > 0 || parent.Changed > 0 {
				fmt.Fprintf(out, "  p%d -> p%d [style=dotted];\n", parent.ID, p.ID)
				break
			}
		}
	}
	dir := strings.TrimSuffix(b.Run.Dir, "/") + "/"
	for i, path := range b.Paths {
		isInside := strings.HasPrefix(path.Name, dir)
		if path.Class&(record.ClassOutput|record.ClassTemporary) == 0 && !(path.Needed() && isInside) {
			continue
		}
		label := path.Name
		if rel, err := filepath.Rel(b.Run.Dir, path.Name); err == nil && isInside {
			label = rel
		}
		style := ""
		switch {
		case path.Class&record.ClassOutput != 0:
			style = ", style=filled, fillcolor=lightblue"
		case path.Class&record.ClassTemporary != 0:
			style = ", style=dashed"
		}
		fmt.Fprintf(out, "  f%d [label=%s%s];\n", i, quoted(label), style)
		edges(out, b, path, i)
	}
	fmt.Fprint(out, "}\n")
	return out.Flush()
}

func edges(out io.Writer, b *record.Build, path *record.Path, i int) {
	for _, u := range path.Users {
		p := b.Process(int(u.Process))
		if p == nil || len(p.Execs) == 0 && p.Changed == 0 {
			continue
		}
		if u.Ops.Has(record.OpRead, record.OpExecuted) {
			fmt.Fprintf(out, "  f%d -> p%d;\n", i, u.Process)
		}
		if u.Ops.Has(record.OpWritten, record.OpCreated, record.OpRenamedTo) {
			fmt.Fprintf(out, "  p%d -> f%d;\n", u.Process, i)
		}
	}
}

// quoted is a quoted string of the language of Graphviz, in which a backslash starts an
// escape and a line break is written \n.
func quoted(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\x00", "").Replace(s) + `"`
}
