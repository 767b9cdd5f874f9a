package packages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPackages builds the packages named by CATBOX_TEST_PACKAGES without and
// with catbox (the binary named by CATBOX), as this user and, when that is
// root, as nobody too. It prints one table; its times say something about catbox only if
// the builds do not run side by side (-parallel 1).
func TestPackages(t *testing.T) {
	names := strings.Fields(os.Getenv("CATBOX_TEST_PACKAGES"))
	if len(names) == 0 {
		t.Skip("CATBOX_TEST_PACKAGES names no package; see make test-packages")
	}
	ctx := t.Context()
	if deadline, ok := t.Deadline(); ok {
		// Leave time to say what was going on.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Minute))
		defer cancel()
	}
	// Not below /tmp: the builds get a private one.
	top, err := os.MkdirTemp("/var/tmp", "catbox-packages.")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(top)
	if err := os.Chmod(top, 0o711); err != nil {
		t.Fatal(err)
	}
	catbox := copyBinary(t, top)

	var rows []*result
	for _, name := range names {
		src, err := Fetch(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range users(t) {
			rows = append(rows, &result{name: name, as: as, build: "not run", install: "not run", src: src})
		}
	}
	t.Parallel() // from here on: the archives' lists are for one at a time
	t.Run("build", func(t *testing.T) {
		for _, row := range rows {
			t.Run(row.name+"/"+row.as.name, func(t *testing.T) {
				t.Parallel()
				newBuild(ctx, t, top, catbox, recipeFor(row.name), row.src, row.as).check(t, row)
			})
		}
	})
	fmt.Printf("\n%s\n", table(rows))
}

// table shows the rows, one a line.
func table(rows []*result) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "package\tuser\tnative\tconfined\tbuild\tfiles\tdiffer\tinstall")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%.1f s\t%.1f s\t%s\t%d\t%d\t%s\n", r.name, r.as.name,
			r.native.Seconds(), r.confined.Seconds(), r.build, r.files, r.differ, r.install)
	}
	w.Flush()
	return b.String()
}

// result is one row of the table.
type result struct {
	name             string
	as               account
	src              *Source
	native, confined time.Duration
	build            string
	files, differ    int
	install          string
}

// account is a user to build as; cred is nil for the user of the test itself.
type account struct {
	name string
	cred *syscall.Credential
}

