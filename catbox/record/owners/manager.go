package owners

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Package is an installed package.
type Package struct {
	Name     string   `json:"name"` // without the architecture
	Version  string   `json:"version"`
	Arch     string   `json:"arch"`
	Provides []string `json:"provides,omitempty"` // names of virtual packages, where the manager tells
}

// Manager is a package manager of this machine.
type Manager struct {
	Name string // dpkg, rpm, apk or pacman
	kind *kind
	run  runner
	root string // of the machine, for tests
}

// runner runs a program in the C locale and returns its standard output. An exit
// status is no error: the programs end with one if a single file has no owner.
type runner func(ctx context.Context, argv ...string) ([]byte, error)

// kind is what managers differ in. Without a program the database is read.
type kind struct {
	name, program string
	databases     []string // one of which is there if packages are installed with it
	owners        func(ctx context.Context, m *Manager, paths []string) (map[string][]Package, error)
}

func kinds() []*kind {
	return []*kind{
		{"dpkg", "dpkg-query", []string{"/var/lib/dpkg/status"}, dpkgOwners},
		{"rpm", "rpm", []string{"/usr/lib/sysimage/rpm", "/var/lib/rpm"}, rpmOwners},
		{"apk", "", []string{"/lib/apk/db/installed", "/usr/lib/apk/db/installed"}, apkOwners},
		{"pacman", "pacman", []string{"/var/lib/pacman/local"}, pacmanOwners},
	}
}

// Names returns the names that [New] knows.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.name)
	}
	return names
}

// ErrNoManager is the error of a machine without a known package manager.
var ErrNoManager = errors.New("no package manager: none of dpkg, rpm, apk and pacman has a database here")

// ErrNoDatabase is the error of a machine that the manager has not installed.
var ErrNoDatabase = errors.New("no database")

// Detect returns the manager that has installed this machine.
func Detect() (*Manager, error) {
	for _, k := range kinds() {
		for _, database := range k.databases {
			if _, err := os.Stat(database); err == nil {
				return &Manager{Name: k.name, kind: k, run: run}, nil
			}
		}
	}
	return nil, ErrNoManager
}

// New returns the manager of that name.
func New(name string) (*Manager, error) {
	for _, k := range kinds() {
		if k.name == name {
			return &Manager{Name: k.name, kind: k, run: run}, nil
		}
	}
	return nil, fmt.Errorf("%q is no known package manager: %s", name, strings.Join(Names(), ", "))
}

// Owners returns the packages that each of the paths belongs to; those of no package
// are not in the map. Where /bin, /lib and /sbin are links into /usr, a path is found by
// either name. Directories belong to many packages: better leave them out.
func (m *Manager) Owners(ctx context.Context, paths []string) (map[string][]Package, error) {
	found := map[string][]Package{}
	left := filter(paths, func(p string) bool { return strings.HasPrefix(p, "/") && !strings.Contains(p, "\n") })
	if err := m.ask(ctx, left, func(path string) string { return path }, found); err != nil {
		return nil, err
	}
	left = filter(left, func(p string) bool { return found[p] == nil && alias(p) != "" })
	return found, m.ask(ctx, left, alias, found)
}

// ask asks for the paths, some at a time, by other names, and adds what it finds.
func (m *Manager) ask(ctx context.Context, paths []string, name func(string) string, found map[string][]Package) error {
	for _, batch := range batches(paths) {
		names := make([]string, len(batch))
		for i, path := range batch {
			names[i] = name(path)
		}
		owners, err := m.kind.owners(ctx, m, names)
		if err != nil {
			return fmt.Errorf("%s: %w", cmp.Or(m.kind.program, m.Name), err)
		}
		for i, path := range batch {
			if list := owners[names[i]]; len(list) > 0 {
				found[path] = list
			}
		}
	}
	return nil
}

// alias returns the other name of a path where directories of / are links into /usr,
// as the database may have either; "" if there is none.
func alias(path string) string {
	rest, inUsr := strings.CutPrefix(path, "/usr/")
	if !inUsr {
		rest = strings.TrimPrefix(path, "/")
	}
	top, _, below := strings.Cut(rest, "/")
	if !below || top != "bin" && top != "sbin" && !strings.HasPrefix(top, "lib") {
		return ""
	}
	if inUsr {
		return "/" + rest
	}
	return "/usr/" + rest
}

const (
	maxBatch = 1000     // names of one call
	maxBytes = 64 << 10 // and their length: half of what a system with small limits takes
)

func batches(paths []string) [][]string {
	var list [][]string
	begin, size := 0, 0
	for i, path := range paths {
		if i > begin && (i-begin == maxBatch || size+len(path) > maxBytes) {
			list = append(list, paths[begin:i])
			begin, size = i, 0
		}
		size += len(path) + 1
	}
	if begin < len(paths) {
		list = append(list, paths[begin:])
	}
	return list
}

func run(ctx context.Context, argv ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return out, nil
	}
	return out, err
}

func filter(list []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !keep(s) })
}
