package resolve

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	pathMax  = 4096 // PATH_MAX of <linux/limits.h>, with the NUL
	maxLinks = 40   // path_resolution(7)
)

// pathFlags opens an object as a mere place in the tree (open(2), O_PATH).
const pathFlags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC

var (
	// ErrNUL reports a path that holds a NUL byte, which no system call can pass.
	ErrNUL = errors.New("path holds a NUL byte")
	// ErrNoProc reports a /proc that is not the procfs of the caller's own pid
	// namespace, or not mounted.
	ErrNoProc = errors.New("/proc is not the procfs of this pid namespace")
)

// Kind says what the name of an object is worth. The zero value is the strictest.
type Kind uint8

const (
	// Unreachable is an object that exists, but under no name that holds from the
	// caller's root: outside of it, in a detached mount, or hidden by another
	// mount. Path is nil: the text that the kernel has for it may name another object.
	Unreachable Kind = iota
	// Named is an object that Path names.
	Named
	// Anonymous is an object outside of every tree: a pipe, socket, memfd, anonymous
	// inode or namespace. Path is the kernel's text, such as "pipe:[77]".
	Anonymous
	// Unlinked is an object that has lost its name or never had one (O_TMPFILE);
	// Path is its last known or its would-be name, or nil.
	Unlinked
)

// String returns the name of k in lower case.
func (k Kind) String() string {
	switch k {
	case Unreachable:
		return "unreachable"
	case Named:
		return "named"
	case Anonymous:
		return "anonymous"
	case Unlinked:
		return "unlinked"
	}
	return "unknown"
}

// Request is a path and whose it is.
type Request struct {
	// Tgid and Tid are the process and the thread, as the pid namespace of the
	// caller numbers them. A Tid of 0 is the calling thread (a goroutine that cares
	// which one is locked to it); a Tgid of 0 is looked up when it is needed.
	Tgid, Tid int
	// DirFD is unix.AT_FDCWD or a descriptor of the tracee.
	DirFD int32
	// Path is the path as passed, without its NUL.
	Path []byte
	// Follow follows a symbolic link in the last component.
	Follow bool
	// Entry is for calls that act on a directory entry (mkdir, mknod, unlink, rmdir,
	// symlink, rename, the new name of link): the last component is not followed
	// even if a slash stands behind it, and it need not be a directory then.
	Entry bool
	// EmptyPath lets an empty path name DirFD itself, or the working directory:
	// AT_EMPTY_PATH, or a call on a descriptor.
	EmptyPath bool
	// SameRoot is the caller's promise that the tracee has the caller's root and
	// mount namespace and stands in no mount that is detached or hidden by another.
	// It permits the fast roads.
	SameRoot bool
}

// Result is where a path leads.
type Result struct {
	// Path is the canonical absolute path, from the root of the caller: of the object,
	// or, if only the last component is missing, of what would be created. It is nil
	// when Errno is not 0 or Kind is Unreachable, and lives in a buffer of the Resolver until the next call.
	Path []byte
	// Name is the last component of Path if the path as written ends in a normal name.
	Name []byte
	// Errno is what the kernel's walk ends with, or 0. The absence of the last
	// component alone is no error; in a deleted directory it is ENOENT.
	Errno unix.Errno
	// Kind tells how Path is to be taken.
	Kind Kind
	// Last is what the last component is, as written.
	Last Last
	// TrailingSlash reports a slash behind the last component, as written or, if it is
	// missing, in the text of the link that leads to it.
	TrailingSlash bool
	// Exists reports that the object exists. The four fields below are filled then.
	Exists bool
	// Mode is st_mode: type and permission bits.
	Mode uint32
	// Dev, Ino and Nlink are st_dev, st_ino and st_nlink.
	Dev, Ino, Nlink uint64
}

// Resolver resolves paths with reused buffers. It holds three descriptors. It is
// not safe for concurrent use.
type Resolver struct {
	proc    int    // O_PATH of /proc
	fds     int    // O_PATH of /proc/self/fd
	root    int    // O_PATH of /
	procDev uint64 // st_dev of /proc
	rootDev uint64 // st_dev of /
	exact   bool   // never take a fast road
	openat2 bool   // openat2(2) works

	key  []byte // path below /proc
	full []byte // base and path, for the kernel; base ends at baseEnd
	path []byte // answer
	comp []byte // one component
	rest []byte // what is left of the walk
	next []byte // the other buffer of rest
	text []byte // what readlinkat(2) gave

	baseEnd int
}

// New returns a Resolver. It finds out whether openat2(2) (Linux 5.6) works; some
// container profiles refuse it. New fails with ErrNoProc, or with the error of
// opening /proc or the root.
func New() (*Resolver, error) {
	r := &Resolver{proc: -1, fds: -1, root: -1, text: make([]byte, pathMax)}
	for _, o := range []struct {
		fd   *int
		path string
	}{{&r.proc, "/proc"}, {&r.fds, "/proc/self/fd"}, {&r.root, "/"}} {
		fd, err := unix.Open(o.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) {
			r.Close()
			return nil, ErrNoProc
		}
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("open %s: %w", o.path, err)
		}
		*o.fd = fd
	}
	if err := r.checkProc(); err != nil {
		r.Close()
		return nil, err
	}
	if fd, e := openat2(r.root, []byte(".\x00"), pathFlags, unix.RESOLVE_NO_SYMLINKS); e == 0 {
		closefd(fd)
		r.openat2 = true
	}
	return r, nil
}

