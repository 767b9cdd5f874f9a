package controls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tests/harness"
)

// patience bounds one control; only a test that fails takes so long.
const patience = 60 * time.Second

// nobody is the ordinary user of tests that are run by root.
const nobody = 65534

func users() []int {
	if os.Getuid() == 0 {
		return []int{0, nobody}
	}
	return []int{os.Getuid()}
}

func TestMain(m *testing.M) {
	unix.Umask(0o022)
	code := m.Run()
	_ = os.RemoveAll(programDir())
	os.Exit(code)
}

// programDir returns the directory of the programs of this test run.
var programDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "catbox-controls-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

// guest compiles the guest with flags and returns the program.
func guest(t testing.TB, flags ...string) string {
	t.Helper()
	harness.Need(t, "gcc", "gcc libc6-dev")
	sources, err := filepath.Glob("guest/*.c")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(programDir(), "guest"+strings.Join(flags, ""))
	args := append([]string{"-O1", "-Wall", "-Wno-nonnull", "-Wno-stringop-overflow", "-Wno-stringop-overread", "-D_FILE_OFFSET_BITS=64", "-static", "-pthread", "-o", program}, flags...)
	if out, err := exec.Command("gcc", append(args, sources...)...).CombinedOutput(); err != nil {
		if len(flags) > 0 {
			harness.Missing(t, "gcc -m32 does not work: apt-get install gcc-multilib\n%s", out)
		}
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return program
}

// world is a scratch tree: "a" and "b" may be written, "f" may not.
type world struct {
	root string
	uid  int
}

var layout = [][2]string{
	{"a", "dir"}, {"b", "dir"}, {"f", "dir"}, {"f/file", "file"}, {"f/dir", "dir"}, {"f/loop", "-> loop"},
	{"f/dangling", "-> nowhere"}, {"f/link", "-> file"},
}

func newWorld(t testing.TB, uid int) *world {
	t.Helper()
	root, err := os.MkdirTemp("", "catbox-control-")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{root: root, uid: uid}
	t.Cleanup(func() { w.clear(t) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if w.root, err = catbox.Canonical(root, catbox.CanonicalOptions{Follow: true}); err != nil {
		t.Fatal(err)
	}
	if err := os.Lchown(root, uid, uid); err != nil {
		t.Fatal(err)
	}
	return w
}

// build makes the tree anew, under the same name.
func (w *world) build(t testing.TB) {
	t.Helper()
	w.clear(t, "a", "b", "f")
	for _, e := range layout {
		if err := w.make(w.root+"/"+e[0], e[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// clear removes directories, or all. What a control leaves may be too deep for
// package os.
func (w *world) clear(t testing.TB, names ...string) {
	t.Helper()
	args := []string{"-rf", w.root}
	if len(names) > 0 {
		args = args[:1]
	}
	for _, name := range names {
		args = append(args, w.root+"/"+name)
	}
	if out, err := exec.Command("rm", args...).CombinedOutput(); err != nil {
		t.Errorf("rm: %v\n%s", err, out)
	}
}

func (w *world) make(path, what string) error {
	var err error
	if to, ok := strings.CutPrefix(what, "-> "); ok {
		err = os.Symlink(to, path)
	} else if what == "dir" {
		err = os.Mkdir(path, 0o755)
	} else {
		err = os.WriteFile(path, []byte("content of "+what), 0o644)
	}
	return errors.Join(err, os.Lchown(path, w.uid, w.uid))
}

// result is what one run of a control came to.
type result struct {
	Output string
	Ending string // exit status or signal
	Tree   []string
}

func (w *world) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true} // some controls send signals to their group
	if w.uid != os.Getuid() {
		attr.Credential = &syscall.Credential{Uid: uint32(w.uid), Gid: uint32(w.uid)}
	}
	return attr
}

var environment = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}

func (w *world) native(t testing.TB, args ...string) result {
	t.Helper()
	w.build(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.root+"/a", environment, &out, &out
	cmd.SysProcAttr, cmd.WaitDelay = w.attributes(), patience
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return w.result(t, out.String(), cmd.ProcessState.Sys().(syscall.WaitStatus))
}

func (w *world) confined(t testing.TB, args ...string) (result, *catbox.Result) {
	t.Helper()
	w.build(t)
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("control took too long"))
	defer cancel()
	var out bytes.Buffer
	box := &catbox.Sandbox{Paths: []string{w.root + "/a", w.root + "/b", "/dev/shm"}, DefaultDevices: true}
	res, err := box.Run(ctx, &catbox.Command{Args: args, Dir: w.root + "/a", Env: environment,
		Stdout: &out, Stderr: &out, SysProcAttr: w.attributes()})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	status := syscall.WaitStatus(res.ExitCode << 8)
	if res.Signal != 0 {
		status = syscall.WaitStatus(res.Signal)
	}
	return w.result(t, out.String(), status), res
}

// result gathers what came of a run, with "~" for the root of the tree.
func (w *world) result(t testing.TB, output string, status syscall.WaitStatus) result {
	t.Helper()
	r := result{Output: strings.ReplaceAll(output, w.root, "~"), Ending: fmt.Sprintf("exit %d", status.ExitStatus())}
	if status.Signaled() {
		r.Ending = status.Signal().String()
	}
	for _, dir := range []string{"a", "b", "f"} {
		err := filepath.WalkDir(w.root+"/"+dir, func(path string, _ fs.DirEntry, err error) error {
			if errors.Is(err, unix.ENAMETOOLONG) {
				return fs.SkipDir
			}
			var s unix.Stat_t
			if err == nil {
				err = unix.Lstat(path, &s)
			}
			r.Tree = append(r.Tree, fmt.Sprintf("%s mode %o owner %d:%d links %d size %d", strings.TrimPrefix(path, w.root), s.Mode, s.Uid, s.Gid, s.Nlink, s.Size))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// compat reports whether this machine runs 32-bit programs of its own.
func compat() bool { return runtime.GOARCH == "amd64" }
