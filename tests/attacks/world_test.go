package attacks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tests/harness"
)

// programDir returns the directory of the programs of this test run.
var programDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "catbox-attacks-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

var building sync.Mutex

// guest compiles the guest with flags and returns the program.
func guest(t testing.TB, flags ...string) string {
	t.Helper()
	return harness.Attacker(t, programDir(), flags...)
}

// runner copies this test binary to where every user can execute it.
func runner(t testing.TB) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	program := filepath.Join(programDir(), "runner")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copyFile(t, self, program, 0o755)
	return program
}

func copyFile(t testing.TB, from, to string, mode fs.FileMode) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		// By a child, so that no other child of this process can hold the
		// program open for writing while it is executed (ETXTBSY).
		cmd := exec.Command("cp", from, to)
		err = cmd.Run()
	}
	if err == nil {
		err = os.Chmod(to, mode)
	}
	if err != nil || len(text) == 0 {
		t.Fatalf("copy %s: %v", from, err)
	}
}

// world is a scratch tree, where "a" is allowed and "f" is forbidden, and what
// else an attack may aim at.
type world struct {
	root   string
	uid    int
	guest  string
	victim *victim
	ears   *ears
}

// layout is the tree: a path and what it is.
var layout = [][2]string{
	{"a", "dir"}, {"a/file", "file"}, {"a/dir", "dir"}, {"a/dir/inner", "file"}, {"a/out", "-> ../f/file"},
	{"a/outdir", "-> ../f/dir"}, {"f", "dir"}, {"f/file", "file"}, {"f/marked", "file"}, {"f/dir", "dir"},
	{"f/dir/inner", "file"}, {"f/empty", "dir"}, {"f/link", "-> file"}, {"f/jail", "dir"}, {"f/roots", "file"},
}

// newWorld makes a tree and a victim for an attack by uid.
func newWorld(t testing.TB, uid int, program, attack string) *world {
	t.Helper()
	root, err := os.MkdirTemp("", "catbox-attack-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if root, err = catbox.Canonical(root, catbox.CanonicalOptions{Follow: true}); err != nil {
		t.Fatal(err)
	}
	w := &world{root: root, uid: uid, guest: program}
	all := layout
	if strings.HasPrefix(attack, "deny_") || strings.HasPrefix(attack, "pattern_") {
		all = append(all[:len(all):len(all)], [][2]string{{"a/sub", "dir"}, {"a/sub/secret", "dir"}, {"a/sub/secret/file", "file"}}...)
	}
	for _, e := range all {
		if err := w.make(e[0], e[1]); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	w.makeJail(t)
	if err := unix.Setxattr(w.path("f/marked"), "user.mark", []byte("1"), 0); err != nil {
		harness.Missing(t, "the directory for temporary files has no extended attributes: %v", err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(w.path("f/roots"), 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	w.ears = listen(t, w)
	w.victim = newVictim(t, w)
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.root, name) }

func (w *world) make(name, what string) error {
	path := w.path(name)
	var err error
	if to, ok := strings.CutPrefix(what, "-> "); ok {
		err = os.Symlink(to, path)
	} else if what == "dir" {
		err = os.Mkdir(path, 0o755)
	} else {
		err = os.WriteFile(path, []byte("content of "+name), 0o644)
	}
	if err != nil {
		return err
	}
	if err := os.Lchown(w.root, w.uid, w.uid); err != nil {
		return err
	}
	return os.Lchown(path, w.uid, w.uid)
}

// makeJail makes, below a directory that can become the root of a process, the
// same names again.
func (w *world) makeJail(t testing.TB) {
	t.Helper()
	jail := w.path("f/jail")
	if err := os.MkdirAll(jail+w.root+"/a", 0o755); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(jail, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, w.uid, w.uid)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot describes what is forbidden: names, types, modes, owners, links,
// times, attributes, flags and contents.
func (w *world) snapshot(t testing.TB) []string {
	t.Helper()
	var all []string
	for _, dir := range []string{"f", "a/sub/secret"} {
		err := filepath.WalkDir(w.path(dir), func(path string, _ fs.DirEntry, err error) error {
			if errors.Is(err, unix.ENAMETOOLONG) {
				all = append(all, "more that is too deep")
				return fs.SkipDir
			}
			if os.IsNotExist(err) && path == w.path(dir) {
				return nil
			}
			if err != nil {
				return err
			}
			line, err := describe(path)
			if errors.Is(err, unix.ENAMETOOLONG) {
				line, err = "too deep", fs.SkipDir
			}
			all = append(all, strings.TrimPrefix(path, w.root)+" "+line)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
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
		return line + fmt.Sprintf(" %.40q", text), err
	}
	return line, nil
}

// victim is a process outside of the run.
type victim struct {
	cmd  *exec.Cmd
	end  io.Closer
	out  *bufio.Reader
	pipe *os.File
}

// newVictim starts the victim; it holds descriptors that are worth having.
func newVictim(t testing.TB, w *world) *victim {
	t.Helper()
	cmd := exec.Command(guest(t), "victim", w.root, "0", "0")
	cmd.Dir = w.path("f")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL, Credential: credential(w.uid)}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	memory, err := unix.MemfdCreate("victim", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Fchown(memory, w.uid, w.uid); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(w.path("f/file"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(w.path("f"))
	if err != nil {
		t.Fatal(err)
	}
	r, p, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Chown(w.uid, w.uid); err != nil {
		t.Fatal(err)
	}
	memoryFile := os.NewFile(uintptr(memory), "memory")
	cmd.ExtraFiles = []*os.File{null, null, null, memoryFile, r, file, dir}
	end, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*os.File{null, memoryFile, r, file, dir} {
		_ = f.Close()
	}
	v := &victim{cmd: cmd, end: end, out: bufio.NewReader(out), pipe: p}
	if line, err := v.out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("victim: %q, %v", line, err)
	}
	return v
}

// report ends the victim and says what had become of it.
func (v *victim) report() string {
	_ = v.end.Close()
	text, _ := io.ReadAll(v.out)
	err := v.cmd.Wait()
	_ = v.pipe.Close()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(strings.TrimSuffix(string(text), "done\n"))
}

func credential(uid int) *syscall.Credential {
	if uid == os.Getuid() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
}
