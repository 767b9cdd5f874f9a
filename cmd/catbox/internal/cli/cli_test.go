package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMainWithBuffers runs catbox as a function, with streams that are no files.
func TestMainWithBuffers(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		stdin  string
		status int
		stdout string
		stderr []string // each is somewhere in it
	}{
		{name: "output", args: []string{"run", "--", "cat"}, stdin: "hello\n", stdout: "hello\n"},
		{name: "status", args: []string{"run", "-c", "exit 9"}, status: 9},
		{name: "refused", args: []string{"run", "-c", "echo x 2>/dev/null >/no-such-file; echo said >&2; true"}, status: 123,
			stderr: []string{"catbox: refused: openat /no-such-file: ", "said\n", "catbox: summary: 1 call was refused\n",
				"catbox: hint: to allow this: -p /no-such-file\n"}},
		{name: "error", args: []string{"run"}, status: 125,
			stderr: []string{"catbox: error: no command given\ncatbox: hint: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := Main(tt.args, strings.NewReader(tt.stdin), &stdout, &stderr)
			if status != tt.status {
				t.Errorf("status %d, want %d; standard error:\n%s", status, tt.status, &stderr)
			}
			if diff := cmp.Diff(tt.stdout, stdout.String()); diff != "" {
				t.Errorf("standard output (-want +got):\n%s", diff)
			}
			for _, part := range tt.stderr {
				if !strings.Contains(stderr.String(), part) {
					t.Errorf("standard error lacks %q:\n%s", part, &stderr)
				}
			}
			if tt.stderr == nil && stderr.Len() > 0 {
				t.Errorf("standard error:\n%s", &stderr)
			}
		})
	}
}

func TestStyle(t *testing.T) {
	if got := newStyle(&bytes.Buffer{}).bad("x"); got != "x" {
		t.Errorf("coloured for what is no terminal: %q", got)
	}
	if got := (style{colour: true}).bad("x"); got != "\x1b[1;31mx\x1b[0m" {
		t.Errorf("coloured: %q", got)
	}
}
