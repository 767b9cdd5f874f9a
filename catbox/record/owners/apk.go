package owners

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// apkOwners reads the database of apk(8) of Alpine, which tells more than the program
// does. A symbolic link that no package has, as busybox makes them for its programs when
// it is installed, belongs to the package of what it leads to.
func apkOwners(_ context.Context, m *Manager, paths []string) (map[string][]Package, error) {
	file, err := m.open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	wanted := map[string]bool{}
	targets := map[string]string{}
	for _, name := range paths {
		wanted[name] = true
		if text, err := os.Readlink(m.root + name); err == nil {
			if !path.IsAbs(text) {
				text = path.Join(path.Dir(name), text)
			}
			targets[name] = path.Clean(text)
			wanted[targets[name]] = true
		}
	}
	owners := map[string][]Package{}
	err = readInstalled(file, func(p *Package, name string) {
		if wanted[name] {
			owners[name] = append(owners[name], *p)
		}
	})
	for name, target := range targets {
		if len(owners[name]) == 0 && len(owners[target]) > 0 {
			owners[name] = owners[target]
		}
	}
	return owners, err
}

// open opens the database of the manager.
func (m *Manager) open() (*os.File, error) {
	for _, name := range m.kind.databases {
		file, err := os.Open(m.root + name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, fmt.Errorf("%w: there is no %s", ErrNoDatabase, strings.Join(m.kind.databases, ", and no "))
}

// readInstalled reads the text of a database and yields each file of each package. Its
// lines are a letter, a colon and a value: P is the name of a package, V its version, A
// its architecture and p what it provides (apk-package(5)); F is a directory, from the
// root on, and R a file in it. An empty line ends a package.
func readInstalled(r io.Reader, yield func(p *Package, name string)) error {
	const maxLine = 16 << 20
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	var p Package
	dir := "/"
	for scanner.Scan() {
		field, value, _ := strings.Cut(scanner.Text(), ":")
		switch field {
		case "":
			p, dir = Package{}, "/"
		case "P":
			p.Name = value
		case "V":
			p.Version = value
		case "A":
			p.Arch = value
		case "p":
			for name := range strings.FieldsSeq(value) {
				if end := strings.IndexAny(name, "=<>~"); end >= 0 {
					name = name[:end]
				}
				p.Provides = append(p.Provides, name)
			}
		case "F":
			dir = "/" + value
		case "R":
			if p.Name != "" {
				yield(&p, path.Join(dir, value))
			}
		}
	}
	return scanner.Err()
}
