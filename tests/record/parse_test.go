package record

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox/record"
)

// shown is deeds in words.
func (d deeds) shown() map[string]string {
	out := map[string]string{}
	for path, ops := range d {
		out[path] = strings.Join(slices.Sorted(maps.Keys(ops)), " ")
	}
	return out
}

// TestModel checks what is made of the output of strace.
func TestModel(t *testing.T) {
	top := t.TempDir()
	if err := os.Symlink("gone", filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	trace := strings.ReplaceAll(`1 execve("TOP/sh", ["sh", "-c", "x \"), (\\"], 0x7ffd /* 3 vars */) = 0
1 openat(AT_FDCWD<TOP>, "a b", O_RDWR|O_CREAT, 0666) = 3<TOP/a b>
1 vfork( <unfinished ...>
2 chdir("sub") = 0
2 openat(AT_FDCWD<TOP/sub>, "\303\251\n", O_RDONLY <unfinished ...>
1 <... vfork resumed>) = 2
2 <... openat resumed>) = -1 ENOENT (No such file or directory)
1 rename("a b", "old") = 0
2 openat(AT_FDCWD<TOP/sub>, "../old", O_RDWR|O_CREAT) = 4<TOP/old>
2 unlinkat(5<TOP/sub>, "x", 0) = 0
2 +++ exited with 0 +++
1 --- SIGCHLD {si_signo=SIGCHLD, si_pid=2} ---
1 symlink("sub", "s") = 0
1 newfstatat(AT_FDCWD<TOP>, "s/y", {st_mode=S_IFREG|0644, st_size=1, ...}, 0) = 0
1 openat(AT_FDCWD<TOP>, "none/z/../y", O_RDONLY) = -1 ENOENT (No such file or directory)
1 link("old", "none") = -1 EEXIST (File exists)
1 openat(AT_FDCWD<TOP>, "link", O_RDONLY) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD<TOP>, "bad", 0x1) = -1 EFAULT (Bad address)
`, "TOP", top)
	calls, err := readStrace(strings.NewReader(trace))
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(record.LevelFiles, calls, top, top, nil)
	got := m.run().shown()
	want := map[string]string{"/sh": "executed", "/a b": "created renamed-from written", "/old": "looked-at read renamed-to written",
		"/sub/\u00e9\n": "missing", "/sub/x": "deleted", "/s": "created", "/none/z": "missing", "/link": passed, "/gone": "missing"}
	for path, ops := range want {
		if got[top+path] != ops {
			t.Errorf("%q: %q, want %q", path, got[top+path], ops)
		}
	}
	if len(got) != len(want) || len(m.odd) > 0 {
		t.Errorf("%d paths, want %d: %q; contradictions %q", len(got), len(want), got, m.odd)
	}
	for _, bad := range []string{"x openat() = 0", "1 openat(", `1 openat("a`, "1 openat()", "1 <... openat"} {
		if _, err := readStrace(strings.NewReader(bad + "\n")); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

// TestExplained checks that a difference needs a row, and that only its own will do.
func TestExplained(t *testing.T) {
	rec := deeds{"/a": {"read": true}, "/b": {"read": true, "written": true}}
	traced := deeds{"/b": {"read": true}, "/c": {"missing": true}}
	list := differences(rec, traced)
	want := []difference{{byRecord, "read", "/a"}, {byRecord, "written", "/b"}, {byStrace, "missing", "/c"}}
	if diff := cmp.Diff(want, list, cmp.AllowUnexported(difference{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	row := &explanation{who: byRecord, op: "read", path: regexp.MustCompile("^/[ab]$")}
	stale := &explanation{who: byStrace, op: "read", path: regexp.MustCompile("^/a$")}
	if left := unexplained(list, []*explanation{row, stale}); len(left) != 2 || !row.used || stale.used {
		t.Errorf("left %v, used %v and %v", left, row.used, stale.used)
	}
	for _, bad := range []string{"", "a|record|read|/x", "a|nobody|read|/x|why", "a|record|read|(|why", "a|record||/x|why"} {
		if _, err := parseRow(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
