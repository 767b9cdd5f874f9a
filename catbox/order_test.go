package catbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onePathCalls are calls with "P" for the path. Those that begin with "-" may
// succeed without an effect.
var onePathCalls = []string{
	"open P O_WRONLY|O_NONBLOCK", "open P O_RDWR|O_NONBLOCK|O_CREAT 0644", "open P O_WRONLY|O_NONBLOCK|O_CREAT|O_EXCL 0644",
	"open P O_RDONLY|O_NONBLOCK|O_TRUNC", "open P O_WRONLY|O_NONBLOCK|O_NOFOLLOW", "-open P O_RDONLY|O_NONBLOCK|O_CREAT 0644",
	"open P O_WRONLY|O_NONBLOCK|O_DIRECTORY", "open P O_TMPFILE|O_WRONLY 0600", "open P O_TMPFILE|O_RDONLY 0600",
	"open P O_WRONLY|O_NONBLOCK|O_CREAT|O_NOFOLLOW 0644", "openat 99 P O_WRONLY|O_NONBLOCK", "-open P O_NONBLOCK|3",
	"mkdir P 0755", "mkdirat 99 P 0755", "rmdir P", "unlink P", "unlinkat AT_FDCWD P AT_REMOVEDIR", "unlinkat AT_FDCWD P 0x4000",
	"symlink text P", "symlink s: P", "symlink BAD P", "symlinkat text 99 P", "mknod P S_IFREG|0644 0", "mknod P S_IFIFO|0644 0",
	"mknod P 0xf000 0", "mknod P S_IFDIR|0755 0", "truncate P 0", "truncate P -1",
}

// metadataCalls are not tried on "/".
var metadataCalls = []string{
	"chmod P 0755", "chown P -1 -1", "lchown P -1 -1", "fchmodat AT_FDCWD P 0755", "fchownat AT_FDCWD P -1 -1 AT_SYMLINK_NOFOLLOW",
	"fchownat AT_FDCWD P -1 -1 1", "fchownat 99 P -1 -1 0", "utimensat AT_FDCWD P NULL 0", "utimensat AT_FDCWD P NULL AT_SYMLINK_NOFOLLOW",
	"utimensat AT_FDCWD P NULL 1", "utime P NULL", "setxattr P user.x v 1 0", "lsetxattr P trusted.x v 1 0",
}

func onePaths() []string {
	paths := []string{"f/none/x", "f/file/x", "f/.", "f/..", "f/dir/.", "f/dir/..", "f/empty/.", "f/empty/..", "f//file", "f/./dir/../file",
		"f/dirlink/inner", "f/dangling/x", "f/loop/x", "NULL", "BAD", "s:", "f/" + strings.Repeat("n", 256),
		strings.Repeat("./", 2100), strings.Repeat("./", 2046) + "f/file", "a/outdir/inner", "a/outdir/new"}
	for _, name := range []string{"new", "file", "dir", "empty", "link", "dirlink", "emptylink", "dangling", "loop", "fifo", "sock"} {
		paths = append(paths, "f/"+name, "f/"+name+"/")
	}
	return paths
}

func twoPathCalls() []string {
	names := []string{"f/new", "f/new/", "f/file", "f/file/", "f/other", "f/hard", "f/dir", "f/dir/", "f/empty", "f/emptylink/", "f/link",
		"f/dangling", "f/dir/inner", "f/dir/new", "f/.", "f/dir/..", "f/none/x", "s:", "BAD", "/", "/dev/shm/catbox-none"}
	var calls []string
	for _, form := range []string{"-rename P Q", "link P Q", "-renameat2 AT_FDCWD P AT_FDCWD Q RENAME_NOREPLACE",
		"-renameat2 AT_FDCWD P AT_FDCWD Q RENAME_EXCHANGE"} {
		for _, p := range names {
			for _, q := range append(names, "a/file", "a/new", "a/dir") {
				calls = append(calls, strings.NewReplacer("P", p, "Q", q).Replace(form))
			}
		}
	}
	for _, q := range names {
		calls = append(calls, "-rename a/file "+q, "link a/file "+q, "-rename a/dir "+q, "-renameat2 AT_FDCWD a/file AT_FDCWD "+q+" RENAME_EXCHANGE",
			"-renameat2 AT_FDCWD a/file AT_FDCWD "+q+" RENAME_EXCHANGE|RENAME_NOREPLACE", "linkat AT_FDCWD f/link AT_FDCWD "+q+" AT_SYMLINK_FOLLOW",
			"linkat AT_FDCWD f/file AT_FDCWD "+q+" 0x4000", "linkat 99 f/file AT_FDCWD "+q+" 0", "renameat2 AT_FDCWD f/file 99 "+q+" 0",
			"-renameat2 AT_FDCWD f/file AT_FDCWD "+q+" 0x80")
	}
	// Both inside: allowed, not our subject.
	return slices.DeleteFunc(calls, func(c string) bool { return !strings.Contains(c, " f/") && !strings.Contains(c, " /") })
}

