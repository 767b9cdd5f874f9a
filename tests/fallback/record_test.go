package fallback

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/tests/harness"
)

// TestRecord takes away what the recorder prefers to ask with: the listener of the
// filter, its descriptor, and the memory of programs. The record is the same.
func TestRecord(t *testing.T) {
	const script = `cat in/file in/link tmp/none /nowhere/at/all; ls in; test -e in/file; test -e in/none; test -x out/file
readlink in/link in/file; echo x >in/new; mv in/new in/newer; cat in/newer >/dev/null; exit 0`
	record := func(t *testing.T, p *place, rules []string, level string) []string {
		t.Helper()
		p.rules = rules
		if o := p.run(t, "run", "-p", "in", "--record", "tmp/record", "--record-level", level, "--", "/bin/sh", "-c", "exec 2>/dev/null; "+script); o.status != 0 {
			t.Fatalf("exit status %d\n%s", o.status, o.err)
		}
		seen := p.files(t, "tmp/record")
		if err := os.Remove(filepath.Join(p.root, "in/newer")); err != nil {
			t.Fatal(err)
		}
		return seen
	}
	for _, level := range []string{"exec", "files", "all"} {
		t.Run(level, func(t *testing.T) {
			forUsers(t, func(t *testing.T, p *place) {
				p.write(t, "in/file", "text\n")
				if err := os.Symlink("../out/file", filepath.Join(p.root, "in/link")); err != nil {
					t.Fatal(err)
				}
				want := record(t, p, nil, level)
				if text := strings.Join(want, "\n"); level != "exec" && !(strings.Contains(text, "/out/file read") && strings.Contains(text, "/tmp/none missing")) {
					t.Fatalf("the record lacks what was read and what was missing:\n%s", text)
				}
				for name, rules := range map[string][]string{
					"another listener":            {"seccomp(1,&8)=EBUSY"},
					"no listeners":                {"seccomp(1,&8)=EINVAL"},
					"no pidfd_getfd":              {"pidfd_getfd=EPERM"},
					"no pidfds":                   {"pidfd_open=ENOSYS"},
					"memory by file":              {"process_vm_readv=EPERM", "process_vm_writev=EPERM"},
					"no sizes of the structures":  {"seccomp(3)=EINVAL"},
					"no openat2":                  {"openat2=ENOSYS"},
					"no openat2, and no listener": {"openat2=ENOSYS", "seccomp(1,&8)=EBUSY"},
				} {
					if diff := cmp.Diff(want, record(t, p, rules, level)); diff != "" {
						t.Errorf("%s (-want +got):\n%s", name, diff)
					}
				}
			})
		})
	}
}

// files lists what a record says of each path, without that of procfs.
func (p *place) files(t *testing.T, name string) []string {
	t.Helper()
	var all []string
	for _, path := range harness.Record(t, filepath.Join(p.root, name)).Paths {
		if !strings.HasPrefix(path.Name, "/proc/") {
			all = append(all, path.Name+" "+strings.Join(path.Ops.Set().Strings(), " "))
		}
	}
	slices.Sort(all)
	return all
}
