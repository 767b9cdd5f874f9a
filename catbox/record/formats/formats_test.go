package formats

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/catbox/record/owners"
	"github.com/catbox-go/catbox/tests/harness"
)

var update = flag.Bool("update", false, "write the golden files afresh")

func load(t *testing.T) *record.Build {
	t.Helper()
	return harness.Record(t, "testdata/build.jsonl")
}

// usage is what a package manager might say.
func usage() *owners.Usage {
	return &owners.Usage{Manager: "dpkg", Distro: "debian", Absent: []string{"gawk"},
		Used: []owners.Part{
			{Package: owners.Package{Name: "g++", Version: "4:12.2.0-3+b1", Arch: "amd64"}, Files: []string{"/usr/bin/x86_64-linux-gnu-gcc-12"}},
			{Package: owners.Package{Name: "libc6-dev", Version: "2.36", Arch: "amd64"}, Files: []string{"/usr/include/stdio.h"}},
		},
		Unowned: []string{"/home/me/hello/Makefile", "/home/me/hello/hello.c"}}
}

func TestGolden(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(io.Writer, *record.Build) error
	}{
		{"compile_commands.json", WriteCompileCommands},
		{"trace.json", WriteChrome},
		{"build.dot", WriteDot},
		{"provenance.json", WriteInToto},
		{"build.d", func(w io.Writer, b *record.Build) error {
			_, err := WriteDepfile(w, b)
			return err
		}},
		{"sbom.json", func(w io.Writer, b *record.Build) error { return WriteSPDX(w, b, usage()) }},
		{"sbom-files.json", func(w io.Writer, b *record.Build) error { return WriteSPDX(w, b, nil) }},
		{"report.html", func(w io.Writer, b *record.Build) error { return WriteHTML(w, b, usage()) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := test.write(&got, load(t)); err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(test.name, ".json") && !json.Valid(got.Bytes()) {
				t.Error("no valid JSON")
			}
			golden := filepath.Join("testdata", test.name)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestSmall is about a record that has nothing to tell.
func TestSmall(t *testing.T) {
	b, err := record.Load(strings.NewReader(`{"type":"run","version":1}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteInToto(io.Discard, b); !errors.Is(err, ErrNoHashes) {
		t.Errorf("in-toto: %v", err)
	}
	if _, err := WriteDepfile(io.Discard, b); err == nil {
		t.Error("depfile: no error without a target")
	}
	var text bytes.Buffer
	for name, write := range map[string]func() error{
		"chrome":  func() error { return WriteChrome(&text, b) },
		"compile": func() error { return WriteCompileCommands(&text, b) },
		"dot":     func() error { return WriteDot(&text, b) },
		"html":    func() error { return WriteHTML(&text, b, nil) },
		"spdx":    func() error { return WriteSPDX(&text, b, nil) },
	} {
		if err := write(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(text.String(), record.CutReason) {
		t.Error("the report does not say that the record is cut")
	}
}

func TestParseCompile(t *testing.T) {
	for _, test := range []struct{ name, call, want string }{ // file, output, arguments
		{"flags and output", "-O2 -c a.c -o a.o", "/d/a.c /d/a.o cc -O2 -c -o a.o a.c"},
		{"no output", "-c /s/a.c", "/s/a.c - cc -c /s/a.c"},
		{"compiled and linked", "-MD -MF x.d -MT y -MQ z -MMD -MP -I. -o prog a.c b.c -lm -L. -L /x -l z -shared -Wl,-O1",
			"/d/a.c /d/prog cc -c -I. -Wl,-O1 -o prog a.c; /d/b.c /d/prog cc -c -I. -Wl,-O1 -o prog b.c"},
		{"values are no sources", "-include x.c -D a.c -Xlinker l.c -c a.c", "/d/a.c - cc -include x.c -D a.c -c a.c"},
		{"joined output", "-c -ojoined.o a.c", "/d/a.c - cc -c -ojoined.o a.c"},
		{"to assembler", "-S a.c", "/d/a.c - cc -S a.c"},
		{"only linked", "a.o b.o -o prog", ""},
		{"preprocessed", "-E a.c", ""},
		{"dependencies", "-M a.c", ""},
		{"dependencies, without those of the system", "-MM a.c", ""},
		{"version", "--version", ""},
		{"standard input", "-c -x c - -o a.o", ""},
		{"clang itself", "-cc1 a.c -o a.o", ""},
		{"dots", "-c ./x/../a.c", "/d/a.c - cc -c ./x/../a.c"},
		{"option without its value", "-c a.c -o", "/d/a.c - cc -c -o a.c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var entries []string
			for _, c := range parseCompile("cc", strings.Fields(test.call), "/d") {
				output := c.Output
				if output == "" {
					output = "-"
				}
				entries = append(entries, c.File+" "+output+" "+strings.Join(c.Arguments, " "))
			}
			if diff := cmp.Diff(test.want, strings.Join(entries, "; ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestCompilerNames(t *testing.T) {
	names := compilerNames()
	for name, want := range map[string]bool{
		"cc": true, "gcc": true, "g++": true, "c++": true, "clang": true, "clang++-15": true, "gcc-12": true, "gcc12": true,
		"x86_64-linux-gnu-gcc": true, "x86_64-linux-gnu-gcc-12.2": true, "arm-none-eabi-g++": true, "icpx": true,
		"cc1": false, "cc1plus": false, "as": false, "gcc-ar": false, "make": false, "clang-format": false, "ccache": false, "rustc": false,
	} {
		if got := names.MatchString(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestDepfileIsRead lets make read names of all kinds: it must know each by its name.
func TestDepfileIsRead(t *testing.T) {
	harness.Need(t, "make", "make")
	dir := t.TempDir()
	var lines strings.Builder
	lines.WriteString(`{"type":"run","version":1}` + "\n")
	names := []string{"plain", "with blank", "hash#", "dollar$x", "per%cent", `back\slash`, `end\ blank`, "colon:x", "star*", "q?[x]", "~home", "a=b", "par(en", "amp&x", "quo'te", "semi;colon", "line\nbreak", "bar|", "amp&"}
	cannot := []string{"semi;colon", "line\nbreak", "bar|", "amp&"}
	for i, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		quoted, _ := json.Marshal(path)
		lines.WriteString(`{"type":"files","process":1,"entries":[{"path":` + string(quoted) + `,"ops":{"read":[` + string(rune('1'+i%9)) + `,99]}}]}` + "\n")
	}
	b, err := record.Load(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "the target#")
	var rule bytes.Buffer
	left, err := WriteDepfile(&rule, b, target)
	if err != nil || left != len(cannot) {
		t.Fatalf("%d names are left out, error %v; want %d", left, err, len(cannot))
	}
	makefile := filepath.Join(dir, "Makefile")
	if err := os.WriteFile(makefile, append([]byte("all:\n"), rule.Bytes()...), 0o644); err != nil {
		t.Fatal(err)
	}
	// The target is not there, so that it would be remade; that each file is asked for
	// by its name stands in the debugging output.
	out, err := exec.Command("make", "-n", "--debug=v", "-f", makefile, target).CombinedOutput()
	if err != nil {
		t.Fatalf("make: %v\n%s", err, out)
	}
	for _, name := range names {
		if !slices.Contains(cannot, name) && !strings.Contains(string(out), dir+"/"+name+"'") {
			t.Errorf("make does not know %q", name)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", rule.String(), out)
	}
}
