package record

import (
	"slices"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/owners"
	"github.com/catbox-go/catbox/tests/harness"
)

// TestPackages asks for the packages that a build in C needs: those of the compiler, and
// not others that are installed as well.
func TestPackages(t *testing.T) {
	m, err := owners.Detect()
	if err != nil || m.Name != "dpkg" {
		t.Skip("this machine was not installed by dpkg, whose names of packages the test knows")
	}
	harness.Need(t, "dpkg-query", "dpkg")
	harness.Need(t, "gcc", "gcc libc6-dev")
	harness.Need(t, "make", "make")
	w := newWorld(t, copyOf("../demo/project"))
	w.fresh(t)
	u, err := owners.Find(t.Context(), m, w.load(t, record.LevelAll, "mkdir build; cd build; ../configure; make; command -v no-such-program || env no-such-other || :"))
	if err != nil {
		t.Fatal(err)
	}
	var used []string
	for _, p := range u.Used {
		used = append(used, p.Name)
	}
	for _, name := range []string{"binutils", "gcc", "libc6-dev", "make"} {
		if !slices.Contains(used, name) {
			t.Errorf("%s is not said to be used", name)
		}
	}
	for _, name := range []string{"acl", "apt", "bsdutils", "e2fsprogs", "findutils", "git", "login", "mount", "passwd", "perl-base", "python3", "strace", "util-linux"} {
		if slices.Contains(used, name) {
			t.Errorf("%s is said to be used", name)
		}
	}
	u.Compare([]owners.Declared{{Names: []string{"gcc"}}, {Names: []string{"no-such-package", "make"}}, {Names: []string{"strace"}}})
	if len(u.Unused) != 1 || u.Unused[0] != "strace" {
		t.Errorf("declared and not used: %q, want strace", u.Unused)
	}
	for _, name := range []string{"no-such-other", "no-such-program"} {
		if !slices.Contains(u.Absent, name) {
			t.Errorf("%s is not said to be looked for and not there", name)
		}
	}
	for _, name := range u.Absent {
		// The compiler looks for directories of such names below a bin of its own.
		if strings.HasSuffix(name, "-linux-gnu") || slices.Contains([]string{"as", "cc", "gcc", "ld", "make", "sh"}, name) {
			t.Errorf("%s is said to be a program that is not there", name)
		}
	}
	if t.Failed() {
		t.Logf("used: %q, absent: %q", used, u.Absent)
	}
}
