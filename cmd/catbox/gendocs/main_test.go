package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const docs = "../../../docs"

func TestPagesAreFresh(t *testing.T) {
	want := pages()
	for name, text := range want {
		t.Run(name, func(t *testing.T) {
			got, err := os.ReadFile(filepath.Join(docs, name))
			if err != nil {
				t.Fatalf("%v; run: go run ./cmd/catbox/gendocs docs", err)
			}
			if diff := cmp.Diff(text, string(got)); diff != "" {
				t.Errorf("stale; run: go run ./cmd/catbox/gendocs docs (-want +got):\n%s", diff)
			}
		})
	}
	have, err := filepath.Glob(filepath.Join(docs, "man", "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range have {
		if _, ok := want[filepath.Join("man", filepath.Base(file))]; !ok {
			t.Errorf("%s belongs to no command", file)
		}
	}
}

func TestBlocks(t *testing.T) {
	const long = "One\ntwo.\n\nTable:\n\n  a  b\n  c  d\n\nNot a heading:\n\nLast."
	want := []block{
		{text: "One\ntwo."},
		{text: "Table:", heading: true},
		{text: "  a  b\n  c  d", verbatim: true},
		{text: "Not a heading:"},
		{text: "Last."},
	}
	if diff := cmp.Diff(want, blocks(long), cmp.AllowUnexported(block{})); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

func TestRoff(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"hyphens", "--path", `\-\-path`},
		{"backslash", `\z`, `\(rsz`},
		{"macro", ".git", `\&.git`},
		{"quote", "'x'", `\(aqx\(aq`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := roffLine(tt.text); got != tt.want {
				t.Errorf("roffLine(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}
