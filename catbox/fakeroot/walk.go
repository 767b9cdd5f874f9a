package fakeroot

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// Find looks a path up and returns what is faked about the object, or nil. A link in the
// last component is not followed. A record of another object that had the same inode
// number before does not count.
func (db *DB) Find(name string) (*Record, error) {
	var st unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW, statxMask, &st); err != nil {
		return nil, &fs.PathError{Op: "find", Path: name, Err: err}
	}
	return db.find(&st), nil
}

func (db *DB) find(st *unix.Statx_t) *Record {
	if r := db.Get(keyOf(st)); r != nil && r.describes(uint32(st.Mode), birthOf(st)) {
		return r
	}
	return nil
}

// WalkOptions says how a tree is looked at. The zero value is good.
type WalkOptions struct {
	Unknown Unknown
	Seen    func(*Entry) // called for each entry first, unless it is nil
}

// Walk calls fn for a directory and everything below it, as root would have made it:
// each directory before what is in it, names in the order of their bytes. It reaches
// everything from the descriptor of root, so that it does not leave the tree, and
// follows no link but root itself. An error of fn ends it and is returned as it is.
//
// Errors have the path that they are about. Walk needs /proc.
func (db *DB) Walk(root string, opts WalkOptions, fn func(*Entry) error) error {
	w := db.walker(root, opts)
	w.enter = func(e *Entry, _ int) error { return fn(e) }
	w.leave = func(*Entry, int) error { return nil }
	return w.walk()
}

type walker struct {
	db     *DB
	root   string
	opts   WalkOptions
	caller uint32
	first  map[Key]string                   // paths of inodes with several links
	enter  func(e *Entry, parent int) error // with a descriptor of the directory that it is in, or -1
	leave  func(e *Entry, dir int) error    // of a directory, with a descriptor of it
}

func (db *DB) walker(root string, opts WalkOptions) *walker {
	return &walker{db: db, root: root, opts: opts, caller: uint32(os.Geteuid()), first: make(map[Key]string)}
}

// fail makes an error about a path of the tree.
func (w *walker) fail(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: filepath.Join(w.root, name), Err: err}
}

func (w *walker) walk() error {
	if err := unix.Access("/proc/self/fd", unix.X_OK); err != nil {
		return w.fail("look without /proc at", ".", err)
	}
	fd, err := unix.Open(w.root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return w.fail("open", ".", err)
	}
	return w.object(-1, fd, ".")
}

// object visits what fd stands for, and closes it.
func (w *walker) object(parent, fd int, name string) error {
	e, err := w.entry(fd, name)
	if err == nil {
		if w.opts.Seen != nil {
			w.opts.Seen(e)
		}
		err = w.enter(e, parent)
	}
	e.fd = -1
	if err != nil || !isDir(&e.real) {
		unix.Close(fd)
		return err
	}
	return w.directory(e, fd)
}

func isDir(st *unix.Statx_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFDIR }

// directory visits what is in a directory, with one open descriptor while it does.
func (w *walker) directory(e *Entry, fd int) error {
	dir, err := unix.Open(procName(fd), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	unix.Close(fd)
	if err != nil {
		return w.fail("open", e.Path, err)
	}
	file := os.NewFile(uintptr(dir), e.Path)
	defer file.Close()
	names, err := file.Readdirnames(-1)
	if err != nil {
		return w.fail("read directory", e.Path, bare(err))
	}
	slices.Sort(names)
	for _, name := range names {
		below := path.Join(e.Path, name)
		fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return w.fail("open", below, err)
		}
		if err := w.object(dir, fd, below); err != nil {
			return err
		}
	}
	return w.leave(e, dir)
}

// entry describes what fd stands for. It returns one with an error as well.
func (w *walker) entry(fd int, name string) (*Entry, error) {
	e := &Entry{Path: name, fd: fd}
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, statxMask, &e.real); err != nil {
		return e, w.fail("stat", name, err)
	}
	e.Record = w.db.find(&e.real)
	e.view(w.opts.Unknown, w.caller)
	if e.is(unix.S_IFLNK) {
		target, err := readlink(fd)
		if err != nil {
			return e, w.fail("read link", name, err)
		}
		e.Link = target
	}
	if e.real.Nlink > 1 && !isDir(&e.real) {
		if first, ok := w.first[keyOf(&e.real)]; ok {
			e.Hardlink = first
		} else {
			w.first[keyOf(&e.real)] = name
		}
	}
	var err error
	if e.Xattrs, err = readXattrs(procName(fd)); err != nil {
		return e, w.fail("read attributes", name, err)
	}
	for name, value := range e.Record.xattrs() {
		if e.Xattrs == nil {
			e.Xattrs = make(map[string][]byte)
		}
		e.Xattrs[name] = value
	}
	return e, nil
}

// readlink returns the target of the link that fd stands for.
func readlink(fd int) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buf)
	if err != nil {
		return "", err
	}
	if n == len(buf) {
		return "", fmt.Errorf("the target has %d bytes or more", n)
	}
	return string(buf[:n]), nil
}
