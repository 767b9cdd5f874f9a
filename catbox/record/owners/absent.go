package owners

import (
	"path/filepath"
	"slices"

	"github.com/catbox-go/catbox/catbox/record"
)

// programs are the directories in which a build looks for programs.
type programs struct {
	dirs []string // of PATH; none if the record does not tell
}

// has reports whether a path is directly in one of the directories.
func (p *programs) has(path string) bool {
	dir := filepath.Dir(path)
	if len(p.dirs) == 0 {
		base := filepath.Base(dir)
		return base == "bin" || base == "sbin"
	}
	return slices.Contains(p.dirs, dir)
}

// enough is in how many of the directories one process must have missed a name that
// counts as a program. A single one is no search: interpreters look for their settings
// beside themselves, and compilers for directories below their own bin.
func (p *programs) enough() int {
	if len(p.dirs) == 1 {
		return 1
	}
	return 2
}

// absent lists the programs that were looked for and are nowhere.
func absent(b *record.Build) []string {
	in := &programs{dirs: b.Run.Search}
	type search struct {
		name    string
		process int32
	}
	misses := map[search]int{}
	sought := map[string]bool{}
	for _, p := range b.With(record.ClassMissing) {
		name := filepath.Base(p.Name)
		if p.Ops.Set().Has(record.OpSought) {
			sought[name] = true
		}
		if !in.has(p.Name) {
			continue
		}
		for _, u := range p.Users {
			s := search{name, u.Process}
			if misses[s]++; misses[s] >= in.enough() {
				sought[name] = true
			}
		}
	}
	for _, p := range b.Paths {
		executed := p.Ops.Set().Has(record.OpExecuted)
		if executed || in.has(p.Name) && (p.Link || p.Class&^record.ClassMissing != 0) {
			delete(sought, filepath.Base(p.Name))
		}
	}
	names := []string{}
	for name := range sought {
		if name != "." && name != ".." {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
