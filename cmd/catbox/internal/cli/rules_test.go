package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox"
)

func TestAbsolute(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "real/sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real/sub", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	tests := []struct{ name, text, want string }{
		{"relative", "a/b", dir + "/a/b"},
		{"dot", ".", dir},
		{"dot and slash", "./a/", dir + "/a/"},
		{"absolute", "/a/b/", "/a/b/"},
		{"root", "/", "/"},
		{"regular expression", "~a/../b", "~a/../b"},
		{"empty", "", ""},
		{"dots", "../x", filepath.Dir(dir) + "/x"},
		{"dots behind a link", "link/../x", dir + "/real/x"},
		{"absolute with dots", dir + "/link/../x/", dir + "/real/x/"},
		{"only dots", "link/..", dir + "/real"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := absolute(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("absolute(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
	if got, err := absolute("none/../x"); err == nil {
		t.Errorf("absolute behind a directory that does not exist = %q, want an error", got)
	}
}

func TestSuggest(t *testing.T) {
	tests := []struct {
		name  string
		list  []catbox.Violation
		given []string
		want  []string
	}{
		{"nothing", nil, nil, nil},
		{"no rule helps", []catbox.Violation{{Call: "mount"}}, nil, nil},
		{"merged", []catbox.Violation{{Rule: "/a/b"}, {Rule: "/a/b/c"}, {Rule: "/a/bc"}, {Rule: "/a/b"}}, nil, []string{"-p /a/b", "-p /a/bc"}},
		{"quoted", []catbox.Violation{{Rule: `~^/tmp\z`}, {Rule: "/a b"}}, nil, []string{`-p '~^/tmp\z'`, "-p '/a b'"}},
		{"given already", []catbox.Violation{{Rule: "/a"}}, []string{"/a"}, nil},
		{"loopback", []catbox.Violation{{Address: "127.0.0.1:80"}, {Address: "[::1]:80"}}, nil, []string{"--network=loopback"}},
		{"host", []catbox.Violation{{Address: "127.0.0.1:80"}, {Address: "1.2.3.4:80"}}, nil, []string{"--network=host"}},
		{"abstract socket", []catbox.Violation{{Address: "@x"}}, nil, []string{"--network=host"}},
		{"socket with a path", []catbox.Violation{{Address: "/run/x", Rule: "/run/x"}}, nil, []string{"-p /run/x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, suggest(tt.list, tt.given)); diff != "" {
				t.Errorf("suggest (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRelease(t *testing.T) {
	tests := []struct {
		name, release string
		major, minor  int
		ok            bool
	}{
		{"debian", "6.1.0-13-amd64", 6, 1, true},
		{"short", "5.10", 5, 10, true},
		{"suffix", "6.18-rc1", 6, 18, true},
		{"one number", "6", 6, 0, false},
		{"word", "linux", 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			major, minor, ok := parseRelease(tt.release)
			if major != tt.major || minor != tt.minor || ok != tt.ok {
				t.Errorf("parseRelease(%q) = %d, %d, %v, want %d, %d, %v", tt.release, major, minor, ok, tt.major, tt.minor, tt.ok)
			}
		})
	}
}
