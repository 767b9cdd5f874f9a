package binfmt

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChain(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	shell, err := Chain("/bin/sh", "/")
	if err != nil || len(shell) != 1 || shell[0].Kind != Loader || !strings.Contains(shell[0].Path, "ld") {
		t.Fatalf("/bin/sh: %v, %v", shell, err)
	}
	sh := func(chain ...Interpreter) []Interpreter { return append(chain, shell...) }
	one := file("one", "#!/bin/sh\necho\n")
	tests := []struct {
		name, file string
		want       []Interpreter
	}{
		{"script", one, sh(Interpreter{"/bin/sh", Script})},
		{"argument and blanks", file("two", "#! \t/bin/sh -e x\n"), sh(Interpreter{"/bin/sh", Script})},
		{"script of a script", file("three", "#!"+one+"\n"), sh(Interpreter{one, Script}, Interpreter{"/bin/sh", Script})},
		{"no end of line", file("four", "#!/bin/sh"), sh(Interpreter{"/bin/sh", Script})},
		{"line too long", file("five", "#!/"+strings.Repeat("x", 300)), nil},
		{"text", file("six", "echo\n"), nil},
		{"empty", file("seven", ""), nil},
		{"broken program", file("eight", "\x7fELF and no more"), nil},
		{"directory", dir, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Chain(test.file, dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	loop := file("loop", fmt.Sprintf("#!%s/loop\n", dir))
	if _, err := Chain(loop, dir); !errors.Is(err, ErrTooDeep) {
		t.Errorf("a loop: %v", err)
	}
	if _, err := Chain(filepath.Join(dir, "none"), dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// FuzzParse checks that no file makes Parse fail, or name what cannot be a path.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"/bin/sh", "/bin/true"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text[:min(len(text), 4096)])
	}
	f.Add([]byte("#!/bin/sh -e\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		i := Parse(text[:min(len(text), lineSize)], bytes.NewReader(text))
		if i != nil && (i.Path == "" || strings.ContainsRune(i.Path, 0)) {
			t.Errorf("path %q", i.Path)
		}
	})
}
