package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/pathrules"
)

// privateTmp is a directory for the temporary files of one catbox run.
type privateTmp struct{ dir string }

// ownTmp reports whether the caller has seen to a place for temporary files: TMPDIR
// is set, to a directory that the rules allow. The flag given overrides it.
func (f *runFlags) ownTmp(box *catbox.Sandbox) bool {
	dir := os.Getenv("TMPDIR")
	if f.tmpGiven || !filepath.IsAbs(dir) {
		return false
	}
	set, err := pathrules.Compile(box.Paths, box.DenyPaths)
	return err == nil && set.Match(filepath.Clean(dir)).Allowed
}

// newPrivateTmp makes the directory, with mode 0700, where the caller keeps
// temporary files.
func newPrivateTmp() (*privateTmp, error) {
	parent, err := filepath.Abs(os.TempDir())
	if err != nil {
		return nil, fmt.Errorf("private temporary directory: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "catbox-")
	if err != nil {
		return nil, usagef("set TMPDIR to a directory where you may write, or do without: --private-tmp=false", "private temporary directory: %w", err)
	}
	return &privateTmp{dir: dir}, nil
}

// export sets the variables that programs look at.
func (t *privateTmp) export(env []string) []string {
	for _, name := range []string{"TMPDIR", "TMP", "TEMP", "TEMPDIR"} {
		env = setenv(env, name, t.dir)
	}
	return env
}

// remove removes the directory, also what the command protected by its modes.
func (t *privateTmp) remove() error {
	if os.RemoveAll(t.dir) == nil {
		return nil
	}
	// A directory is shown to the function before it is read.
	_ = filepath.WalkDir(t.dir, func(path string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	if err := os.RemoveAll(t.dir); err != nil {
		return fmt.Errorf("remove the private temporary directory: %w", err)
	}
	return nil
}
