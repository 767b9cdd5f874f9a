//go:build amd64

package tracer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// TestABI32 traps calls of the 32-bit table, made by a 32-bit program and by
// int 0x80 in a 64-bit one. Numbers that no table has answer ENOSYS.
func TestABI32(t *testing.T) {
	dir := t.TempDir()
	file, secret := filepath.Join(dir, "file"), filepath.Join(dir, "secret")
	missing, replaced := filepath.Join(dir, "missing"), filepath.Join(dir, "replaced")
	for _, name := range []string{file, secret} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[sysent.Arch]int{}
	h := Handler{
		Rules: stopOn("openat", "getuid32"), Rewrites: true,
		Enter: func(s *Stop) Verdict {
			seen[s.Arch]++
			if s.Call.Name == "getuid32" {
				return Answer(12345)
			}
			switch pathOf(s) {
			case secret:
				return Deny(unix.EACCES)
			case missing:
				return Rewrite(1, []byte(file))
			case replaced:
				return Continue().AtExit()
			}
			return Continue()
		},
		Exit: func(s *Stop) Verdict {
			if s.Value != -int64(unix.ENOENT) {
				t.Errorf("result %d at exit", s.Value)
			}
			return Deny(unix.EXDEV)
		},
	}
	const results = "openat 0\nopenat -13\nopenat 0\nopenat 0\nopenat -18\ngetuid32 12345\nunknown -38\n"
	tests := []struct {
		name string
		m32  bool
		want string
	}{
		{"32-bit program", true, results},
		{"int 0x80", false, results + "x32 -38\nunknown64 -38\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"-static", "-nostdlib", "-fno-stack-protector", "-fno-pic", "-no-pie"}
			if test.m32 {
				args = append(args, "-m32")
			}
			clear(seen)
			got := mustTrace(t, &Tracer{Handlers: []Handler{h}}, program(t, "abi32", args...),
				file, secret, missing, missing, replaced)
			if diff := cmp.Diff("exit status 5\n"+test.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// Each rewrite of a process begins with a second stop, for the pages.
			if diff := cmp.Diff(map[sysent.Arch]int{sysent.I386: 7}, seen); diff != "" {
				t.Errorf("calls by ABI (-want +got):\n%s", diff)
			}
		})
	}
}
