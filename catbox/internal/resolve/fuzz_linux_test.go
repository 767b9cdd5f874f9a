package resolve

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const fuzzTree = "a/ a/b/ a/b/f f up=.. la=a/b lf=a/b/f labs=$/a loop=loop one=two two=one " +
	"new=a/made deep=la/../b/made slash=a/b/ fslash=f/ none=no/where cwd=/proc/self/cwd " +
	"root=/proc/self/root thr=/proc/thread-self/cwd dot=. top=/ mounts=/proc/mounts "

// fuzzChain is a tree of links, one behind the other: c1 is as long a chain as the
// kernel follows, and c0 is one longer (path_resolution(7)).
func fuzzChain() string {
	tree := ""
	for i := range maxLinks {
		tree += fmt.Sprintf(" c%d=c%d", i, i+1)
	}
	return tree + fmt.Sprintf(" c%d=a", maxLinks)
}

// fuzzWords are what paths are made of; "$" is the tree.
func fuzzWords(root string, fd int) []string {
	return []string{"/", "/", "a", "b", "f", "up", "la", "lf", "labs", "loop", "one", "new", "deep", "slash",
		"fslash", "none", "cwd", "root", "thr", "dot", "top", "..", ".", "x", "x\ny\xff", root, "/proc/self",
		"/proc/thread-self", fmt.Sprintf("/dev/fd/%d", fd), fmt.Sprintf("/proc/self/task/../fd/%d", fd),
		"mounts", "//", "../", "made", "/proc/self/ns/net", "c0", "c1", "c2", "x (deleted)",
		strings.Repeat("n", 255), strings.Repeat("n", 256), strings.Repeat("./", 1000), strings.Repeat("a/../", 400)}
}

// FuzzResolve compares every road with the kernel: the errno and the object of an
// open, and the place where a missing file appears.
func FuzzResolve(f *testing.F) {
	root := plant(f, fuzzTree+fuzzChain())
	dir, err := unix.Open(root+"/a", unix.O_PATH, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { closefd(dir) })
	if err := os.Mkdir(root+"/gone", 0o755); err != nil {
		f.Fatal(err)
	}
	gone, err := unix.Open(root+"/gone", unix.O_PATH, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { closefd(gone) })
	if err := os.Remove(root + "/gone"); err != nil {
		f.Fatal(err)
	}
	words := fuzzWords(root, dir)
	for i := range words {
		f.Add([]byte{byte(i)}, byte(i))
		f.Add([]byte{byte(i), 0, 3}, byte(i/2))
		f.Add([]byte{2, 0, byte(i), 0}, byte(i/3))
		f.Add([]byte{byte(i), 0, byte(i)}, byte(8|i))
	}
	all := roads()
	resolvers := make([]*Resolver, len(all))
	for i, rd := range all {
		resolvers[i] = rd.resolver(f)
	}
	f.Fuzz(func(t *testing.T, seed []byte, how byte) {
		t.Chdir(root) // not before: findings are written below the working directory
		// "thread-self" means one thread for the resolver and for the kernel.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var path []byte
		for _, b := range seed {
			path = append(path, words[int(b)%len(words)]...)
		}
		if len(path) == 0 {
			return
		}
		req := Request{DirFD: unix.AT_FDCWD, Path: path, Follow: how&1 != 0, Entry: how&2 != 0}
		switch {
		case how&8 != 0:
			req.DirFD = int32(gone)
		case how&4 != 0:
			req.DirFD = int32(dir)
		}
		if req.Entry {
			req.Follow = false
		}
		for i, rd := range all {
			req.SameRoot = rd.same
			var res Result
			if err := resolvers[i].Resolve(&req, &res); err != nil {
				t.Fatalf("%s: Resolve(%q): %v", rd.name, path, err)
			}
			compareOpen(t, rd.name, root, &req, &res)
		}
		if n := countFDs(t); n > 64 {
			t.Fatalf("%d descriptors are open", n)
		}
	})
}

// compareOpen opens the path of req and compares what the kernel says with res.
func compareOpen(t *testing.T, how, root string, req *Request, res *Result) {
	t.Helper()
	path, flags := req.Path, unix.O_PATH|unix.O_CLOEXEC
	if !req.Follow {
		flags |= unix.O_NOFOLLOW
	}
	if trimmed := bytes.TrimRight(path, "/"); req.Entry && len(trimmed) > 0 && res.Last == LastNormal {
		path = trimmed
	}
	fd, e := openat(int(req.DirFD), append(bytes.Clone(path), 0), flags)
	if e == 0 {
		defer closefd(fd)
	}
	if want := res.Errno; e != want && (e != unix.ENOENT || want != 0 || res.Exists) {
		t.Fatalf("%s: Resolve(%q) gives %v (exists %v, %q), the kernel %v", how, req.Path, want, res.Exists, res.Path, e)
	}
	switch {
	case e == 0:
		compareObject(t, how, req, res, fd)
	case e == unix.ENOENT && (res.Errno != 0 || bytes.HasPrefix(res.Path, []byte(root+"/"))):
		compareCreation(t, how, req, res)
	}
}

