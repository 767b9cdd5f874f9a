package packages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// ErrNoSource is returned by [Fetch] when the archive offers no such package.
var ErrNoSource = errors.New("no source package")

// packageName is what Debian policy allows as the name of a source package.
var packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)

// Source is a Debian source package on disk.
type Source struct {
	// DSC is the path of the .dsc file; the archives lie beside it.
	DSC string
}

// Fetch returns the source package of the given name, from the cache below
// [os.UserCacheDir] or, the first time, from the archives that this machine's
// own apt is set up for. It needs apt-get and dpkg-source, but not root.
//
// A package is downloaded to a place of its own and moved into the cache when
// complete, so that several processes may fetch at the same time.
func Fetch(ctx context.Context, name string) (*Source, error) {
	if !packageName.MatchString(name) {
		return nil, fmt.Errorf("fetch %q: %w", name, ErrNoSource)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	cache = filepath.Join(cache, "catbox", "packages")
	home := filepath.Join(cache, "sources", name)
	if src, err := open(home); err == nil {
		return src, nil
	}

	apt, err := newApt(filepath.Join(cache, "apt"))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(home), "."+name+".")
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	defer os.RemoveAll(fresh)
	if err := apt.download(ctx, name, fresh); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	// Whoever was first wins: a second rename finds a directory that is not
	// empty, and what lies there is as good.
	if err := os.Rename(fresh, home); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("fetch %s: %w", name, err)
	}
	return open(home)
}

// open finds the one .dsc file of a cached source package.
func open(home string) (*Source, error) {
	found, err := filepath.Glob(filepath.Join(home, "*.dsc"))
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: %d .dsc files", home, len(found))
	}
	return &Source{DSC: found[0]}, nil
}

// Extract unpacks the package into dir, which must not exist: the tree that the
// authors released, without the patches of Debian. Those may replace the build
// system, or change sources whose products are shipped and whose tools are not.
func (s *Source) Extract(ctx context.Context, dir string) error {
	if err := run(exec.CommandContext(ctx, "dpkg-source", "--extract", "--no-check", "--skip-patches", s.DSC, dir)); err != nil {
		return fmt.Errorf("extract %s: %w", s.DSC, err)
	}
	return nil
}

// run runs a command and, when it ends badly, returns what it said.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, bytes.TrimSpace(out))
	}
	return nil
}
