package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tests/harness"
)

// nobody is who builds where the tests run as root.
const nobody = 65534

// world is where a build runs, each time in a fresh copy of its source.
type world struct {
	catbox   string
	pristine string
	dir      string // of the copy
	logs     string
}

// newWorld makes a place that an ordinary user may use. What is a build is in the
// directory pristine, which fill makes.
func newWorld(t *testing.T, fill func(t *testing.T, dir string)) *world {
	t.Helper()
	top, err := os.MkdirTemp("/var/tmp", "catbox-record.")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, top) })
	w := &world{pristine: filepath.Join(top, "pristine"), dir: filepath.Join(top, "build"), logs: filepath.Join(top, "logs")}
	w.catbox = harness.Program(t, top, "cmd/catbox")
	for _, dir := range []string{top, w.logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, w.pristine)
	for _, dir := range []string{"home", "tmp"} {
		if err := os.MkdirAll(filepath.Join(w.pristine, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tool(t, "chmod", "-R", "a+rX", top)
	if os.Getuid() == 0 {
		tool(t, "chown", "-R", fmt.Sprintf("%d:%d", nobody, nobody), w.pristine, w.logs)
	}
	return w
}

// remove removes a tree with directories that may not be written, as Go makes them.
func remove(t *testing.T, top string) {
	t.Helper()
	tool(t, "chmod", "-R", "u+w", top)
	if err := os.RemoveAll(top); err != nil {
		t.Error(err)
	}
}

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// fresh makes a new copy of the source, with its times, and returns what is in it.
func (w *world) fresh(t *testing.T) []string {
	t.Helper()
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	tool(t, "cp", "-a", w.pristine, w.dir)
	var names []string
	err := filepath.WalkDir(w.dir, func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// run runs a script in the copy, behind the words of prefix.
func (w *world) run(t *testing.T, script string, prefix ...string) {
	t.Helper()
	if out, status := w.exec(t, append(prefix, "sh", "-e", "-c", script)...); status != 0 {
		lines := strings.Split(out, "\n")
		t.Fatalf("%s: exit status %d\n%s", prefix[0], status, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
}

// exec runs a command in the copy, as an ordinary user, and returns what it wrote and
// its exit status.
func (w *world) exec(t *testing.T, argv ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = w.dir
	cmd.Env = w.env()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", argv[0], err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (w *world) env() []string {
	return []string{"PATH=" + searchPath(), "LANG=C", "LC_ALL=C", "HOME=" + w.dir + "/home", "TMPDIR=" + w.dir + "/tmp", "SOURCE_DATE_EPOCH=1000000000",
		"GOCACHE=" + w.dir + "/home/cache", "GOENV=off", "GOPROXY=off", "GOFLAGS=-mod=mod -p=1", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOMAXPROCS=1"}
}

// searchPath is PATH with the go command, wherever that is.
func searchPath() string {
	path := "/usr/local/bin:/usr/bin:/bin"
	if tool, err := exec.LookPath("go"); err == nil {
		if tool, err = filepath.EvalSymlinks(tool); err == nil {
			path = filepath.Dir(tool) + ":" + path
		}
	}
	return path
}

// log is the file of a record.
func (w *world) log(level record.Level) string { return filepath.Join(w.logs, string(level)+".jsonl") }

// recorded runs a build with a record and returns its deeds.
func (w *world) recorded(t *testing.T, level record.Level, script string) deeds {
	t.Helper()
	w.fresh(t)
	name := w.log(level)
	w.run(t, script, w.catbox, "run", "--record", name, "--record-level", string(level), "--private-tmp=false", "-p", w.dir, "--")
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d := deeds{}
	for event, err := range record.Read(file) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *record.Files:
			for i := range e.Entries {
				d.entry(&e.Entries[i])
			}
		case *record.End:
			if !e.Complete {
				t.Errorf("the record is not complete: %q", e.Reasons)
			}
		}
	}
	return d
}

func (d deeds) entry(f *record.File) {
	for _, op := range f.Ops.Set().Strings() {
		d.add(f.Path, op)
	}
	for _, link := range f.Links {
		d.add(link.Path, passed)
	}
}

// traced runs a build under strace and returns its deeds at each of the levels.
func (w *world) traced(t *testing.T, script string, levels []record.Level) []deeds {
	t.Helper()
	there := w.fresh(t)
	name := filepath.Join(w.logs, "strace")
	w.run(t, script, harness.Need(t, "strace", "strace"), "-f", "-y", "-qq", "-s", "1000000", "--seccomp-bpf", "-o", name,
		"-e", "trace=%file,%process,fchdir", "-e", "signal=none")
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	calls, err := readStrace(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []deeds
	for _, level := range levels {
		m := newModel(level, calls, w.dir, w.dir, there)
		all = append(all, m.run())
		for _, odd := range m.odd {
			t.Errorf("strace: %s", odd)
		}
	}
	return all
}
