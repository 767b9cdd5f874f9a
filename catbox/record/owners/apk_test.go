package owners

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// installed is a database as apk-package(5) and the specification of apk at Alpine
// describe it, with all fields that a package has there.
const installed = `C:Q1OTmYWxuTdMXNAWnTRNV1p/kkxZQ=
P:libtoy
V:1.2.4_git20240101-r2
A:x86_64
S:2048
I:4096
T:A library: toys
U:https://toys.example/
L:MIT AND (BSD OR ISC)
o:toy
m:A Maintainer <a@toys.example>
t:1466181580
c:e6c226fbe17bb8f856dce5f0d9bc088b333e6225
D:so:libc.musl-x86_64.so.1 !toy-old
p:so:libtoy.so.1=1.2.4 pc:toy=1.2 toy-lib cmd:toy~1
r:toy-old
q:10
F:lib
R:libtoy.so.1
a:0:0:777
Z:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=
F:usr
F:usr/share
M:0:42:2755
R:name: with a colon
Z:Q1KUwsFGLHn/enpN9+QIpK/FmixtQ=
F:
R:at-the-root

P:nothing-but-dependencies
V:1-r0
A:noarch

C:Q1yhJHGSZ80L7cL0y4UKKGrBPwrUQ=
P:busytoy
V:1.37.0-r19
A:aarch64
F:bin
R:busytoy
a:0:0:755
F:usr/share
R:name: with a colon
`

// installation makes the root of a machine, with links as they are made when packages
// are installed.
func installation(t *testing.T, database, text string) *Manager {
	t.Helper()
	m, err := New("apk")
	if err != nil {
		t.Fatal(err)
	}
	m.root = t.TempDir()
	for _, dir := range []string{filepath.Dir(database), "bin", "usr/bin"} {
		if err := os.MkdirAll(filepath.Join(m.root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(m.root, database), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"bin/sh": "/bin/busytoy", "usr/bin/awk": "../../bin/busytoy", "bin/busytoy": "/lib/libtoy.so.1", "bin/other": "nothing"} {
		if err := os.Symlink(target, filepath.Join(m.root, name)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// TestApk reads a database where old and new releases of Alpine have it.
func TestApk(t *testing.T) {
	lib := Package{Name: "libtoy", Version: "1.2.4_git20240101-r2", Arch: "x86_64", Provides: []string{"so:libtoy.so.1", "pc:toy", "toy-lib", "cmd:toy"}}
	busy := Package{Name: "busytoy", Version: "1.37.0-r19", Arch: "aarch64"}
	want := map[string][]Package{
		"/lib/libtoy.so.1": {lib}, "/usr/lib/libtoy.so.1": {lib}, "/at-the-root": {lib}, "/usr/share/name: with a colon": {lib, busy},
		"/bin/busytoy": {busy}, "/bin/sh": {busy}, "/usr/bin/awk": {busy},
	}
	paths := []string{"/bin/other", "/lib", "/usr/share", "/etc/none", "/lib/libtoy.so"}
	for path := range want {
		paths = append(paths, path)
	}
	for _, database := range []string{"lib/apk/db/installed", "usr/lib/apk/db/installed"} {
		got, err := installation(t, database, installed).Owners(t.Context(), paths)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", database, diff)
		}
	}
}

func TestApkErrors(t *testing.T) {
	m := installation(t, "elsewhere/installed", "")
	if _, err := m.Owners(t.Context(), []string{"/bin/sh"}); !errors.Is(err, ErrNoDatabase) || !strings.HasPrefix(err.Error(), "apk: ") {
		t.Errorf("no database: %v", err)
	}
	got, err := installation(t, "lib/apk/db/installed", "\n\nV:1\nF:bin\nR:sh\nno field\nR\n:\nP").Owners(t.Context(), []string{"/bin/sh"})
	if err != nil || len(got) > 0 {
		t.Errorf("no packages: %v, error %v", got, err)
	}
}

// FuzzInstalled reads any text.
func FuzzInstalled(f *testing.F) {
	f.Add(installed)
	f.Fuzz(func(t *testing.T, text string) {
		_ = readInstalled(strings.NewReader(text), func(p *Package, name string) {
			if p.Name == "" || !strings.HasPrefix(name, "/") {
				t.Errorf("file %q of %+v", name, p)
			}
		})
	})
}
