package packages

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snapshot describes every file below root, by its path relative to root: type
// and mode, and the target of a symbolic link or the SHA-256 of a regular file.
// Times are left out, since two builds never share them. Files named in skip
// are left out too.
func snapshot(t *testing.T, root string, skip map[string]string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if _, ok := skip[filepath.Base(name)]; ok {
			return nil
		}
		files[name], err = describe(path, d)
		return err
	})
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return files
}

func describe(path string, d fs.DirEntry) (string, error) {
	info, err := d.Info()
	if err != nil {
		return "", err
	}
	switch {
	case info.Mode().IsRegular():
		sum, err := hash(path)
		return fmt.Sprintf("%v %x", info.Mode(), sum), err
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return fmt.Sprintf("%v -> %s", info.Mode(), target), err
	}
	return info.Mode().String(), nil
}

func hash(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

func TestSnapshot(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string, mode fs.FileMode) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		// Past the umask.
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write("a", "", 0o644)
	write("config.log", "today", 0o644)
	if err := os.Symlink("a", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	skip := map[string]string{"config.log": "a date"}
	before := snapshot(t, root, skip)
	delete(before, ".") // its mode is for the machine to choose
	want := map[string]string{
		"a":    "-rw-r--r-- e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"link": "Lrwxrwxrwx -> a",
	}
	if diff := cmp.Diff(want, before); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}

	for _, change := range []struct {
		name string
		do   func()
	}{
		{"contents", func() { write("a", "x", 0o644) }},
		{"mode", func() { write("a", "x", 0o755) }},
		{"new file", func() { write("b", "", 0o644) }},
	} {
		before := snapshot(t, root, skip)
		change.do()
		if cmp.Equal(before, snapshot(t, root, skip)) {
			t.Errorf("%s: the change does not show", change.name)
		}
	}
}
