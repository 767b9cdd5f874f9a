package owners

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tests/harness"
)

// answering returns a manager whose program prints what is given for its arguments,
// and the calls that were made.
func answering(t *testing.T, name string, answers map[string]string) (*Manager, *[]string) {
	t.Helper()
	m, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	calls := &[]string{}
	m.run = func(_ context.Context, argv ...string) ([]byte, error) {
		end := slices.Index(argv, "--")
		if end < 0 {
			t.Errorf("%q: names could be taken for options", argv)
		}
		key := strings.Join(argv[end+1:], " ")
		*calls = append(*calls, key)
		return []byte(answers[key]), nil
	}
	return m, calls
}

// ownersTest is what a manager says when it is asked for some paths.
type ownersTest struct {
	manager, paths string
	answers        map[string]string // by arguments
	want           map[string][]Package
}

func ownersTests() []ownersTest {
	gcc := Package{Name: "gcc-12", Version: "12.2.0-14", Arch: "amd64"}
	return []ownersTest{
		{
			manager: "dpkg", paths: "/usr/bin/gcc-12 /usr/lib/libc.so.6 /etc/none /usr/bin/sh /usr/bin/[",
			answers: map[string]string{
				`/usr/bin/gcc-12 /usr/lib/libc.so.6 /etc/none /usr/bin/sh /usr/bin/\[`: "gcc-12: /usr/bin/gcc-12\ncoreutils: /usr/bin/[\n",
				"/lib/libc.so.6 /bin/sh": "libc6:amd64, libc6:i386: /lib/libc.so.6\ndiversion by dash from: /bin/sh\ndiversion by dash to: /bin/sh.distrib\ndash: /bin/sh\n",
				"gcc-12 coreutils":       "gcc-12\tgcc-12\t12.2.0-14\tamd64\t\ncoreutils\tcoreutils\t9.1\tamd64\t\n",
				"libc6:amd64 libc6:i386 dash": "libc6:amd64\tlibc6\t2.36\tamd64\tlibc6-2.36 (= 1), glibc\n" +
					"libc6:i386\tlibc6\t2.36\ti386\t\ndash\tdash\t0.5\tamd64\t\n",
			},
			want: map[string][]Package{
				"/usr/bin/gcc-12": {gcc},
				"/usr/lib/libc.so.6": {{Name: "libc6", Version: "2.36", Arch: "amd64", Provides: []string{"libc6-2.36", "glibc"}},
					{Name: "libc6", Version: "2.36", Arch: "i386"}},
				"/usr/bin/sh": {{Name: "dash", Version: "0.5", Arch: "amd64"}},
				"/usr/bin/[":  {{Name: "coreutils", Version: "9.1", Arch: "amd64"}},
			},
		},
		{
			manager: "rpm", paths: "/usr/bin/gcc /etc/none /usr/share/x",
			answers: map[string]string{
				"/usr/bin/gcc /etc/none /usr/share/x": "gcc\t1:13.2-1\tx86_64\nfile /etc/none is not owned by any package\nx\t1-1\tnoarch\n",
			},
			want: map[string][]Package{
				"/usr/bin/gcc": {{Name: "gcc", Version: "1:13.2-1", Arch: "x86_64"}},
				"/usr/share/x": {{Name: "x", Version: "1-1", Arch: "noarch"}},
			},
		},
		{
			manager: "rpm", paths: "/a /b", // of two packages: each file is asked for
			answers: map[string]string{
				"/a /b": "one\t1-1\tx86_64\ntwo\t1-1\tx86_64\nthree\t1-1\tx86_64\n",
				"/a":    "one\t1-1\tx86_64\ntwo\t1-1\tx86_64\n",
				"/b":    "three\t1-1\tx86_64\n",
			},
			want: map[string][]Package{
				"/a": {{Name: "one", Version: "1-1", Arch: "x86_64"}, {Name: "two", Version: "1-1", Arch: "x86_64"}},
				"/b": {{Name: "three", Version: "1-1", Arch: "x86_64"}},
			},
		},
		{
			manager: "pacman", paths: "/usr/bin/gcc /x is owned by y",
			answers: map[string]string{"/usr/bin/gcc /x is owned by y": "/usr/bin/gcc is owned by gcc 13.2.1-3\n/x is owned by y is owned by z 1-1\n"},
			want:    map[string][]Package{"/usr/bin/gcc": {{Name: "gcc", Version: "13.2.1-3"}}, "/x is owned by y": {{Name: "z", Version: "1-1"}}},
		},
	}
}

