package cli

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/record"
)

// maxUsers bounds the processes that are shown with --why.
const maxUsers = 20

// why shows the processes that had to do with a path.
func (a *app) why(path string, b *record.Build) error {
	p := findPath(path, b)
	if p == nil {
		return &taskError{err: fmt.Errorf("%s is not in the record", catbox.Printable(path)), hint: pathHint(path, b)}
	}
	out := bufio.NewWriter(a.out)
	words := p.Class.Strings()
	if len(words) == 0 {
		words = []string{"no file of the build"}
	}
	fmt.Fprintf(out, "%s: %s\n", oneLine(p.Name), strings.Join(words, ", "))
	if p.Was != "" {
		fmt.Fprintf(out, "  it was %s before\n", oneLine(p.Was))
	}
	for i, u := range p.Users {
		if i == maxUsers {
			fmt.Fprintf(out, "  and %d processes more\n", len(p.Users)-i)
			break
		}
		fmt.Fprintf(out, "  %s", strings.Join(u.Ops.Strings(), ", "))
		process := b.Process(int(u.Process))
		if process == nil {
			fmt.Fprintf(out, " by process %d, of which the record tells nothing\n", u.Process)
			continue
		}
		for depth, line := range chain(ancestors(process)) {
			word := "by"
			if depth > 0 {
				word = "   from"
			}
			fmt.Fprintf(out, " %s %s\n", word, line)
		}
	}
	return flush(out)
}

// findPath returns what is known of a path as somebody may give it: canonical, or from
// the directory of the build, or, on the machine of the build, by a link.
func findPath(name string, b *record.Build) *record.Path {
	whole := name
	if !filepath.IsAbs(name) {
		whole = filepath.Join(b.Run.Dir, name)
	}
	names := []string{name, filepath.Clean(whole)}
	for _, follow := range []bool{false, true} {
		if canonical, err := catbox.Canonical(whole, catbox.CanonicalOptions{Follow: follow}); err == nil {
			names = append(names, canonical)
		}
	}
	for _, name := range names {
		if p := b.Path(name); p != nil {
			return p
		}
	}
	return nil
}

// maxLike bounds the paths that a hint names.
const maxLike = 3

// pathHint says what may be meant by a path that is not in the record, or why it is not.
func pathHint(name string, b *record.Build) string {
	var like []string
	for _, p := range b.Paths {
		if filepath.Base(p.Name) == filepath.Base(name) && len(like) < maxLike {
			like = append(like, catbox.Printable(p.Name))
		}
	}
	switch {
	case len(like) > 0:
		return "the record has " + strings.Join(like, ", ")
	case b.Run.Level != record.LevelAll:
		return fmt.Sprintf("the record has the level %s; --record-level all knows what was only looked at or looked for as well", b.Run.Level)
	}
	return "the build had nothing to do with it; catbox deps lists what it has used"
}

func ancestors(p *record.Process) []catbox.ProcessInfo {
	var list []catbox.ProcessInfo
	for _, q := range p.Chain() {
		list = append(list, catbox.ProcessInfo{PID: q.PID, Argv: q.Argv()})
	}
	return list
}
