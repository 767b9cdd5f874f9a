package cli

import (
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tests/harness"
)

func TestQuote(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "/usr/lib/x_1.2-3", "/usr/lib/x_1.2-3"},
		{"empty", "", "''"},
		{"blank", "a b", "'a b'"},
		{"quote", "it's", `'it'\''s'`},
		{"home", "~x", "'~x'"},
		{"tilde inside", "a~", "a~"},
		{"variable", "$HOME", "'$HOME'"},
		{"umlaut", "/tmp/ä", "/tmp/ä"},
		{"newline", "a\n1", `$'a\0121'`},
		{"no UTF-8", "a\xff'\\", `$'a\377\'\\'`},
		{"direction", "a\u202eb", `$'a\342\200\256b'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, quote(tt.text)); diff != "" {
				t.Errorf("quote(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// needBash returns a shell that knows $'...'.
func needBash(t *testing.T) string {
	t.Helper()
	bash := harness.Need(t, "bash", "bash")
	return bash
}

func TestQuoteIsReadByShell(t *testing.T) {
	bash := needBash(t)
	var all []byte
	for c := 1; c < 256; c++ {
		all = append(all, byte(c), '7')
	}
	for _, word := range []string{string(all), "a b", "it's", "-n", "~", "x\n", "!x", "{a,b}", "ä\u202e"} {
		out, err := exec.CommandContext(t.Context(), bash, "-c", "printf %s "+quote(word)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(word, "-") {
			continue // an option of printf
		}
		if diff := cmp.Diff(word, string(out)); diff != "" {
			t.Errorf("%q through a shell (-want +got):\n%s", word, diff)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("plain", 10)
	f.Add("ä\x00\xff\n\u202e'\\", 3)
	f.Add(strings.Repeat("ä", 100), 48)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		p := catbox.ProcessInfo{PID: 1, Argv: []string{text, text}}
		for _, got := range []string{quote(text), oneLine(text), shorten(text, 3+limit&0xff), commandLine(p)} {
			if !utf8.ValidString(got) {
				t.Errorf("%q became %q, which is no UTF-8", text, got)
			}
			for _, r := range got {
				if !unicode.IsGraphic(r) {
					t.Errorf("%q became %q, with %U", text, got, r)
				}
			}
		}
	})
}

func TestCommandLine(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name string
		argv []string
		want string
	}{
		{"none", nil, "? (pid 7)"},
		{"short", []string{"cc", "-c", "a b.c"}, `cc -c "a b.c" (pid 7)`},
		{"long word", []string{"sh", long}, "sh " + strings.Repeat("x", 45) + "... (pid 7)"},
		{"many words", []string{"ld", long[:40], long[:40], "b"}, "ld " + long[:40] + " ... (pid 7)"},
		{"rune at the cut", []string{strings.Repeat("ä", 40)}, strings.Repeat("ä", 22) + "... (pid 7)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, commandLine(catbox.ProcessInfo{PID: 7, Argv: tt.argv})); diff != "" {
				t.Errorf("commandLine (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChain(t *testing.T) {
	var six []catbox.ProcessInfo
	for pid := range 6 {
		six = append(six, catbox.ProcessInfo{PID: pid, Argv: []string{"p"}})
	}
	want := []string{"p (pid 0)", "p (pid 1)", "p (pid 2)", "... 2 more", "p (pid 5)"}
	if diff := cmp.Diff(want, chain(six)); diff != "" {
		t.Errorf("six processes (-want +got):\n%s", diff)
	}
	want = []string{"p (pid 0)", "p (pid 1)", "p (pid 2)", "p (pid 3)"}
	if diff := cmp.Diff(want, chain(six[:4])); diff != "" {
		t.Errorf("four processes (-want +got):\n%s", diff)
	}
}

func TestBytesText(t *testing.T) {
	tests := []struct {
		name string
		n    int64
		want string
	}{
		{"bytes", 1023, "1023 B"},
		{"kibi", 1536, "1.5 KiB"},
		{"mebi", 12 << 20, "12.0 MiB"},
		{"gibi", 3 << 30, "3.0 GiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := bytesText(tt.n); got != tt.want {
				t.Errorf("bytesText(%d) = %q, want %q", tt.n, got, tt.want)
			}
		})
	}
}
