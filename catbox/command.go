package catbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
)

// Command is what to run; its fields mean what they mean in os/exec.
type Command struct {
	// Args is the program and its arguments. A program without a slash is
	// looked up in the PATH of Env.
	Args []string

	Dir string   // working directory; empty: that of the caller
	Env []string // nil: that of the caller

	// Stdin, Stdout and Stderr: nil is the null device, an *os.File is handed
	// over as it is, and anything else is copied through a pipe.
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	// ExtraFiles become descriptors 3, 4, ... of the program. It gets no other.
	ExtraFiles []*os.File

	// SysProcAttr sets credentials, session and the like. Ptrace and Pdeathsig
	// are ignored.
	SysProcAttr *syscall.SysProcAttr
}

// byRoot reports whether the command is run by root.
func (c *Command) byRoot() bool {
	if c.SysProcAttr != nil && c.SysProcAttr.Credential != nil {
		return c.SysProcAttr.Credential.Uid == 0
	}
	return os.Geteuid() == 0
}

// ErrNotFound is the error for a program that does not exist; one that exists
// and cannot be executed is an fs.ErrPermission or another errno.
var ErrNotFound = errors.New("program not found")

// lookPath returns the file that args[0] means, relative to the directory.
func (c *Command) lookPath(env []string) (string, error) {
	if len(c.Args) == 0 || c.Args[0] == "" {
		return "", errors.New("no program given")
	}
	name := c.Args[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	var denied error
	for _, dir := range filepath.SplitList(getenv(env, "PATH")) {
		if dir == "" {
			dir = "."
		}
		file := dir + "/" + name
		at := file
		if !filepath.IsAbs(file) {
			at = filepath.Join(c.Dir, file)
		}
		switch err := executable(at); {
		case err == nil:
			return file, nil
		case errors.Is(err, fs.ErrPermission):
			denied = &fs.PathError{Op: "execute", Path: file, Err: unix.EACCES}
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", fmt.Errorf("%s: %w in PATH", Printable(name), ErrNotFound)
}

func executable(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return fs.ErrPermission
	}
	return unix.Faccessat(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS)
}

// getenv returns the last value of a variable, which is the one that counts.
func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// streams connects the standard streams of one run.
type streams struct {
	files  []*os.File // descriptors 0, 1, 2, ...
	opened []*os.File // those of them that are ours
	copies sync.WaitGroup
	mu     sync.Mutex
	err    error
}

// connect opens what the command needs. Call finish when its tree has ended.
func (c *Command) connect() (*streams, error) {
	s := &streams{}
	err := s.input(c.Stdin)
	if err == nil {
		err = s.output(c.Stdout)
	}
	if err == nil && c.Stderr != nil && sameWriter(c.Stderr, c.Stdout) {
		s.files = append(s.files, s.files[1])
	} else if err == nil {
		err = s.output(c.Stderr)
	}
	if err != nil {
		_ = s.finish()
		return nil, err
	}
	s.files = append(s.files, c.ExtraFiles...)
	return s, nil
}

// sameWriter reports whether two writers are the same, without panicking on
// types that cannot be compared.
func sameWriter(a, b io.Writer) (same bool) {
	defer func() { _ = recover() }()
	return a == b
}

func (s *streams) input(r io.Reader) error {
	if f, ok := r.(*os.File); ok {
		s.files = append(s.files, f)
		return nil
	}
	if r == nil {
		return s.null(os.O_RDONLY)
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("stdin: %w", err)
	}
	s.files, s.opened = append(s.files, pr), append(s.opened, pr)
	// Not waited for: a reader that never ends must not hold up the run. A
	// blocked write ends when the read end is closed.
	go func() {
		_, _ = io.Copy(pw, r)
		_ = pw.Close()
	}()
	return nil
}

func (s *streams) output(w io.Writer) error {
	if f, ok := w.(*os.File); ok {
		s.files = append(s.files, f)
		return nil
	}
	if w == nil {
		return s.null(os.O_WRONLY)
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	s.files, s.opened = append(s.files, pw), append(s.opened, pw)
	s.copies.Go(func() {
		_, err := io.Copy(w, pr)
		_ = pr.Close() // a writer that failed: the program gets SIGPIPE
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.err == nil && err != nil {
			s.err = fmt.Errorf("copy output: %w", err)
		}
	})
	return nil
}

func (s *streams) null(flag int) error {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err != nil {
		return err
	}
	s.files, s.opened = append(s.files, f), append(s.opened, f)
	return nil
}

// descriptors returns what the child gets.
func (s *streams) descriptors() []uintptr {
	fds := make([]uintptr, len(s.files))
	for i, f := range s.files {
		fds[i] = f.Fd()
	}
	return fds
}

// finish closes the ends of the command, waits for the rest of its output to be
// copied and returns the first error of that.
func (s *streams) finish() error {
	s.abandon()
	s.copies.Wait()
	return s.err
}

// abandon closes the ends of the command, and leaves the rest to the end of its
// tree.
func (s *streams) abandon() {
	for _, f := range s.opened {
		_ = f.Close()
	}
}

// tracerCommand fills in what the tracer needs.
func (c *Command) tracerCommand(s *streams) (*tracer.Command, error) {
	env := c.Env
	if env == nil {
		env = os.Environ()
	}
	path, err := c.lookPath(env)
	if err != nil {
		return nil, err
	}
	if c.Dir != "" { // the first of two equal names is what getenv(3) finds
		env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "PWD=") })
		env = append(env, "PWD="+c.Dir)
	}
	return &tracer.Command{Path: path, Args: c.Args, Env: env, Dir: c.Dir,
		Files: s.descriptors(), SysProcAttr: c.SysProcAttr}, nil
}
