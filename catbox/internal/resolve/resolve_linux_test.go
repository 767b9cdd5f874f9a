package resolve

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// seen is a Result without what depends on the machine; "$" is the tree.
type seen struct {
	Path, Name string
	Errno      string
	Kind       Kind
	Last       Last
	Slash      bool
	Exists     bool
	Type       uint32
}

func see(res *Result, root string) seen {
	s := seen{
		Path: string(res.Path), Name: string(res.Name), Kind: res.Kind, Last: res.Last,
		Slash: res.TrailingSlash, Exists: res.Exists, Type: res.Mode & unix.S_IFMT,
	}
	if s.Path == root || strings.HasPrefix(s.Path, root+"/") {
		s.Path = "$" + s.Path[len(root):]
	}
	if res.Errno != 0 {
		s.Errno = unix.ErrnoName(res.Errno)
	}
	return s
}

const (
	isDir  = unix.S_IFDIR
	isFile = unix.S_IFREG
	isLink = unix.S_IFLNK
)

func named(path string, typ uint32) seen {
	return seen{Path: path, Name: filepath.Base(path), Kind: Named, Last: LastNormal, Exists: true, Type: typ}
}

func missing(path string) seen {
	return seen{Path: path, Name: filepath.Base(path), Kind: Named, Last: LastNormal}
}

func failed(errno string) seen { return seen{Errno: errno, Last: LastNormal} }

func (s seen) ends(l Last) seen { s.Last, s.Name = l, ""; return s }
func (s seen) slashed() seen    { s.Slash = true; return s }

