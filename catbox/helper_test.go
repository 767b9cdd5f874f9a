package catbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// nobody is the ordinary user of tests that are run by root.
const nobody = 65534

// patience bounds what a test waits for; only a test that fails takes so long.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	unix.Umask(0o022)
	code := m.Run()
	_ = os.RemoveAll(programDir())
	os.Exit(code)
}

// programDir returns the directory of the compiled guests of this test run.
var programDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "catbox-guests-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

// program compiles tests/guests/NAME.c. It is linked at a fixed address, so that
// int 0x80 can point into it.
func program(t testing.TB, name string, flags ...string) string {
	t.Helper()
	return harness.Guest(t, programDir(), name, append([]string{"-static", "-no-pie", "-pthread"}, flags...)...)
}

// world is a scratch tree: "a" is allowed and "f" is forbidden.
type world struct {
	root  string
	uid   int // the user who runs the guests and owns the tree
	guest string
}

// newWorld makes an empty tree whose guests run as uid.
func newWorld(t testing.TB, uid int) *world {
	t.Helper()
	if uid != os.Getuid() && os.Getuid() != 0 {
		t.Skip("needs root to run a guest as somebody else")
	}
	root, err := os.MkdirTemp("", "catbox-world-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if root, err = Canonical(root, CanonicalOptions{Follow: true}); err != nil {
		t.Fatal(err)
	}
	w := &world{root: root, uid: uid, guest: program(t, "syscalls")}
	w.build(t)
	return w
}

// layout is the tree of a world: a path and what it is.
var layout = [][2]string{
	{"a", "dir"}, {"a/file", "file"}, {"a/dir", "dir"}, {"a/dir/inner", "file"}, {"a/empty", "dir"},
	{"a/in", "-> file"}, {"a/out", "-> ../f/file"}, {"a/outdir", "-> ../f/dir"}, {"a/outnew", "-> ../f/new"},
	{"f", "dir"}, {"f/file", "file"}, {"f/other", "file"}, {"f/dir", "dir"}, {"f/dir/inner", "file"}, {"f/empty", "dir"},
	{"f/link", "-> file"}, {"f/dirlink", "-> dir"}, {"f/emptylink", "-> empty"}, {"f/dangling", "-> nowhere"},
	{"f/away", "-> ../a/new"}, {"f/loop", "-> loop"}, {"f/hard", "= f/file"}, {"f/fifo", "fifo"}, {"f/sock", "sock"},
}

