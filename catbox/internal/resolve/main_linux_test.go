package resolve

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// traceeEnv makes the test binary play a tracee: it holds a setup as JSON.
const traceeEnv = "CATBOX_RESOLVE_TRACEE"

func TestMain(m *testing.M) {
	if spec := os.Getenv(traceeEnv); spec != "" {
		if err := playTracee([]byte(spec)); err != nil {
			fmt.Fprintln(os.Stderr, "tracee:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// setup is what a tracee does to itself, in this order.
type setup struct {
	Chroot string
	Proc   string   // mount a new procfs there; the process starts in a mount namespace of its own
	PidNS  bool     // start in a pid namespace of its own
	Chdir  string   // of the whole process
	Bind   string   // bind that directory to itself without following its links, likewise
	Open   []string // O_PATH|O_NOFOLLOW descriptors
	Memfd  bool     // one more descriptor: a memfd
	Temp   string   // one more: an O_TMPFILE in that directory
	Pipe   bool     // one more: a pipe
	Tree   string   // one more: a detached copy of the mount there
	Own    string   // working directory of the asking thread alone
	Remove string   // directory to remove
}

// birth is what a tracee says when it is ready.
type birth struct {
	Pid, Tid int
	FDs      []int
}

// question is a path that the tracee opens for itself.
type question struct {
	DirFD int
	Path  []byte
	Flags int
}

// reply is what its kernel answered. FD stays open until the next question.
type reply struct {
	Errno syscall.Errno
	FD    int
}

// playTracee runs on a thread of its own.
func playTracee(spec []byte) error {
	runtime.LockOSThread()
	var s setup
	if err := json.Unmarshal(spec, &s); err != nil {
		return err
	}
	fds, err := s.apply()
	if err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- s.serve(fds)
	}()
	return <-done
}

func (s *setup) apply() ([]int, error) {
	var fds []int
	if s.Proc != "" || s.Bind != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return nil, fmt.Errorf("make mounts private: %w", err)
		}
	}
	if s.Proc != "" {
		if err := unix.Mount("proc", s.Proc, "proc", 0, ""); err != nil {
			return nil, fmt.Errorf("mount proc: %w", err)
		}
	}
	if s.Bind != "" {
		if err := bindNoFollow(s.Bind); err != nil {
			return nil, err
		}
	}
	if s.Chroot != "" {
		if err := unix.Chroot(s.Chroot); err != nil {
			return nil, fmt.Errorf("chroot: %w", err)
		}
	}
	if s.Chdir != "" {
		if err := unix.Chdir(s.Chdir); err != nil {
			return nil, fmt.Errorf("chdir: %w", err)
		}
	}
	for _, p := range s.Open {
		fd, err := unix.Open(p, unix.O_PATH|unix.O_NOFOLLOW, 0)
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", p, err)
		}
		fds = append(fds, fd)
	}
	return s.applyNameless(fds)
}

// bindNoFollow mounts dir on itself and forbids to follow links there.
func bindNoFollow(dir string) error {
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("bind %s: %w", dir, err)
	}
	if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_NOSYMFOLLOW, ""); err != nil {
		return fmt.Errorf("remount %s: %w", dir, err)
	}
	return nil
}

func (s *setup) applyNameless(fds []int) ([]int, error) {
	if s.Memfd {
		fd, err := unix.MemfdCreate("x", 0)
		if err != nil {
			return nil, fmt.Errorf("memfd: %w", err)
		}
		fds = append(fds, fd)
	}
	if s.Temp != "" {
		fd, err := unix.Open(s.Temp, unix.O_TMPFILE|unix.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("tmpfile: %w", err)
		}
		fds = append(fds, fd)
	}
	if s.Pipe {
		var p [2]int
		if err := unix.Pipe(p[:]); err != nil {
			return nil, fmt.Errorf("pipe: %w", err)
		}
		fds = append(fds, p[0])
	}
	if s.Tree != "" {
		fd, err := unix.OpenTree(unix.AT_FDCWD, s.Tree, unix.OPEN_TREE_CLONE)
		if err != nil {
			return nil, fmt.Errorf("open_tree: %w", err)
		}
		fds = append(fds, fd)
	}
	if s.Remove != "" {
		if err := unix.Rmdir(s.Remove); err != nil {
			return nil, fmt.Errorf("rmdir: %w", err)
		}
	}
	return fds, nil
}