// trial is one call without confinement and what came of it.
type trial struct {
	line    string
	mild    bool // it may succeed without an effect
	errno   string
	changed bool
}

// TestKernelsOrder compares thousands of calls with what the kernel answers to
// them without confinement.
func TestKernelsOrder(t *testing.T) {
	var lines []string
	for _, form := range onePathCalls {
		for _, p := range append(onePaths(), "/") {
			lines = append(lines, strings.Replace(form, "P", p, 1))
		}
	}
	for _, form := range metadataCalls {
		for _, p := range onePaths() {
			lines = append(lines, strings.Replace(form, "P", p, 1))
		}
	}
	lines = append(lines, twoPathCalls()...)
	for _, uid := range users() {
		t.Run(fmt.Sprintf("uid %d", uid), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, uid)
			for chunk := range slices.Chunk(lines, 400) {
				compareOrder(t, w, tryNatively(t, w, chunk))
			}
		})
	}
}

// tryNatively makes each call in a tree that is as it was.
func tryNatively(t *testing.T, w *world, lines []string) []trial {
	t.Helper()
	w.build(t)
	before := w.look(t)
	var all []trial
	for _, line := range lines {
		tr := trial{line: strings.TrimPrefix(line, "-"), mild: strings.HasPrefix(line, "-")}
		_, tr.errno, _ = strings.Cut(w.native(t, strings.Fields(tr.line)...), "=")
		after := w.look(t)
		if tr.changed = !slices.Equal(before, after); tr.changed {
			w.build(t)
			before = w.look(t)
		}
		all = append(all, tr)
	}
	return all
}

func (w *world) look(t *testing.T) []string {
	t.Helper()
	return append(w.snapshot(t, "f"), w.snapshot(t, "a")...)
}

// compareOrder makes the same calls in one confined run: none may change
// anything.
func compareOrder(t *testing.T, w *world, trials []trial) {
	t.Helper()
	w.build(t)
	var words []string
	for _, tr := range trials {
		words = append(append(words, strings.Fields(tr.line)...), ":")
	}
	var seen []Violation
	box := w.box()
	box.Hooks.Violation = func(v Violation) error { seen = append(seen, v); return nil }
	before := w.look(t)
	out, _ := w.confined(t, box, words...)
	if diff := cmp.Diff(before, w.look(t)); diff != "" {
		t.Errorf("the tree has changed (-want +got):\n%s", diff)
	}
	results := strings.Fields(out)
	if len(results) != len(trials) {
		t.Fatalf("%d results for %d calls", len(results), len(trials))
	}
	for i, tr := range trials {
		name, errno, _ := strings.Cut(results[i], "=")
		explained := len(seen) > 0 && seen[0].Call == name && slices.Contains(strings.Fields(tr.line), orEmpty(seen[0].Path))
		refused := errno == "EACCES" && explained
		line := shorten(tr.line)
		switch {
		case tr.errno == "0" && tr.mild && !tr.changed && errno == "0":
			continue
		case tr.errno == "0":
			if !refused {
				t.Errorf("%s: succeeds natively, is %s here, with a violation: %v", line, errno, explained)
			}
		case slices.Contains([]string{"EACCES", "EPERM"}, tr.errno):
			if errno != tr.errno && !refused {
				t.Errorf("%s: is %s natively, %s here", line, tr.errno, errno)
			}
		case tr.errno == "ENXIO" && refused:
			// A fifo that nobody reads: the tracer cannot know that.
		case errno != tr.errno:
			t.Errorf("%s: is %s natively, %s here", line, tr.errno, errno)
		}
		if !refused {
			continue
		}
		if v := seen[0]; !strings.HasPrefix(v.Canonical, w.root) && !strings.HasPrefix(v.Canonical, "/dev/shm") && v.Canonical != "/" {
			t.Errorf("%s: canonical path is %q", line, v.Canonical)
		}
		seen = seen[1:]
	}
	if len(seen) > 0 {
		t.Errorf("violation without a call that was refused: %s", shorten(seen[0].String()))
	}
}

func orEmpty(path string) string {
	if path == "" {
		return "s:"
	}
	return path
}

func shorten(line string) string {
	if len(line) > 200 {
		return line[:100] + "..." + line[len(line)-60:]
	}
	return line
}
