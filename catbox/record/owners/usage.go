package owners

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/catbox-go/catbox/catbox/record"
)

// Usage is what a build used of the packages that are installed.
type Usage struct {
	Manager string `json:"manager"`
	// Distro is the ID of os-release(5), such as debian.
	Distro string `json:"distro"`
	// Used are packages of which files were read or executed.
	Used []Part `json:"used"`
	// Probed are those of which files were only looked at, or listed.
	Probed []Part `json:"probed"`
	// Unowned are inputs that were read or executed and belong to no package.
	Unowned []string `json:"unowned"`
	// Absent are names that were looked for as programs and found nowhere: one that
	// execve(2) did not find, or that one process missed in several directories of PATH.
	Absent []string `json:"absent"`
	// Unused are declared dependencies no package of which was used.
	Unused []string `json:"unused,omitempty"`
}

// Part is a package and the files that count.
type Part struct {
	Package
	Files []string `json:"files"`
}

// Find asks the package manager about all inputs of a build.
func Find(ctx context.Context, m *Manager, b *record.Build) (*Usage, error) {
	var paths []string
	for _, p := range b.With(record.ClassInput) {
		if !p.Dir && !isLayout(p) {
			paths = append(paths, p.Name)
		}
	}
	owners, err := m.Owners(ctx, paths)
	if err != nil {
		return nil, err
	}
	u := &Usage{Manager: m.Name, Distro: distro(), Unowned: []string{}, Absent: absent(b)}
	used, probed := map[string]*Part{}, map[string]*Part{}
	for _, path := range paths {
		into := probed
		if b.Path(path).Needed() {
			into = used
			if len(owners[path]) == 0 {
				u.Unowned = append(u.Unowned, path)
			}
		}
		if b.Path(path).Link && len(owners[path]) > 1 {
			continue // a directory for them
		}
		for _, p := range owners[path] {
			id := p.Name + ":" + p.Arch
			if into[id] == nil {
				into[id] = &Part{Package: p}
			}
			into[id].Files = append(into[id].Files, path)
		}
	}
	for id := range used {
		delete(probed, id)
	}
	u.Used, u.Probed = sorted(used), sorted(probed)
	return u, nil
}

// distro returns the ID of os-release(5).
func distro() string {
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if id, ok := strings.CutPrefix(strings.TrimSpace(line), "ID="); ok {
				return strings.Trim(id, `"'`)
			}
		}
	}
	return "linux"
}

// URL returns the package URL of a package (github.com/package-url/purl-spec).
func (u *Usage) URL(p *Package) string {
	kind := map[string]string{"dpkg": "deb", "rpm": "rpm", "apk": "apk", "pacman": "alpm"}[u.Manager]
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%3A", ":") }
	text := "pkg:" + kind + "/" + escape(u.Distro) + "/" + escape(p.Name) + "@" + escape(p.Version)
	if p.Arch != "" {
		text += "?arch=" + escape(p.Arch)
	}
	return text
}

// isLayout reports whether a path is a link such as /lib64, which tells nothing.
func isLayout(p *record.Path) bool { return p.Link && strings.LastIndexByte(p.Name, '/') == 0 }

func sorted(parts map[string]*Part) []Part {
	list := []Part{}
	for _, p := range parts {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(x, y Part) int { return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Arch, y.Arch)) })
	return list
}

// Compare sets Unused: what of the declared dependencies the build has not used. A
// package that only depends on others has no files, and counts as unused.
func (u *Usage) Compare(declared []Declared) {
	names := map[string]bool{}
	for _, p := range u.Used {
		names[p.Name] = true
		for _, name := range p.Provides {
			names[name] = true
		}
	}
	u.Unused = nil
	for _, d := range declared {
		if !slices.ContainsFunc(d.Names, func(name string) bool { return names[name] }) {
			u.Unused = append(u.Unused, d.String())
		}
	}
}
