package packages

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCodename(t *testing.T) {
	for _, tt := range []struct{ name, release, want string }{
		{"plain", "ID=debian\nVERSION_CODENAME=bookworm\n", "bookworm"},
		{"quoted", "VERSION_CODENAME=\"noble\"\n", "noble"},
		{"absent", "ID=arch\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, codename(tt.release)); diff != "" {
				t.Errorf("codename (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSourceLines(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "deb http://host/debian bookworm main\n", "deb-src http://host/debian bookworm main\n"},
		{"options", "deb [arch=amd64 signed-by=/k] http://host/debian bookworm-updates main\n",
			"deb-src [arch=amd64 signed-by=/k] http://host/debian bookworm-updates main\n"},
		{"sources already", "deb-src http://host/debian bookworm main\n", ""},
		{"comment", "# deb http://host/debian bookworm main\n", ""},
		{"third party", "deb http://host/sdk sdk-bookworm main\n", ""},
		{"cut short", "deb [arch=amd64\ndeb http://host\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sourceLines(tt.text, "bookworm")); diff != "" {
				t.Errorf("sourceLines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSourceStanzas(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "Types: deb\nURIs: http://host/debian\nSuites: bookworm bookworm-updates\nComponents: main\n",
			"Types: deb-src\nURIs: http://host/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n"},
		{"both types", "Types: deb deb-src\nSuites: bookworm\n", "Types: deb-src\nSuites: bookworm\n\n"},
		{"third party", "Types: deb\nSuites: nodistro\n", ""},
		{"one of two", "Types: deb\nSuites: nodistro\n\nTypes: deb\nSuites: bookworm-security\n",
			"Types: deb-src\nSuites: bookworm-security\n\n"},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, sourceStanzas(tt.text, "bookworm")); diff != "" {
				t.Errorf("sourceStanzas (-want +got):\n%s", diff)
			}
		})
	}
}
