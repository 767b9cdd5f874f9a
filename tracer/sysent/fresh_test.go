package sysent_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/tracer/sysent/internal/numbers"
	"github.com/catbox-go/catbox/tracer/sysent/internal/refpage"
)

// TestGeneratedFilesAreFresh regenerates both files in memory. When it fails,
// run go generate in the directory of the package.
func TestGeneratedFilesAreFresh(t *testing.T) {
	tests := []struct {
		name     string
		generate func(t *testing.T) []byte
	}{
		{
			name: "znumbers.go",
			generate: func(t *testing.T) []byte {
				t.Helper()
				dir, err := numbers.ModuleDir()
				if err != nil {
					t.Fatal(err)
				}
				src, err := numbers.Generate(dir)
				if err != nil {
					t.Fatal(err)
				}
				return src
			},
		},
		{
			name:     filepath.Join("..", "..", "docs", "syscalls.md"),
			generate: func(*testing.T) []byte { return refpage.Render() },
		},
	}
	for _, tt := range tests {
		t.Run(filepath.Base(tt.name), func(t *testing.T) {
			got, err := os.ReadFile(tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(tt.generate(t)), string(got)); diff != "" {
				t.Errorf("run go generate (-want +got):\n%s", diff)
			}
		})
	}
}