// serve answers questions from standard input until it ends.
func (s *setup) serve(fds []int) error {
	if s.Own != "" {
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		if err := unix.Chdir(s.Own); err != nil {
			return fmt.Errorf("chdir: %w", err)
		}
	}
	out, in := json.NewEncoder(os.Stdout), json.NewDecoder(bufio.NewReader(os.Stdin))
	if err := out.Encode(birth{os.Getpid(), unix.Gettid(), fds}); err != nil {
		return err
	}
	last := -1
	for {
		var q question
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if last >= 0 {
			closefd(last)
		}
		fd, e := openat(q.DirFD, append(q.Path, 0), q.Flags|unix.O_PATH|unix.O_CLOEXEC)
		if last = -1; e == 0 {
			last = fd
		}
		if err := out.Encode(reply{e, fd}); err != nil {
			return err
		}
	}
}

// tracee is a running tracee.
type tracee struct {
	birth
	in  *json.Encoder
	out *json.Decoder
}

// start starts a tracee that ends with the test.
func (s setup) start(t *testing.T) *tracee {
	t.Helper()
	spec, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), traceeEnv+"="+string(spec))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if s.Proc != "" || s.Bind != "" {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWNS
	}
	if s.PidNS {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWPID
	}
	in, err := cmd.StdinPipe()
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
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("tracee: %v", err)
		}
	})
	tr := &tracee{in: json.NewEncoder(in), out: json.NewDecoder(out)}
	if err := tr.out.Decode(&tr.birth); err != nil {
		t.Fatalf("tracee did not start: %v", err)
	}
	if s.PidNS {
		// Its own number is 1 for its first process, and its threads cannot tell ours.
		tr.Pid = cmd.Process.Pid
		tr.Tid = tr.threadOf(t, tr.Tid)
	}
	return tr
}

// threadOf returns our number of the thread that the tracee calls tid.
func (tr *tracee) threadOf(t *testing.T, tid int) int {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", tr.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", tr.Pid, task.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if all := statusNumbers(status, "NSpid"); all[len(all)-1] == tid {
			return all[0]
		}
	}
	t.Fatalf("no thread %d in process %d", tid, tr.Pid)
	return 0
}

// ask makes the tracee open a path and returns the errno and the identity of what
// it got.
func (tr *tracee) ask(t *testing.T, q question) (unix.Errno, unix.Stat_t) {
	t.Helper()
	var r reply
	if err := tr.in.Encode(q); err != nil {
		t.Fatal(err)
	}
	if err := tr.out.Decode(&r); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if r.Errno == 0 {
		if err := unix.Stat(fmt.Sprintf("/proc/%d/fd/%d", tr.Pid, r.FD), &st); err != nil {
			t.Fatal(err)
		}
	}
	return r.Errno, st
}

// plant makes a tree from one line: "a/" is a directory, "a/f" a file, "l=text" a
// link; "$" in a text is the root of the tree. It returns that root.
func plant(t testing.TB, tree string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range strings.Fields(tree) {
		name, text, link := strings.Cut(item, "=")
		path := filepath.Join(root, name)
		var err error
		switch {
		case link:
			err = os.Symlink(strings.ReplaceAll(text, "$", root), path)
		case strings.HasSuffix(name, "/"):
			err = os.Mkdir(path, 0o755)
		default:
			err = os.WriteFile(path, nil, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// road is a way to make the Resolver go: every test runs on all of them.
type road struct {
	name    string
	same    bool
	exact   bool
	openat2 bool
}

func roads() []road {
	return []road{
		{name: "fast", same: true, openat2: true},
		{name: "fast without openat2", same: true},
		{name: "exact, same root", same: true, exact: true, openat2: true},
		{name: "exact", openat2: true},
		{name: "exact without openat2"},
	}
}

// resolver returns a Resolver for the road, closed at the end of the test.
func (rd road) resolver(t testing.TB) *Resolver {
	t.Helper()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	r.ForceExact(rd.exact)
	if rd.openat2 && !r.openat2 {
		t.Fatal("openat2(2) does not work here")
	}
	r.openat2 = rd.openat2
	return r
}

// countFDs counts the open descriptors of the test.
func countFDs(t testing.TB) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