func TestResolve(t *testing.T) {
	const tree = "a/ a/b/ a/b/f f la=a lf=a/b/f lb=$/a/b dangling=a/new danglingdir=none/new " +
		"slashed=a/made/ loop=loop loop2=loop3 loop3=loop2 up=a/b/.. toroot=/ ldot=a/. lla=la"
	tests := []struct {
		name   string
		path   string
		follow bool
		entry  bool
		want   seen
	}{
		{"bare", "f", true, false, named("$/f", isFile)},
		{"absolute", "$/a/b/f", true, false, named("$/a/b/f", isFile)},
		{"many slashes", "$//a///b//f", true, false, named("$/a/b/f", isFile)},
		{"dots", "./a/./b/../b/f", true, false, named("$/a/b/f", isFile)},
		{"missing", "a/x", true, false, missing("$/a/x")},
		{"bare missing", "x", true, false, missing("$/x")},
		{"missing directory", "x/y", true, false, failed("ENOENT")},
		{"missing directory, dot", "x/.", true, false, failed("ENOENT").ends(LastDot)},
		{"file as directory", "f/y", true, false, failed("ENOTDIR")},
		{"file, dot", "f/.", true, false, failed("ENOTDIR").ends(LastDot)},
		{"file, dot dot", "f/..", true, false, failed("ENOTDIR").ends(LastDotDot)},
		{"file, slash", "f/", true, false, failed("ENOTDIR").slashed()},
		{"file, slash, entry", "f/", false, true, named("$/f", isFile).slashed()},
		{"directory, slash", "a/b/", true, false, named("$/a/b", isDir).slashed()},
		{"missing, slash", "a/x/", true, false, missing("$/a/x").slashed()},
		{"dot", ".", true, false, named("$", isDir).ends(LastDot)},
		{"dot at the end", "a/.", true, false, named("$/a", isDir).ends(LastDot)},
		{"dot dot at the end", "a/b/..", true, false, named("$/a", isDir).ends(LastDotDot)},
		{"dot dot, slash", "a/b/../", true, false, named("$/a", isDir).ends(LastDotDot).slashed()},
		{"root", "/", true, false, named("/", isDir).ends(LastRoot)},
		{"slashes", "///", true, false, named("/", isDir).ends(LastRoot)},
		{"above the root", "/../..", true, false, named("/", isDir).ends(LastDotDot)},
		{"link followed", "lf", true, false, named("$/a/b/f", isFile)},
		{"link not followed", "lf", false, false, named("$/lf", isLink)},
		{"link to directory", "la", true, false, named("$/a", isDir)},
		{"link to link", "lla", true, false, named("$/a", isDir)},
		{"link, slash", "la/", false, false, named("$/a", isDir).slashed()},
		{"link, slash, entry", "la/", false, true, named("$/la", isLink).slashed()},
		{"link to file, slash", "lf/", false, false, failed("ENOTDIR").slashed()},
		{"through link", "la/b/f", true, false, named("$/a/b/f", isFile)},
		{"through absolute link", "lb/f", true, false, named("$/a/b/f", isFile)},
		{"through link, missing", "la/b/x", true, false, missing("$/a/b/x")},
		{"through link, slash", "la/b/x/", true, false, missing("$/a/b/x").slashed()},
		{"dot dot after link", "lb/../b/f", true, false, named("$/a/b/f", isFile)},
		{"link with dot dot", "up/b/f", true, false, named("$/a/b/f", isFile)},
		{"link that ends in dot", "ldot", true, false, named("$/a", isDir).as("a")},
		{"link to the root", "toroot", true, false, named("/", isDir).as("")},
		{"through link to the root", "toroot$/f", true, false, named("$/f", isFile)},
		{"dangling", "dangling", true, false, missing("$/a/new")},
		{"dangling not followed", "dangling", false, false, named("$/dangling", isLink)},
		{"dangling, slash", "dangling/", false, false, missing("$/a/new").slashed()},
		{"dangling, directory missing", "danglingdir", true, false, failed("ENOENT")},
		{"dangling to a slash", "slashed", true, false, missing("$/a/made").slashed()},
		{"through dangling", "dangling/x", true, false, failed("ENOENT")},
		{"loop", "loop", true, false, failed("ELOOP")},
		{"loop not followed", "loop", false, false, named("$/loop", isLink)},
		{"through loop", "loop2/x", false, false, failed("ELOOP")},
		{"empty", "", true, false, seen{Errno: "ENOENT"}},
		{"long name", strings.Repeat("n", 256), true, false, failed("ENAMETOOLONG")},
		{"longest name", strings.Repeat("n", 255), true, false, missing("$/" + strings.Repeat("n", 255))},
		{"long path", "./" + strings.Repeat("/", 4093) + "f", true, false, failed("ENAMETOOLONG").none()},
		{"longest path", "./" + strings.Repeat("/", 4092) + "f", true, false, named("$/f", isFile)},
		{"newline", "a/x\ny", true, false, missing("$/a/x\ny")},
		{"no text", "a/\xff\xfe\x80", true, false, missing("$/a/\xff\xfe\x80")},
		{"called deleted", "a/x (deleted)", true, false, missing("$/a/x (deleted)")},
	}
	root := plant(t, tree)
	t.Chdir(root)
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for _, tt := range tests {
				t.Run(tt.name, func(t *testing.T) {
					req := Request{DirFD: unix.AT_FDCWD, Follow: tt.follow, Entry: tt.entry, SameRoot: rd.same,
						Path: []byte(strings.ReplaceAll(tt.path, "$", root))}
					var res Result
					if err := r.Resolve(&req, &res); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(tt.want, see(&res, root)); diff != "" {
						t.Errorf("Resolve(%.60q) (-want +got):\n%s", req.Path, diff)
					}
				})
			}
		})
	}
}

func (s seen) as(name string) seen { s.Name = name; return s }
func (s seen) none() seen          { s.Last = LastNone; return s }

func TestResolveMaxLinks(t *testing.T) {
	root := plant(t, "f")
	for i := range 41 {
		to := "f"
		if i > 0 {
			to = fmt.Sprintf("l%d", i)
		}
		if err := os.Symlink(to, filepath.Join(root, fmt.Sprintf("l%d", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	for _, rd := range roads() {
		t.Run(rd.name, func(t *testing.T) {
			r := rd.resolver(t)
			for path, want := range map[string]seen{"l40": named("$/f", isFile), "l41": failed("ELOOP")} {
				req := Request{DirFD: unix.AT_FDCWD, Path: []byte(path), Follow: true, SameRoot: rd.same}
				var res Result
				if err := r.Resolve(&req, &res); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, see(&res, root)); diff != "" {
					t.Errorf("Resolve(%q) (-want +got):\n%s", path, diff)
				}
			}
		})
	}
}

func TestResolveRefusesNUL(t *testing.T) {
	r := roads()[0].resolver(t)
	var res Result
	err := r.Resolve(&Request{DirFD: unix.AT_FDCWD, Path: []byte("a\x00b")}, &res)
	if diff := cmp.Diff("resolve: "+ErrNUL.Error(), fmt.Sprint(err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}
