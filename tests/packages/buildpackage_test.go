package packages

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBuildPackage builds Debian's package of hello as its maintainer would, with
// debhelper and dpkg-buildpackage, in the same place: as root, if the test is, and as
// an ordinary user, with catbox as the command that gains root. The packages must be
// equal to the bit.
func TestBuildPackage(t *testing.T) {
	const name = "hello"
	if !slices.Contains(strings.Fields(os.Getenv("CATBOX_TEST_PACKAGES")), name) {
		t.Skipf("CATBOX_TEST_PACKAGES does not name %s; see make test-packages", name)
	}
	ctx := t.Context()
	src, err := Fetch(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel() // from here on: the archives' lists are for one at a time
	top, err := os.MkdirTemp("/var/tmp", "catbox-packages.")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(top)
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	catbox := copyBinary(t, top)

	debs := make(map[string]map[string]string)
	var names []string
	for _, as := range users(t) {
		t.Run(as.name, func(t *testing.T) {
			b := &build{ctx: ctx, as: as, catbox: catbox, dir: filepath.Join(top, "work", name), home: filepath.Join(top, "home")}
			debs[as.name] = b.debs(t, src)
			names = append(names, as.name)
		})
	}
	if len(names) == 2 {
		if diff := cmp.Diff(debs[names[0]], debs[names[1]]); diff != "" {
			t.Errorf("packages built as %s and as %s with catbox (-want +got):\n%s", names[0], names[1], diff)
		}
	}
}

// debs builds the packages, checks whom their files belong to, and returns their sums.
// Nobody but root needs catbox for it.
func (b *build) debs(t *testing.T, src *Source) map[string]string {
	t.Helper()
	work := filepath.Dir(b.dir)
	for _, dir := range []string{work, b.home} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := src.Extract(b.ctx, b.dir); err != nil {
		t.Fatal(err)
	}
	needRoot(t, filepath.Join(b.dir, "debian", "control"))
	command := "DEB_BUILD_OPTIONS='nocheck parallel=2' dpkg-buildpackage -b -us -uc"
	if b.as.cred != nil || os.Getuid() != 0 {
		command += fmt.Sprintf(" -r'%s run --fakeroot --fakeroot-save %s -p %s --'", b.catbox, filepath.Join(work, "state"), work)
	}
	if b.as.cred != nil {
		owner := fmt.Sprintf("%d:%d", b.as.cred.Uid, b.as.cred.Gid)
		if err := run(exec.CommandContext(b.ctx, "chown", "-R", owner, work, b.home)); err != nil {
			t.Fatal(err)
		}
	}
	out, status := b.sh(t, nil, command)
	if status != 0 || strings.Contains(string(out), "catbox: ") {
		t.Fatalf("dpkg-buildpackage: status %d\n%s", status, tail(out))
	}
	files, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(files) == 0 {
		t.Fatalf("dpkg-buildpackage has built no package (%v)\n%s", err, tail(out))
	}
	sums := make(map[string]string)
	for _, file := range files {
		ofRoot(b.ctx, t, file)
		sum, err := hash(file)
		if err != nil {
			t.Fatal(err)
		}
		sums[filepath.Base(file)] = fmt.Sprintf("%x", sum)
	}
	return sums
}

// needRoot makes the package one whose files cannot be packed without root.
func needRoot(t *testing.T, control string) {
	t.Helper()
	text, err := os.ReadFile(control)
	if err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile(`(?m)^Rules-Requires-Root:.*$`)
	if !field.Match(text) {
		t.Fatalf("%s has no field Rules-Requires-Root", control)
	}
	if err := os.WriteFile(control, field.ReplaceAll(text, []byte("Rules-Requires-Root: binary-targets")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ofRoot expects all files of a package to be root's.
func ofRoot(ctx context.Context, t *testing.T, deb string) {
	t.Helper()
	out, err := exec.CommandContext(ctx, "dpkg-deb", "-c", deb).Output()
	if err != nil || len(out) == 0 {
		t.Fatalf("dpkg-deb -c %s: %v\n%s", deb, err, out)
	}
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); len(fields) < 2 || fields[1] != "root/root" {
			t.Errorf("%s: not root's: %s", filepath.Base(deb), line)
		}
	}
}
