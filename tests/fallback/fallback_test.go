package fallback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// patience bounds one run; only a test that fails takes so long.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if helper := helpers()[os.Getenv(helperVariable)]; helper != nil {
		os.Exit(helper(os.Args[1:]))
	}
	unix.Umask(0o022)
	code := m.Run()
	_ = os.RemoveAll(programDir())
	os.Exit(code)
}

// programDir returns the directory of the programs of this test run.
var programDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "catbox-fallback-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

func catbox(t testing.TB) string  { return harness.Program(t, programDir(), "cmd/catbox") }
func without(t testing.TB) string { return harness.Program(t, programDir(), "tests/without") }

func users() []int {
	if os.Getuid() == 0 {
		return []int{0, nobody}
	}
	return []int{os.Getuid()}
}

// forUsers runs a test as root, if the tests are run by root, and as an ordinary
// user.
func forUsers(t *testing.T, test func(*testing.T, *place)) {
	for _, uid := range users() {
		t.Run(fmt.Sprintf("uid %d", uid), func(t *testing.T) {
			t.Parallel()
			test(t, newPlace(t, uid))
		})
	}
}

// place is where catbox is run: "in" may be written, "out" may not.
type place struct {
	root   string
	uid    int
	rules  []string // of tests/without
	before []string // words of a command that runs the rest
	env    []string
	attr   syscall.SysProcAttr
}

func newPlace(t testing.TB, uid int) *place {
	t.Helper()
	root, err := os.MkdirTemp("", "catbox-place-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if root, err = filepath.EvalSymlinks(root); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", "in", "out", "tmp"} {
		dir = filepath.Join(root, dir)
		err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755), os.Chown(dir, uid, uid))
		if err != nil {
			t.Fatal(err)
		}
	}
	p := &place{root: root, uid: uid, env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "HOME=" + root, "TMPDIR=" + root + "/tmp"}}
	if uid != os.Getuid() {
		p.attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	p.write(t, "out/file", "before\n")
	return p
}

func (p *place) write(t testing.TB, name, text string) {
	t.Helper()
	name = filepath.Join(p.root, name)
	if err := errors.Join(os.WriteFile(name, []byte(text), 0o644), os.Chown(name, p.uid, p.uid)); err != nil {
		t.Fatal(err)
	}
}

// setenv gives a variable a value, or takes it away if there is none.
func (p *place) setenv(name string, value ...string) {
	p.env = slices.DeleteFunc(p.env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
	for _, v := range value {
		p.env = append(p.env, name+"="+v)
	}
}

// outcome is what came of a command.
type outcome struct {
	status   int // 128+N for a signal
	out, err string
}

// command prepares catbox with the given arguments.
func (p *place) command(t testing.TB, ctx context.Context, args ...string) *exec.Cmd { //nolint:revive // t comes first in tests
	t.Helper()
	words := slices.Clone(p.before)
	if len(p.rules) > 0 {
		words = append(append(append(words, without(t)), p.rules...), "--")
	}
	words = append(append(words, catbox(t)), args...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env = p.root, p.env
	attr := p.attr
	cmd.SysProcAttr = &attr
	cmd.WaitDelay = patience
	return cmd
}

// run runs catbox to its end.
func (p *place) run(t testing.TB, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := p.command(t, ctx, args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	o := outcome{out: out.String(), err: stderr.String()}
	switch {
	case ctx.Err() != nil:
		t.Fatalf("%v did not end\n%s%s", cmd, o.out, o.err)
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		o.status = 128 + int(exit.Sys().(syscall.WaitStatus).Signal())
	case errors.As(err, &exit):
		o.status = exit.ExitCode()
	case err != nil:
		t.Fatalf("%v: %v", cmd, err)
	}
	return o
}

// deeds does things that are allowed and things that are not, and prints what came
// of each.
const deeds = `
rm -rf in/*
try() { "$@" 2>/dev/null && echo "done: $*" || echo "not done: $*"; }
echo text >in/file; mkdir in/dir; try mv in/file in/dir/moved; try chmod 600 in/dir/moved; try ln -s moved in/dir/link; try cat in/dir/link
try sh -c 'echo x >out/new'; try mv out/file in/stolen; try chmod 777 out/file; try ln out/file in/hard; try rm out/file; try mkdir out/dir
ln -s ../out in/out; try sh -c 'echo x >in/out/file'; try sh -c 'cd out && echo x >new'; try sh -c 'echo x >/proc/self/cwd/out/new'
try cp in/dir/moved in/copy; try rm -r in/dir
(sh -c 'echo late >in/late; echo x >out/late' 2>/dev/null &) ; wait
exit 0`

const wantDeeds = `done: mv in/file in/dir/moved
done: chmod 600 in/dir/moved
done: ln -s moved in/dir/link
text
done: cat in/dir/link
not done: sh -c echo x >out/new
not done: mv out/file in/stolen
not done: chmod 777 out/file
not done: ln out/file in/hard
not done: rm out/file
not done: mkdir out/dir
not done: sh -c echo x >in/out/file
not done: sh -c cd out && echo x >new
not done: sh -c echo x >/proc/self/cwd/out/new
done: cp in/dir/moved in/copy
done: rm -r in/dir
`

// works checks that catbox confines as ever, and returns what it said.
func (p *place) works(t testing.TB, flags ...string) string {
	t.Helper()
	before := p.snapshot(t)
	o := p.run(t, append(append([]string{"run", "-p", "in"}, flags...), "--", "/bin/sh", "-c", deeds)...)
	if diff := cmp.Diff(wantDeeds, o.out); diff != "" {
		t.Errorf("deeds (-want +got):\n%s\n%s", diff, o.err)
	}
	if diff := cmp.Diff(before, p.snapshot(t)); diff != "" {
		t.Errorf("what is outside (-want +got):\n%s", diff)
	}
	const refused = 123
	if o.status != refused || !strings.Contains(o.err, "catbox: summary: 10 calls were refused") {
		t.Errorf("exit status %d, want %d and 10 refusals\n%s", o.status, refused, o.err)
	}
	return o.err
}

// snapshot describes what is outside.
func (p *place) snapshot(t testing.TB) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(filepath.Join(p.root, "out"), func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var s unix.Stat_t
		if err := unix.Lstat(path, &s); err != nil {
			return err
		}
		all = append(all, fmt.Sprintf("%s mode %o links %d size %d ctime %d.%09d", path, s.Mode, s.Nlink, s.Size, s.Ctim.Sec, s.Ctim.Nsec))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// says checks that catbox does nothing but say what is missing and what to do.
func (p *place) says(t testing.TB, status int, lines ...string) {
	t.Helper()
	o := p.run(t, "run", "-p", "in", "--", "/bin/sh", "-c", "echo began")
	if o.status != status || o.out != "" {
		t.Errorf("exit status %d, output %q, want %d and none", o.status, o.out, status)
	}
	for _, line := range lines {
		if !strings.Contains(o.err, line) {
			t.Errorf("it does not say %q:\n%s", line, o.err)
		}
	}
}
