package record

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// play makes a record of lines such as "read /a", "missing /b" and "rename /c /d",
// done by process 1 or, with "2 read /a", another one, and loads it.
func play(t *testing.T, script string, o Options) *Build {
	t.Helper()
	var buf bytes.Buffer
	w := NewWriter(&buf, Run{}, o)
	for range 3 {
		w.Start(1, 0)
	}
	for line := range strings.Lines(script) {
		words := strings.Fields(line)
		process := 1
		if len(words) > 0 && words[0] < "a" {
			process, _ = strconv.Atoi(words[0])
			words = words[1:]
		}
		switch {
		case len(words) == 0:
		case words[0] == "rename":
			w.Rename(process, words[1], words[2])
		case words[0] == "exchange":
			w.Exchange(process, words[1], words[2])
		case words[0] == "missing":
			w.File(process, words[1], OpRead, unix.ENOENT)
		default:
			op := opCount
			for i, name := range opNames() {
				if name == words[0] {
					op = Op(i)
				}
			}
			w.File(process, words[1], op, 0, words[2:]...)
		}
	}
	for id := range 3 {
		w.Exit(Exit{Process: id + 1})
	}
	if err := w.Close(Status{}); err != nil {
		t.Fatal(err)
	}
	b, err := Load(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// classes returns the classes of all paths, one letter each.
func classes(b *Build) map[string]string {
	all := map[string]string{}
	for _, p := range b.Paths {
		text := ""
		for i, letter := range "IOTMR" {
			if p.Class&(1<<i) != 0 {
				text += string(letter)
			}
		}
		all[p.Name] = text
	}
	return all
}

func TestClasses(t *testing.T) {
	for _, test := range []struct {
		name, script string
		want         map[string]string // Input, Output, Temporary, Missing, Removed
	}{
		{"input", "read /a\nexecuted /b\nlisted /c\nlooked-at /d", map[string]string{"/a": "I", "/b": "I", "/c": "I", "/d": "I"}},
		{"the root", "looked-at /", map[string]string{"/": "I"}},
		{"link", "read /a /l /m", map[string]string{"/a": "I", "/l": "I", "/m": "I"}},
		{"link that was made", "written /a\ncreated /l\nread /a /l", map[string]string{"/a": "O", "/l": "O"}},
		{"output", "created /a\nwritten /a\nread /a", map[string]string{"/a": "O"}},
		{"overwritten", "written /a\nread /a", map[string]string{"/a": "O"}},
		{"changed", "read /a\nwritten /a", map[string]string{"/a": "IO"}},
		{"temporary", "created /a\nwritten /a\n2 read /a\n3 deleted /a", map[string]string{"/a": "T"}},
		{"temporary, and made again", "created /a\ndeleted /a\n2 created /a", map[string]string{"/a": "O"}},
		{"removed", "deleted /a", map[string]string{"/a": "R"}},
		{"read and removed", "read /a\ndeleted /a", map[string]string{"/a": "IR"}},
		{"replaced", "deleted /a\ncreated /a\nread /a", map[string]string{"/a": "O"}},
		{"missing", "missing /a\nmissing /b\ncreated /b\nmissing /c\nread /c", map[string]string{"/a": "M", "/b": "O", "/c": "I"}},
		{"missing after it was removed", "deleted /a\nmissing /a", map[string]string{"/a": "R"}},
		{"renamed to its place", "created /t\nwritten /t\nread /t\nrename /t /f\nread /f", map[string]string{"/t": "", "/f": "O"}},
		{"renamed by another process", "created /t\n2 rename /t /f\n3 read /f", map[string]string{"/t": "", "/f": "O"}},
		{"renamed over an input", "read /f\ncreated /t\nrename /t /f", map[string]string{"/t": "", "/f": "IO"}},
		{"renamed and removed", "created /t\nrename /t /f\ndeleted /f", map[string]string{"/t": "", "/f": "T"}},
		{"renamed many times", "created /t\nrename /t /1\ncreated /t\nrename /t /2\ncreated /t\nrename /t /3",
			map[string]string{"/t": "", "/1": "O", "/2": "O", "/3": "O"}},
		{"renamed back", "created /a\nrename /a /b\nrename /b /a", map[string]string{"/a": "O", "/b": ""}},
		{"input renamed", "rename /a /b", map[string]string{"/a": "IR", "/b": "O"}},
		{"input renamed, and read there", "rename /a /b\nread /b", map[string]string{"/a": "IR", "/b": "O"}},
		{"exchanged", "created /a\nread /b\nexchange /a /b", map[string]string{"/a": "O", "/b": "IO"}},
		{"directory renamed", "created /d\ncreated /d/f\ncreated /d/e/g\nrename /d /x\nread /x/f\ncreated /x/h",
			map[string]string{"/d": "", "/d/f": "", "/d/e/g": "", "/x": "O", "/x/f": "O", "/x/e/g": "O", "/x/h": "O"}},
		{"directory renamed and removed", "created /d\ncreated /d/f\nrename /d /x\ndeleted /x/f\ndeleted /x",
			map[string]string{"/d": "", "/d/f": "", "/x": "T", "/x/f": "T"}},
		{"directory of inputs renamed", "rename /d /x\nread /x/f", map[string]string{"/d": "IR", "/d/f": "I", "/x": "O", "/x/f": ""}},
		{"in a directory that was made", "created /d\nread /d/f", map[string]string{"/d": "O", "/d/f": "O"}},
		{"directory made again", "created /d\ncreated /d/f\ndeleted /d/f\ndeleted /d\ncreated /d",
			map[string]string{"/d": "O", "/d/f": "T"}},
		{"devices", "written /dev/null\nread /proc/self/maps\nmissing /sys/x\nread /devel",
			map[string]string{"/dev/null": "", "/proc/self/maps": "", "/sys/x": "", "/devel": "I"}},
		{"no path", "read pipe:[1]\nrename a b", map[string]string{"pipe:[1]": "", "a": "", "b": ""}},
	} {
		for _, limit := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, fold %d", test.name, limit), func(t *testing.T) {
				got := classes(play(t, test.script, Options{Fold: limit}))
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

func TestWas(t *testing.T) {
	b := play(t, "created /d\ncreated /d/f\nrename /d /x\ncreated /x/g\nrename /in /out", Options{})
	for name, want := range map[string]string{"/x": "/d", "/x/f": "/d/f", "/x/g": "", "/out": "/in"} {
		if got := b.Path(name).Was; got != want {
			t.Errorf("%s was %q, want %q", name, got, want)
		}
	}
}

// TestTree is about times of processes: their own, without those of their children.
func TestTree(t *testing.T) {
	ms := time.Millisecond
	lines := []Event{
		&Run{Version: Version, Argv: []string{"make"}},
		&Start{ID: 1, PID: 10, Time: 1 * ms},
		&Exec{Process: 1, Path: "/bin/make", Argv: []string{"make"}, Time: 1 * ms},
		&Start{ID: 2, PID: 11, Parent: 1, Time: 3 * ms},
		&Start{ID: 3, PID: 12, Parent: 1, Time: 4 * ms},
		&Exec{Process: 3, Path: "/bin/cc", Argv: []string{"cc"}, Time: 4 * ms},
		&Exit{Process: 2, Time: 6 * ms},
		&Exit{Process: 3, Time: 9 * ms},
		&Start{ID: 4, PID: 12, Parent: 3, Time: 10 * ms}, // a daemon, without an end
		&Exit{Process: 1, Time: 11 * ms},
		&End{Complete: true, Time: 20 * ms, Processes: 4},
	}
	b, err := Load(bytes.NewReader(encode(t, lines...)))
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]time.Duration{1: 4 * ms, 2: 3 * ms, 3: 5 * ms, 4: 10 * ms} {
		if got := b.Process(id).Self; got != want {
			t.Errorf("process %d: self %v, want %v", id, got, want)
		}
	}
	if got := b.Process(2).Argv(); len(got) != 1 || got[0] != "make" {
		t.Errorf("arguments of a process that executed nothing: %q", got)
	}
	var ids []int
	for _, p := range b.Process(4).Chain() {
		ids = append(ids, p.ID)
	}
	if diff := cmp.Diff([]int{4, 3, 1}, ids); diff != "" {
		t.Errorf("chain (-want +got)\n%s", diff)
	}
	if s := b.Slowest(2); len(s) != 2 || s[0].ID != 4 || s[1].ID != 3 {
		t.Errorf("slowest: %+v", s)
	}
	if roots := b.Roots(); len(roots) != 1 || roots[0].ID != 1 || len(roots[0].Children) != 2 {
		t.Errorf("roots: %+v", roots)
	}
}

// TestPartial loads records in which lines are missing.
func TestPartial(t *testing.T) {
	f := File{Path: "/a", To: []Other{{2, "/b"}}}
	f.Ops[OpRenamedFrom] = Span{2, 2}
	b, err := Load(bytes.NewReader(encode(t, &Run{Version: Version}, &Files{Process: 7, Entries: []File{f}},
		&Exit{Process: 8}, &Exec{Process: 9}, &Start{ID: 5, Parent: 4, Time: 5})))
	if err != nil {
		t.Fatal(err)
	}
	if !b.End.Cut || b.Duration() != 5 || b.Process(5).Parent != nil {
		t.Errorf("%+v", b.End)
	}
	if diff := cmp.Diff(map[string]string{"/a": "IR", "/b": "O"}, classes(b)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := Load(bytes.NewReader(encode(t, &Run{Version: Version}, &Start{ID: 1}, &Start{ID: 1}))); err == nil {
		t.Error("a process that starts twice is no error")
	}
}

func encode(t *testing.T, lines ...Event) []byte {
	t.Helper()
	var data []byte
	for _, e := range lines {
		var err error
		if data, err = appendEvent(data, e); err != nil {
			t.Fatal(err)
		}
	}
	return data
}
