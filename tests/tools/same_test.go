package tools

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tests/harness"
)

// patience bounds one run of a tool; only a test that fails takes so long.
const patience = 2 * time.Minute

// tool is something that packages are built or tested with. Its folder below
// testdata holds run.sh and what that needs.
type tool struct {
	name  string
	needs [][2]string // programs and their packages
	probe string      // a command that fails if the tool is there but not whole
	huge  bool        // too big to be installed for a test
}

var tools = []tool{
	{name: "python", needs: [][2]string{{"python3", "python3"}}, probe: "python3 -c 'import asyncio, multiprocessing'"},
	{name: "perl", needs: [][2]string{{"perl", "perl-base"}}, probe: "perl -e 'use POSIX; use Socket'"},
	{name: "node", needs: [][2]string{{"node", "nodejs"}}},
	{name: "java", needs: [][2]string{{"javac", "default-jdk-headless"}}, huge: true},
	{name: "jobs", needs: [][2]string{{"bash", "bash"}}},
	{name: "git", needs: [][2]string{{"git", "git"}}},
	{name: "rsync", needs: [][2]string{{"rsync", "rsync"}}},
	{name: "sqlite", needs: [][2]string{{"sqlite3", "sqlite3"}}},
	{name: "make", needs: [][2]string{{"make", "make"}, {"gcc", "gcc libc6-dev"}}},
	{name: "cmake", needs: [][2]string{{"cmake", "cmake"}, {"ninja", "ninja-build"}, {"gcc", "gcc libc6-dev"}}},
	{name: "archives", needs: [][2]string{{"tar", "tar"}}},
	{name: "compat", needs: [][2]string{{"gcc", "gcc-multilib"}}, probe: "echo 'int main(void) { return 0; }' | gcc -m32 -x c -o /dev/null -"},
}

// environment is that of the scripts: no directory of the caller's own, so that
// both runs start from nothing.
func environment(dir string) []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + dir, "TMPDIR=" + dir + "/tmp", "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1"}
}

// TestSame runs each tool natively and confined: what it prints and how it ends must
// be the same, and nothing may be refused.
func TestSame(t *testing.T) {
	for _, tool := range tools {
		t.Run(tool.name, func(t *testing.T) {
			t.Parallel()
			tool.need(t)
			same(t, "testdata/"+tool.name, nil, "/bin/sh", "-euc", ". ./run.sh")
		})
	}
}

func (tool *tool) need(t *testing.T) {
	t.Helper()
	if tool.name == "compat" && runtime.GOARCH != "amd64" {
		t.Skip("needs a machine that runs 32-bit programs of its own: amd64")
	}
	for _, n := range tool.needs {
		if _, err := exec.LookPath(n[0]); err != nil && tool.huge {
			t.Skipf("needs %s, which is too big to be installed for a test: apt-get install %s", n[0], n[1])
		}
		harness.Need(t, n[0], n[1])
	}
	if tool.probe == "" {
		return
	}
	cmd := exec.Command("/bin/sh", "-c", tool.probe)
	cmd.Env = environment("/nonexistent")
	if out, err := cmd.CombinedOutput(); err != nil {
		harness.Missing(t, "%s is not whole: apt-get install %s\n%s", tool.needs[0][0], tool.needs[0][1], out)
	}
}

// same runs a command twice, each time in a fresh copy of a folder, of the same name.
func same(t *testing.T, folder string, env []string, args ...string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "tool") // short enough for the names of sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("tool took too long"))
	defer cancel()
	env = append(env, environment(dir)...)

	fresh(t, dir, folder)
	var native bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, env, &native, &native, patience
	if err := cmd.Run(); err != nil || !strings.HasSuffix(native.String(), "done\n") {
		t.Fatalf("natively: %v\n%s", err, native.String())
	}

	fresh(t, dir, folder)
	var confined bytes.Buffer
	box := catbox.Sandbox{Paths: []string{dir, "/dev/shm"}, DefaultDevices: true}
	res, err := box.Run(ctx, &catbox.Command{Args: args, Dir: dir, Env: env, Stdout: &confined, Stderr: &confined})
	if err != nil {
		t.Fatalf("%v\n%s", err, confined.String())
	}
	if diff := cmp.Diff(native.String(), confined.String()); diff != "" {
		t.Errorf("output (-native +confined):\n%s", diff)
	}
	clean(t, confined.String(), res)
}

// fresh makes dir a copy of a folder, with a directory for temporary files.
func fresh(t *testing.T, dir, folder string) {
	t.Helper()
	err := os.RemoveAll(dir)
	if err == nil && folder != "" {
		err = os.CopyFS(dir, os.DirFS(folder))
	}
	if err == nil {
		err = os.MkdirAll(dir+"/tmp", 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}