// compareObject compares res with the open object fd.
func compareObject(t *testing.T, how string, req *Request, res *Result, fd int) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		t.Fatal(err)
	}
	if res.Kind == Unlinked {
		name = strings.TrimSuffix(name, deletedSuffix)
	}
	if st.Ino != res.Ino || st.Dev != res.Dev || st.Mode != res.Mode || name != string(res.Path) {
		t.Fatalf("%s: Resolve(%q) = %q, inode %d, mode %o; kernel %q, %d, %o",
			how, req.Path, res.Path, res.Ino, res.Mode, name, st.Ino, st.Mode)
	}
}

// compareCreation makes what is missing and looks where it has appeared.
func compareCreation(t *testing.T, how string, req *Request, res *Result) {
	t.Helper()
	path := string(req.Path)
	var err error
	remove := 0
	if req.Follow && !res.TrailingSlash {
		var fd int
		fd, err = unix.Openat(int(req.DirFD), path, unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
		if err == nil {
			unix.Close(fd)
		}
	} else if req.Entry {
		err = unix.Mkdirat(int(req.DirFD), path, 0o700)
		remove = unix.AT_REMOVEDIR
	} else {
		return // what a call without creation makes of it is all the same
	}
	if res.Errno != 0 {
		if !errors.Is(err, res.Errno) {
			t.Fatalf("%s: Resolve(%q) gives %v, creation %v", how, path, res.Errno, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: Resolve(%q) = %q, creation: %v", how, path, res.Path, err)
	}
	if err := unix.Unlinkat(unix.AT_FDCWD, string(res.Path), remove); err != nil {
		t.Fatalf("%s: Resolve(%q) = %q, but it was made elsewhere: %v", how, path, res.Path, err)
	}
}

// FuzzDecode reads texts of all kinds out of any bytes: two paths, the entries of
// a directory, and a status file of procfs with the name of a field.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("/a"), []byte("b/../c"))
	f.Add([]byte(""), []byte("../..//."))
	f.Add([]byte("ino 8 by"+"off 8 by"+"\x18\x00"+"\x04"+"name\x00"), []byte{})
	f.Add([]byte("Name:\tNSpid:\t1\nNSpid:\t10\t2\n"), []byte("NSpid"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		checkClean(t, appendClean(nil, a), b)
		checkSplit(t, a)
		checkDirents(t, a)
		for _, n := range statusNumbers(a, string(b)) {
			if !bytes.Contains(a, b) {
				t.Fatalf("number %d of a field %q that is not there", n, b)
			}
		}
	})
}

// checkClean checks that a path on a canonical base becomes canonical.
func checkClean(t *testing.T, base, path []byte) {
	t.Helper()
	got := appendClean(bytes.Clone(base), path)
	for _, name := range bytes.Split(got, []byte{'/'})[min(1, len(got)):] {
		if len(got) > 0 && (len(name) == 0 || isDot(name) || isDotDot(name)) {
			t.Fatalf("appendClean(%q, %q) = %q", base, path, got)
		}
	}
	if len(got) > 0 && got[0] != '/' {
		t.Fatalf("appendClean(%q, %q) = %q", base, path, got)
	}
}

// checkSplit checks that nothing of a path is lost when it is cut.
func checkSplit(t *testing.T, path []byte) {
	t.Helper()
	if len(path) == 0 {
		return
	}
	p := split(path)
	whole := append(bytes.Clone(p.dir), p.name...)
	if p.last != LastNormal {
		whole = p.dir
	}
	if trimmed := bytes.TrimRight(path, "/"); !bytes.HasPrefix(path, whole) || len(whole) < len(trimmed) {
		t.Fatalf("split(%q) = %q, %q", path, p.dir, p.name)
	}
	var names [][]byte
	for rest := path; len(rest) > 0; {
		var name []byte
		if name, rest, _ = cut(rest); len(name) > 0 {
			names = append(names, name)
		}
	}
	want := bytes.FieldsFunc(path, func(r rune) bool { return r == '/' })
	if !slices.EqualFunc(names, want, bytes.Equal) {
		t.Fatalf("%q is cut into %q", path, names)
	}
}

// checkDirents checks that each record of a directory takes some bytes, and that
// names end.
func checkDirents(t *testing.T, buf []byte) {
	t.Helper()
	for rest := buf; len(rest) > 0; {
		before := len(rest)
		var d dirent
		if d, rest = nextDirent(rest); len(rest) >= before || bytes.IndexByte(d.name, 0) >= 0 {
			t.Fatalf("nextDirent: %d of %d bytes left, name %q", len(rest), before, d.name)
		}
	}
}