func TestOwners(t *testing.T) {
	for _, test := range ownersTests() {
		t.Run(test.manager, func(t *testing.T) {
			m, calls := answering(t, test.manager, test.answers)
			paths := strings.Fields(strings.ReplaceAll(test.paths, " is owned by ", "_"))
			for i, p := range paths {
				paths[i] = strings.ReplaceAll(p, "_", " is owned by ")
			}
			got, err := m.Owners(t.Context(), append(paths, "relative", "/line\nbreak"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s\ncalls %q", diff, *calls)
			}
		})
	}
}

func TestAlias(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/bin/sh": "/bin/sh", "/bin/sh": "/usr/bin/sh", "/usr/lib64/ld.so": "/lib64/ld.so", "/sbin/x": "/usr/sbin/x",
		"/usr/share/x": "", "/etc/x": "", "/usr/bin": "", "/libx": "", "/": "",
	} {
		if got := alias(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestBatches asks for more than fits into one call.
func TestBatches(t *testing.T) {
	var paths []string
	for i := range 2500 {
		paths = append(paths, fmt.Sprintf("/etc/%d", i))
	}
	long := "/" + strings.Repeat("x", 4000)
	for range 40 {
		paths = append(paths, long)
	}
	var all []string
	for _, batch := range batches(paths) {
		size := 0
		for _, path := range batch {
			size += len(path) + 1
		}
		if len(batch) > maxBatch || size > maxBytes+len(long)+1 {
			t.Errorf("%d names, %d bytes", len(batch), size)
		}
		all = append(all, batch...)
	}
	if diff := cmp.Diff(paths, all); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestDpkg asks the real one.
func TestDpkg(t *testing.T) {
	m, err := Detect()
	if err != nil || m.Name != "dpkg" {
		t.Skip("this machine was not installed by dpkg")
	}
	harness.Need(t, "dpkg-query", "dpkg")
	shell, err := filepath.EvalSymlinks("/bin/cat")
	if err != nil {
		t.Fatal(err)
	}
	strange := filepath.Join(t.TempDir(), `a*?[\b`)
	got, err := m.Owners(t.Context(), []string{"/usr/bin/dpkg", shell, "/usr/bin/[", strange, "/etc/hostname"})
	if err != nil {
		t.Fatal(err)
	}
	for path, name := range map[string]string{"/usr/bin/dpkg": "dpkg", shell: "coreutils", "/usr/bin/[": "coreutils"} {
		if len(got[path]) != 1 || got[path][0].Name != name || got[path][0].Version == "" || got[path][0].Arch == "" {
			t.Errorf("%s: %+v, want %s", path, got[path], name)
		}
	}
	if len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestRPM makes a package and asks the real rpm, with a database of its own.
func TestRPM(t *testing.T) {
	harness.Need(t, "rpm", "rpm")
	harness.Need(t, "rpmbuild", "rpm")
	dir := t.TempDir()
	spec := filepath.Join(dir, "x.spec")
	text := "Name: gadget\nVersion: 1.5\nRelease: 2\nEpoch: 3\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\n%install\n" +
		"mkdir -p %{buildroot}/usr/bin\ncp /bin/true %{buildroot}/usr/bin/env\n%files\n/usr/bin/env\n"
	if err := os.WriteFile(spec, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	database := "--dbpath=" + filepath.Join(dir, "db")
	for _, argv := range [][]string{
		{"rpmbuild", "-bb", "--quiet", "--define", "_topdir " + dir, "--define", "_tmppath " + dir, "--define", "_binaries_in_noarch_packages_terminate_build 0", spec},
		{"rpm", database, "--install", "--nodeps", "--justdb", "--nosignature", "--ignorearch", filepath.Join(dir, "RPMS/noarch/gadget-1.5-2.noarch.rpm")},
	} {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	asking(t, "rpm", database, Package{Name: "gadget", Version: "3:1.5-2", Arch: "noarch"})
}

// TestPacman gives the real pacman a database to read.
func TestPacman(t *testing.T) {
	harness.Need(t, "pacman", "pacman-package-manager")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"local/ALPM_DB_VERSION":      "9\n",
		"local/gadget-3:1.5-2/desc":  "%NAME%\ngadget\n\n%VERSION%\n3:1.5-2\n\n%ARCH%\nany\n\n",
		"local/gadget-3:1.5-2/files": "%FILES%\nusr/\nusr/bin/\nusr/bin/env\n\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	asking(t, "pacman", "--dbpath="+dir, Package{Name: "gadget", Version: "3:1.5-2"})
}

// asking asks a manager with another database for a file of a package, and for two of
// none.
func asking(t *testing.T, name, database string, want Package) {
	t.Helper()
	m, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	m.run = func(ctx context.Context, argv ...string) ([]byte, error) {
		return run(ctx, slices.Insert(argv, 1, database)...)
	}
	got, err := m.Owners(t.Context(), []string{"/usr/bin/env", "/usr/bin/test", "/nowhere/x"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]Package{"/usr/bin/env": {want}}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	if _, err := New("brew"); err == nil {
		t.Error("an unknown manager is no error")
	}
	if _, err := run(t.Context(), "/nonexistent/dpkg-query"); err == nil {
		t.Error("a missing program is no error")
	}
	if _, err := run(t.Context(), "sh", "-c", "kill -9 $$"); err == nil {
		t.Error("a program that was killed is no error")
	}
	if out, err := run(t.Context(), "sh", "-c", "echo $LC_ALL; exit 1"); err != nil || string(out) != "C\n" {
		t.Errorf("%q, error %v", out, err)
	}
}

const control = `# a comment
Source: hello
Build-Depends: debhelper-compat (= 13),
# within
 gcc-12 [amd64] <!nocheck> | gcc:native (>= 4),
	zlib1g-dev,
 ${misc:Depends}
Build-Depends-Indep: texinfo
Standards-Version: 4.6

Package: hello
Depends: libc6
Build-Depends: not-this
`

func TestReadDeclared(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"control", control, "debhelper-compat, gcc-12 | gcc, zlib1g-dev, texinfo"},
		{"list", "gcc\n  make # to build\n\n# nothing\na | b\nc, d\nlibc6:amd64\n", "gcc, make, a | b, c, d, libc6"},
		{"list with a colon first", "libc6:amd64\nsource-highlight\n", "libc6, source-highlight"},
		{"empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := ReadDeclared(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, d := range list {
				names = append(names, d.String())
			}
			if got := strings.Join(names, ", "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestFind puts files into the right drawers.
func TestFind(t *testing.T) {
	const text = `{"type":"run","version":1}
{"type":"files","process":1,"entries":[
{"path":"/usr/bin/gcc-12","ops":{"executed":[1,1]},"links":[{"seq":1,"path":"/usr/bin/gcc"},{"seq":1,"path":"/lib64"},{"seq":1,"path":"/usr/dirlink"}]},
{"path":"/usr/bin/ld","ops":{"looked-at":[2,2]}},
{"path":"/usr/bin/as","ops":{"looked-at":[3,3]}},
{"path":"/usr/share/gcc/x","ops":{"looked-at":[3,3]}},
{"path":"/usr/share","ops":{"listed":[4,4]}},
{"path":"/src/a.c","ops":{"read":[5,5]}},
{"path":"/usr/bin/gawk","ops":{"missing":[6,6]}},{"path":"/bin/gawk","ops":{"missing":[7,7]}},
{"path":"/opt/bin/gcc-12","ops":{"missing":[8,8]}},{"path":"/usr/include/no.h","ops":{"missing":[9,9]}}]}
`
	b, err := record.Load(strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(text, "[\n", "["), ",\n", ",")))
	if err != nil {
		t.Fatal(err)
	}
	const show = "\t1\tamd64\t\n"
	m, _ := answering(t, "dpkg", map[string]string{
		"/src/a.c /usr/bin/as /usr/bin/gcc /usr/bin/gcc-12 /usr/bin/ld /usr/dirlink /usr/share/gcc/x": "gcc: /usr/bin/gcc\ngcc-12: /usr/bin/gcc-12\n" +
			"binutils: /usr/bin/ld\nbinutils: /usr/bin/as\ngcc-12: /usr/share/gcc/x\na, b: /usr/dirlink\n",
		"gcc gcc-12 binutils a b": "gcc\tgcc\t1\tamd64\tc-compiler\ngcc-12\tgcc-12" + show + "binutils\tbinutils" + show + "a\ta" + show + "b\tb" + show,
	})
	u, err := Find(t.Context(), m, b)
	if err != nil {
		t.Fatal(err)
	}
	u.Compare([]Declared{{[]string{"c-compiler"}}, {[]string{"clang", "gcc-12"}}, {[]string{"binutils"}}, {[]string{"zlib1g-dev", "zlib"}}})
	u.Distro = "debian"
	want := &Usage{Manager: "dpkg", Distro: "debian",
		Used: []Part{
			{Package{Name: "gcc", Version: "1", Arch: "amd64", Provides: []string{"c-compiler"}}, []string{"/usr/bin/gcc"}},
			{Package{Name: "gcc-12", Version: "1", Arch: "amd64"}, []string{"/usr/bin/gcc-12"}},
		},
		Probed:  []Part{{Package{Name: "binutils", Version: "1", Arch: "amd64"}, []string{"/usr/bin/as", "/usr/bin/ld"}}},
		Unowned: []string{"/src/a.c"}, Absent: []string{"gawk"}, Unused: []string{"binutils", "zlib1g-dev | zlib"}}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, want := u.URL(&Package{Name: "g++", Version: "4:12+b1~x", Arch: "amd64"}), "pkg:deb/debian/g%2B%2B@4:12%2Bb1~x?arch=amd64"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
