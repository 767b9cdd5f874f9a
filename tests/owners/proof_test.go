package owners

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// patience bounds one run of a recipe; only a test that fails takes so long.
const patience = 2 * time.Minute

// nobody is the ordinary user.
const nobody = 65534

var update = flag.Bool("update", false, "write what root's runs of the recipes print to testdata")

// shared is a directory that every user may enter.
var shared string

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := sharing(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// sharing runs the tests with the shared directory, and with the directories in
// PATH where the tools of root are.
func sharing(run func() int) (code int, err error) {
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		return 1, err
	}
	if shared, err = os.MkdirTemp("", "owners"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(shared)
	if err := os.Chmod(shared, 0o755); err != nil {
		return 1, err
	}
	return run(), nil
}

// recipe is one script of testdata.
type recipe struct {
	script string
	needs  [][2]string // programs and their packages
	env    []string
	flags  []string // of catbox, besides --fakeroot
	// apart: not all of the script is run by root, it says itself what. FAKE holds
	// the command for that.
	apart bool
}

// outcome is what a run of a recipe has left.
type outcome struct {
	said     string
	archives map[string][]byte
	tree     string // all files in its directories
}

// prove runs a recipe as root, where this user is, and as an ordinary user under
// catbox, and compares.
func (r recipe) prove(t *testing.T) {
	t.Helper()
	for _, n := range append([][2]string{{"bash", "bash"}, {"tar", "tar"}, {"perl", "perl-base"}}, r.needs...) {
		harness.Need(t, n[0], n[1])
	}
	catbox := harness.Program(t, shared, "cmd/catbox")
	top, err := os.MkdirTemp(shared, r.script)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(top, "work")
	wanted := filepath.Join("testdata", r.script+".want")

	var native *outcome
	if rooted(t) {
		native = r.run(t, dir, 0)
		if *update {
			if err := os.WriteFile(wanted, []byte(native.said), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		native.tree = tree(t, dir, 0)
	}
	want, err := os.ReadFile(wanted)
	if err != nil {
		t.Fatal(err)
	}
	if native != nil {
		if diff := cmp.Diff(string(want), native.said); diff != "" {
			t.Errorf("what root sees (-want +got):\n%s", diff)
		}
	}
	fake := r.fake(t, catbox, top, dir)
	if diff := cmp.Diff(string(want), fake.said); diff != "" {
		t.Errorf("what an ordinary user sees under catbox (-want +got):\n%s", diff)
	}
	if native == nil {
		return
	}
	compare(t, native.archives, fake.archives)
	if diff := cmp.Diff(native.tree, fake.tree); diff != "" && !r.apart {
		t.Errorf("files of root, and of an ordinary user in a later run (-want +got):\n%s", diff)
	}
}

// fake runs the recipe as an ordinary user under catbox. The files are looked at in
// another run, which is told what the first has recorded; a recipe apart does so itself.
func (r recipe) fake(t *testing.T, catbox, top, dir string) *outcome {
	t.Helper()
	user := os.Getuid()
	if user == 0 {
		user = nobody
	}
	if err := os.Chown(top, user, user); err != nil {
		t.Fatal(err)
	}
	words := append([]string{catbox, "run", "--fakeroot", "-p", dir}, r.flags...)
	if r.apart {
		return r.run(t, dir, user, words...)
	}
	words = append(words, "--fakeroot-save", filepath.Join(top, "state"))
	o := r.run(t, dir, user, words...)
	o.tree = tree(t, dir, user, words...)
	return o
}

// rooted says whether this user has all that root has; a container may have taken
// some of it away, and then what root sees is known from testdata alone.
func rooted(t *testing.T) bool {
	t.Helper()
	if os.Getuid() != 0 {
		return false
	}
	dir := t.TempDir()
	device := filepath.Join(dir, "device")
	err := errors.Join(unix.Mknod(device, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))), os.Chown(device, 1, 1),
		unix.Setxattr(dir, "trusted.owners", []byte("root"), 0))
	if err != nil {
		t.Logf("root without a right that these tests need, so root's half is left out: %v", err)
	}
	return err == nil
}

// run runs the recipe as a user in a fresh directory, behind the words of prefix.
func (r recipe) run(t *testing.T, dir string, uid int, prefix ...string) *outcome {
	t.Helper()
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755), os.Chown(dir, uid, uid)); err != nil {
		t.Fatal(err)
	}
	argv := bash(script(t, "lib"), script(t, r.script))
	env := append([]string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + dir, "LC_ALL=C", "TZ=UTC"}, r.env...)
	if r.apart {
		env = append(env, "FAKE="+strings.Join(prefix, " "))
	} else if len(prefix) > 0 {
		argv = append(append(prefix, "--"), argv...)
	}
	said, err := runAs(t.Context(), uid, dir, env, argv)
	if err != nil {
		t.Fatalf("%s as uid %d: %v\n%s", r.script, uid, err, said)
	}
	return &outcome{said: string(said), archives: archives(t, dir)}
}

// tree lists the files in the directories of a recipe as a user sees them, behind the words of prefix.
func tree(t *testing.T, dir string, uid int, prefix ...string) string {
	t.Helper()
	argv := bash(script(t, "lib"), `for i in */; do echo "$i"; list "$i"; done`)
	if len(prefix) > 0 {
		argv = append(append(prefix, "--"), argv...)
	}
	out, err := runAs(t.Context(), uid, dir, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, argv)
	if err != nil {
		t.Fatalf("list files as uid %d: %v\n%s", uid, err, out)
	}
	return string(out)
}

func bash(scripts ...string) []string {
	return []string{"bash", "-euo", "pipefail", "-c", strings.Join(scripts, "\n")}
}

func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".sh"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runAs runs a command as a user, in no group but its own.
func runAs(ctx context.Context, uid int, dir string, env, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("recipe took too long"))
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if uid != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	// A umask that a recipe would notice is that of the caller.
	cmd.Args = append([]string{"/bin/sh", "-c", `umask 022; exec "$@"`, "sh"}, argv...)
	cmd.Path = cmd.Args[0]
	out, err := cmd.CombinedOutput()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return out, err
}

// archives reads the results of a recipe.
func archives(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "result.*"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(name)] = text
	}
	return all
}

// compare fails for archives that differ, and says from where on.
func compare(t *testing.T, want, got map[string][]byte) {
	t.Helper()
	sums := func(all map[string][]byte) map[string]string {
		out := make(map[string]string)
		for name, text := range all {
			out[name] = fmt.Sprintf("%d bytes, %x", len(text), sha256.Sum256(text))
		}
		return out
	}
	if diff := cmp.Diff(sums(want), sums(got)); diff != "" {
		t.Errorf("archives of root and of an ordinary user under catbox (-want +got):\n%s", diff)
	}
	for name, a := range want {
		b := got[name]
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		if !bytes.Equal(a, b) {
			t.Logf("%s differs from byte %d on:\nroot %q\nuser %q", name, at, a[at:min(at+80, len(a))], b[at:min(at+80, len(b))])
		}
	}
}