func users(t *testing.T) []account {
	t.Helper()
	if os.Getuid() != 0 {
		return []account{{name: "uid-" + strconv.Itoa(os.Getuid())}}
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return []account{{name: "root"}, {name: "nobody", cred: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}}
}

// copyBinary puts the binary where every user can run it.
func copyBinary(t *testing.T, dir string) string {
	t.Helper()
	path := os.Getenv("CATBOX")
	if path == "" {
		t.Fatal("CATBOX names no binary; see make test-packages")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "catbox")
	if err := os.WriteFile(to, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return to
}

// build is one package on its way as one user.
type build struct {
	ctx      context.Context
	recipe   recipe
	as       account
	catbox   string
	pristine string // the unpacked source
	dir      string // where it is built, each time anew
	target   string // where it is installed, outside dir
	home     string
}

func newBuild(ctx context.Context, t *testing.T, top, catbox string, r recipe, src *Source, as account) *build {
	t.Helper()
	work := filepath.Join(top, as.name, r.name)
	b := &build{ctx: ctx, recipe: r, as: as, catbox: catbox,
		pristine: filepath.Join(work, "pristine"), dir: filepath.Join(work, "build"),
		target: filepath.Join(work, "target"), home: filepath.Join(work, "home")}
	for _, dir := range []string{b.home, filepath.Join(b.target, filepath.Dir(r.program))} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// What an installation would replace is a write of its own kind.
	if err := os.WriteFile(filepath.Join(b.target, r.program), []byte("an older release\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := src.Extract(ctx, b.pristine); err != nil {
		t.Fatal(err)
	}
	if as.cred != nil {
		owner := fmt.Sprintf("%d:%d", as.cred.Uid, as.cred.Gid)
		if err := run(exec.CommandContext(ctx, "chown", "-R", owner, work)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// check builds twice, compares, and tries to install.
func (b *build) check(t *testing.T, row *result) {
	t.Helper()
	b.fresh(t)
	start := time.Now()
	if out, status := b.sh(t, nil, b.recipe.build); status != 0 {
		row.build = fmt.Sprintf("native: status %d", status)
		t.Fatalf("without catbox: status %d\n%s", status, tail(out))
	}
	row.native = time.Since(start)
	want := snapshot(t, b.dir, unrepeatable())

	b.fresh(t)
	confined := []string{b.catbox, "run", "--private-tmp", "-p", b.dir, "--"}
	start = time.Now()
	out, status := b.sh(t, confined, b.recipe.build)
	row.confined = time.Since(start)
	row.build = "ok"
	if status != 0 {
		row.build = fmt.Sprintf("FAIL: status %d", status)
		t.Fatalf("confined: status %d\n%s", status, tail(out))
	}
	got := snapshot(t, b.dir, unrepeatable())
	row.files = len(want)
	row.differ = differences(want, got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("built files without and with catbox (-want +got):\n%s", tail([]byte(diff)))
	}
	row.install = b.checkInstall(t, confined)
}

// checkInstall expects an installation to be refused and to leave no trace, and
// the same installation without catbox to leave one.
func (b *build) checkInstall(t *testing.T, confined []string) string {
	t.Helper()
	before := snapshot(t, b.target, nil)
	out, status := b.sh(t, confined, b.recipe.install)
	if diff := cmp.Diff(before, snapshot(t, b.target, nil)); diff != "" {
		t.Errorf("install: %s has changed (-want +got):\n%s", b.target, diff)
		return "FAIL: written"
	}
	if status == 0 {
		t.Errorf("install: status 0\n%s", tail(out))
		return "FAIL: status 0"
	}
	if !explained(out, b.target) {
		t.Errorf("install: status %d, but no line of catbox names %s\n%s", status, b.target, tail(out))
		return "FAIL: unexplained"
	}
	if out, status := b.sh(t, nil, b.recipe.install); status != 0 {
		t.Errorf("install without catbox: status %d\n%s", status, tail(out))
		return "FAIL: native"
	}
	if cmp.Equal(before, snapshot(t, b.target, nil)) {
		t.Errorf("install without catbox: nothing written to %s, so a refusal proves nothing", b.target)
		return "FAIL: no proof"
	}
	return fmt.Sprintf("refused (%d)", status)
}

// explained says whether a line of catbox's own names a path below dir.
func explained(out []byte, dir string) bool {
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "catbox: ") && strings.Contains(line, dir) {
			return true
		}
	}
	return false
}

// fresh puts the pristine source where it is built, dates included: make must
// not think that it has to regenerate anything.
func (b *build) fresh(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(b.dir); err != nil {
		t.Fatal(err)
	}
	if err := run(exec.CommandContext(b.ctx, "cp", "-a", b.pristine, b.dir)); err != nil {
		t.Fatal(err)
	}
}

// sh runs a script in the build directory behind the words of prefix, and
// returns its output and its exit status. A shell that could not be started, or
// that died by a signal, ends the test.
func (b *build) sh(t *testing.T, prefix []string, script string) ([]byte, int) {
	t.Helper()
	argv := append(append([]string(nil), prefix...), "sh", "-e", "-c", script)
	cmd := exec.CommandContext(b.ctx, argv[0], argv[1:]...)
	cmd.Dir = b.dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + b.home, "TARGET=" + b.target}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: b.as.cred, Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, tail(out))
	}
	return out, cmd.ProcessState.ExitCode()
}

// differences counts the files that are missing, added or changed.
func differences(want, got map[string]string) int {
	n := 0
	for name, file := range want {
		if got[name] != file {
			n++
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			n++
		}
	}
	return n
}

// tail returns the last 40 lines of an output.
func tail(out []byte) []byte {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-40):], []byte("\n"))
}
