package resolve

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// dig makes levels directories in one another and goes into the last. The name
// of that directory is returned.
func dig(t *testing.T, root, name string, levels int) string {
	t.Helper()
	t.Chdir(root)
	for range levels {
		if err := unix.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Chdir(name); err != nil {
			t.Fatal(err)
		}
	}
	// A tree this deep is removed from inside.
	t.Cleanup(func() {
		for range levels {
			if err := unix.Chdir(".."); err != nil {
				t.Error(err)
			}
			if err := os.RemoveAll(name); err != nil {
				t.Error(err)
			}
		}
	})
	return root + strings.Repeat("/"+name, levels)
}

// TestDeep stands below PATH_MAX, where the kernel has no name to give.
func TestDeep(t *testing.T) {
	root := plant(t, "top/")
	deep := dig(t, root, strings.Repeat("d", 100), 60)
	for path, text := range map[string]string{"f": "", "l": "f", "sub": "/"} {
		var err error
		switch text {
		case "":
			err = os.WriteFile(path, nil, 0o644)
		case "/":
			err = os.Mkdir(path, 0o755)
		default:
			err = os.Symlink(text, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	defer os.RemoveAll("sub")
	file, err := unix.Open("f", unix.O_PATH, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer closefd(file)
	tests := []struct {
		name  string
		dirfd int32
		path  string
		want  seen
	}{
		{"file", unix.AT_FDCWD, "f", named(deep+"/f", isFile)},
		{"missing", unix.AT_FDCWD, "x", missing(deep + "/x")},
		{"directory", unix.AT_FDCWD, "sub", named(deep+"/sub", isDir)},
		{"link", unix.AT_FDCWD, "l", named(deep+"/f", isFile)},
		{"dot", unix.AT_FDCWD, ".", named(deep, isDir).ends(LastDot)},
		{"dot dot", unix.AT_FDCWD, "sub/..", named(deep, isDir).ends(LastDotDot)},
		{"back to a short name", unix.AT_FDCWD, strings.Repeat("../", 60) + "top/x", missing("$/top/x")},
		{"magic link to the directory", unix.AT_FDCWD, "/proc/self/cwd/x", missing(deep + "/x")},
		{"absolute and too long", unix.AT_FDCWD, deep, failed("ENAMETOOLONG").none()},
		{"file without a directory", int32(file), "", seen{Exists: true, Type: isFile}},
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			before := countFDs(t)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					req := Request{DirFD: tt.dirfd, Path: []byte(tt.path), Follow: true, EmptyPath: true, SameRoot: rd.same}
					var res Result
					if err := r.Resolve(&req, &res); err != nil {
						t.Fatal(err)
					}
					got := see(&res, root)
					if tt.want.Path != "" && strings.HasPrefix(tt.want.Path, root) {
						tt.want.Path = "$" + tt.want.Path[len(root):]
					}
					if diff := cmp.Diff(tt.want, got); diff != "" {
						t.Errorf("Resolve(%.40q) (-want +got):\n%s", tt.path, diff)
					}
				})
			}
			if after := countFDs(t); after != before {
				t.Errorf("open descriptors: %d before, %d after", before, after)
			}
		})
	}
}

// TestLongCwd joins a working directory and a path that are short enough alone.
func TestLongCwd(t *testing.T) {
	root := plant(t, "")
	dir := dig(t, root, strings.Repeat("d", 200), 19)
	sub := strings.Repeat("s", 250)
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			req := Request{DirFD: unix.AT_FDCWD, Path: []byte(sub + "/" + sub), SameRoot: rd.same}
			var res Result
			if err := rd.resolver(t).Resolve(&req, &res); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(dir+"/"+sub+"/"+sub, string(res.Path)); diff != "" || res.Errno != 0 {
				t.Errorf("Resolve: errno %v, path (-want +got):\n%s", res.Errno, diff)
			}
		})
	}
}

// TestOrdinaryUser runs the tests of this package again without privileges, and
// TestPermissions with them.
func TestOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "resolve")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "test")
	if err := os.WriteFile(path, exe, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Dir = dir
	cmd.Env = []string{"TMPDIR=" + dir, "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
}

func TestPermissions(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may search every directory")
	}
	root := plant(t, "closed/ closed/in/ closed/in/f l=closed/in/f mute/ mute/f")
	in, err := unix.Open(root+"/closed/in", unix.O_PATH, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer closefd(in)
	for dir, mode := range map[string]os.FileMode{"closed": 0o600, "mute": 0o300} {
		if err := os.Chmod(filepath.Join(root, dir), mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Chmod(filepath.Join(root, dir), 0o700); err != nil {
				t.Error(err)
			}
		})
	}
	t.Chdir(root)
	tests := []struct {
		name  string
		dirfd int32
		path  string
		want  seen
	}{
		{"in a closed directory", unix.AT_FDCWD, "closed/in", failed("EACCES")},
		{"missing in a closed directory", unix.AT_FDCWD, "closed/x", failed("EACCES")},
		{"dot in a closed directory", unix.AT_FDCWD, "closed/.", failed("EACCES").ends(LastDot)},
		{"dot dot in a closed directory", unix.AT_FDCWD, "closed/..", failed("EACCES").ends(LastDotDot)},
		{"closed directory", unix.AT_FDCWD, "closed/", named("$/closed", isDir).slashed()},
		{"through a link", unix.AT_FDCWD, "l", failed("EACCES")},
		{"unreadable directory", unix.AT_FDCWD, "mute/f", named("$/mute/f", isFile)},
		{"from a descriptor below", int32(in), "f", named("$/closed/in/f", isFile)},
		{"of another user", unix.AT_FDCWD, "/proc/1/cwd/x", failed("EACCES")},
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for _, tt := range tests {
				if int(tt.dirfd) == in && !rd.same {
					continue // without the promise, a name that cannot be looked at is none
				}
				t.Run(tt.name, func(t *testing.T) {
					req := Request{DirFD: tt.dirfd, Path: []byte(tt.path), Follow: true, SameRoot: rd.same}
					var res Result
					if err := r.Resolve(&req, &res); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(tt.want, see(&res, root)); diff != "" {
						t.Errorf("Resolve(%q) (-want +got):\n%s", tt.path, diff)
					}
				})
			}
		})
	}
}

// TestNotReadable asks for a process that the caller may not look into.
func TestNotReadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may look into every process")
	}
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			var res Result
			req := Request{Tgid: 1, Tid: 1, DirFD: unix.AT_FDCWD, Path: []byte("x"), SameRoot: rd.same}
			if err := rd.resolver(t).Resolve(&req, &res); err == nil {
				t.Errorf("Resolve gives %q", res.Path)
			}
		})
	}
}