// checkProc makes sure that numbers below /proc are the caller's numbers.
func (r *Resolver) checkProc() error {
	var fs unix.Statfs_t
	var st unix.Stat_t
	if err := unix.Fstatfs(r.proc, &fs); err != nil {
		return fmt.Errorf("statfs /proc: %w", err)
	}
	if err := unix.Fstat(r.root, &st); err != nil {
		return fmt.Errorf("stat /: %w", err)
	}
	r.rootDev = st.Dev
	if err := unix.Fstat(r.proc, &st); err != nil {
		return fmt.Errorf("stat /proc: %w", err)
	}
	r.procDev = st.Dev
	n, e := readlinkat(r.proc, []byte("self\x00"), r.text)
	if fs.Type != unix.PROC_SUPER_MAGIC || e != 0 || string(r.text[:n]) != strconv.Itoa(os.Getpid()) {
		return ErrNoProc
	}
	var stx unix.Statx_t
	if e := statx(r.root, empty, unix.AT_EMPTY_PATH, &stx); e != 0 {
		return fmt.Errorf("statx(2), which tells mounts apart, is refused here: %w", e)
	}
	return nil
}

// Close releases the descriptors. The Resolver is of no use afterwards.
func (r *Resolver) Close() {
	for _, fd := range []*int{&r.proc, &r.fds, &r.root} {
		if *fd >= 0 {
			closefd(*fd)
			*fd = -1
		}
	}
}

// ForceExact switches the fast roads off, or on again.
func (r *Resolver) ForceExact(exact bool) { r.exact = exact }

// Resolve fills res. What the kernel's walk would answer is a result, in
// res.Errno; an error is a failure to look: a thread that is gone (ESRCH), a
// /proc/TID that may not be read, no descriptors left. Whoever guards something
// must refuse the call then.
//
// Nothing in req is kept. With SameRoot, a path without symbolic links whose
// directory exists costs no allocation.
func (r *Resolver) Resolve(req *Request, res *Result) error {
	*res = Result{}
	if done, err := r.check(req, res); done {
		return err
	}
	if req.SameRoot && !r.exact {
		var p parts
		if len(req.Path) > 0 {
			p = split(req.Path)
		}
		if r.fast(req, p, res) {
			r.finish(res)
			return nil
		}
	}
	w := newWalk(r, req, res)
	defer w.close()
	return r.exactly(&w, res)
}

// check answers what needs no look at the tree; done is set then. Otherwise it
// fills in what the text alone says.
func (r *Resolver) check(req *Request, res *Result) (done bool, err error) {
	switch {
	case hasNUL(req.Path):
		return true, fmt.Errorf("resolve: %w", ErrNUL)
	case len(req.Path) >= pathMax:
		res.Errno = unix.ENAMETOOLONG
		return true, nil
	case len(req.Path) == 0 && !req.EmptyPath:
		res.Errno = unix.ENOENT
		return true, nil
	case len(req.Path) > 0:
		p := split(req.Path)
		res.Last, res.TrailingSlash = p.last, p.slash
	}
	return false, nil
}

func newWalk(r *Resolver, req *Request, res *Result) walk {
	return walk{r: r, req: req, cur: -1, root: -1, obj: -1, slash: res.TrailingSlash}
}

// exactly takes the exact road.
func (r *Resolver) exactly(w *walk, res *Result) error {
	*res = Result{Last: res.Last, TrailingSlash: res.TrailingSlash}
	err := w.run(res)
	if err == nil {
		r.finish(res)
		return nil
	}
	if a := answer(0); errors.As(err, &a) {
		*res = Result{Errno: unix.Errno(a), Last: res.Last, TrailingSlash: res.TrailingSlash}
		return nil
	}
	*res = Result{}
	return fmt.Errorf("resolve %q: %w", w.req.Path, err)
}

// finish fills in what follows from the path.
func (r *Resolver) finish(res *Result) {
	if res.Last == LastNormal && len(res.Path) > 0 && res.Path[0] == '/' {
		res.Name = res.Path[lastSlash(res.Path)+1:]
	}
}

// fill copies what stat(2) knows.
func (res *Result) fill(st *unix.Stat_t) {
	res.Exists, res.Mode = true, st.Mode
	res.Dev, res.Ino = st.Dev, st.Ino
	res.Nlink = uint64(st.Nlink) //nolint:unconvert // 32 bits on arm64
}

// tid returns the thread of req.
func (req *Request) tid() int {
	if req.Tid == 0 {
		return unix.Gettid()
	}
	return req.Tid
}

// procKey returns "TID/what" with its NUL, below /proc.
func (r *Resolver) procKey(tid int, what string) []byte {
	r.key = strconv.AppendInt(r.key[:0], int64(tid), 10)
	r.key = append(append(r.key, '/'), what...)
	r.key = append(r.key, 0)
	return r.key
}

// baseKey returns the magic link that req's relative paths start from, below
// /proc, with its NUL.
func (r *Resolver) baseKey(req *Request) []byte {
	if req.DirFD == unix.AT_FDCWD {
		return r.procKey(req.tid(), "cwd")
	}
	k := r.procKey(req.tid(), "fd/")
	r.key = append(strconv.AppendInt(k[:len(k)-1], int64(req.DirFD), 10), 0)
	return r.key
}

// cstr returns name with a NUL behind it, in the buffer for one component.
func (r *Resolver) cstr(name []byte) []byte {
	r.comp = append(append(r.comp[:0], name...), 0)
	return r.comp
}