// build makes the tree anew.
func (w *world) build(t testing.TB) {
	t.Helper()
	for _, name := range []string{"a", "f"} {
		if err := os.RemoveAll(filepath.Join(w.root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Lchown(w.root, w.uid, w.uid); err != nil {
		t.Fatal(err)
	}
	for _, e := range layout {
		path := filepath.Join(w.root, e[0])
		if err := w.make(path, e[1]); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(path, w.uid, w.uid); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) make(path, what string) error {
	if to, ok := strings.CutPrefix(what, "-> "); ok {
		return os.Symlink(to, path)
	}
	if old, ok := strings.CutPrefix(what, "= "); ok {
		return os.Link(filepath.Join(w.root, old), path)
	}
	switch what {
	case "dir":
		return os.Mkdir(path, 0o755)
	case "fifo":
		return unix.Mkfifo(path, 0o644)
	case "sock":
		return unix.Mknod(path, unix.S_IFSOCK|0o755, 0)
	}
	return os.WriteFile(path, []byte("content of "+what), 0o644)
}

// snapshot describes everything below a directory of the world: names, types,
// modes, owners, link counts, times, extended attributes and contents. The time
// of the last access is left out, because looking changes it.
func (w *world) snapshot(t testing.TB, name string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(w.root, name), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		line, err := describe(path)
		all = append(all, strings.TrimPrefix(path, w.root)+" "+line)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func describe(path string) (string, error) {
	var s unix.Stat_t
	if err := unix.Lstat(path, &s); err != nil {
		return "", err
	}
	line := fmt.Sprintf("mode %o owner %d:%d links %d size %d mtime %d.%09d ctime %d.%09d", s.Mode, s.Uid, s.Gid, s.Nlink,
		s.Size, s.Mtim.Sec, s.Mtim.Nsec, s.Ctim.Sec, s.Ctim.Nsec)
	var names [1024]byte
	if n, err := unix.Llistxattr(path, names[:]); err == nil && n > 0 {
		line += fmt.Sprintf(" xattrs %q", names[:n])
	}
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		to, err := os.Readlink(path)
		return line + " -> " + to, err
	case unix.S_IFREG:
		text, err := os.ReadFile(path)
		return line + fmt.Sprintf(" %q", text), err
	}
	return line, nil
}

// box is the sandbox that allows "a".
func (w *world) box() *Sandbox {
	return &Sandbox{Paths: []string{w.root + "/a"}, DefaultDevices: true}
}

func (w *world) credential() *syscall.SysProcAttr {
	if w.uid == os.Getuid() {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(w.uid), Gid: uint32(w.uid)}}
}

// words splits a line of calls and puts the root of the tree for "~".
func (w *world) words(line string) []string {
	return strings.Fields(strings.ReplaceAll(line, "~", w.root))
}

var guestEnv = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}

// native runs calls without confinement, in the root of the tree.
func (w *world) native(t testing.TB, words ...string) string {
	t.Helper()
	cmd := exec.Command(w.guest, words...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = w.root, guestEnv, w.credential()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("native %q: %v\n%s", words, err, out)
	}
	return strings.TrimSpace(string(out))
}

// confined runs calls in a sandbox and checks that "f" is as it was.
func (w *world) confined(t testing.TB, box *Sandbox, words ...string) (string, *Result) {
	t.Helper()
	before := w.snapshot(t, "f")
	out, res := w.run(t, box, w.guest, words...)
	if diff := cmp.Diff(before, w.snapshot(t, "f")); diff != "" {
		t.Errorf("%q changed the forbidden tree (-want +got):\n%s", words, diff)
	}
	return out, res
}

// run runs a program in a sandbox, in the root of the tree.
func (w *world) run(t testing.TB, box *Sandbox, prog string, words ...string) (string, *Result) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("test took too long"))
	defer cancel()
	var out bytes.Buffer
	res, err := box.Run(ctx, &Command{Args: append([]string{prog}, words...), Dir: w.root, Env: guestEnv,
		Stdout: &out, Stderr: &out, SysProcAttr: w.credential()})
	if err != nil {
		t.Fatalf("run %q: %v\n%s", words, err, out.String())
	}
	return strings.TrimSpace(out.String()), res
}

// report shows violations as "call target (as passed)", with "~" for the root.
func (w *world) report(res *Result) []string {
	var list []string
	for i := range res.Violations {
		v := &res.Violations[i]
		line := v.Call
		if v.Address != "" {
			line += " to " + v.Address
		}
		if v.Canonical != "" {
			line += " " + v.Canonical
		}
		if v.Path != v.Canonical {
			line += fmt.Sprintf(" (%s)", v.Path)
		}
		if v.Count > 1 {
			line += fmt.Sprintf(" x%d", v.Count)
		}
		list = append(list, strings.ReplaceAll(line, w.root, "~"))
	}
	return list
}

// scene is one line of calls and what must come of it under confinement.
type scene struct {
	name       string
	calls      string
	want       string   // results of the calls, as "name=ERRNO" words
	violations []string // see world.report
}

// play runs scenes, each in a tree of its own, as root (if the test is) and as
// an ordinary user.
func play(t *testing.T, box func(*world) *Sandbox, scenes []scene) {
	t.Helper()
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, s := range scenes {
			t.Run(fmt.Sprintf("%s/uid %d", s.name, uid), func(t *testing.T) {
				w.build(t)
				out, res := w.confined(t, box(w), w.words(s.calls)...)
				if diff := cmp.Diff(strings.Fields(s.want), strings.Fields(out)); diff != "" {
					t.Errorf("results (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(s.violations, w.report(res)); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func users() []int {
	if os.Getuid() == 0 {
		return []int{0, nobody}
	}
	return []int{os.Getuid()}
}

func allowA(w *world) *Sandbox { return w.box() }
