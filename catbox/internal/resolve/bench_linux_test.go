package resolve

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

const benchTree = "home/ home/user/ home/user/src/ home/user/src/build/ home/user/src/build/f " +
	"home/user/src/l=build home/user/src/build/lf=f"

// benchPaths are the shapes of paths that builds write to.
func benchPaths(root string) []struct {
	name, path string
	plain      bool
} {
	return []struct {
		name, path string
		plain      bool
	}{
		{"bare", "f", true},
		{"bare missing", "x", true},
		{"relative", "../build/f", true},
		{"absolute", root + "/home/user/src/build/f", true},
		{"absolute missing", root + "/home/user/src/build/x", true},
		{"through link", "../l/f", false},
		{"last link", "lf", false},
	}
}

func benchRequest(path string, rd road) Request {
	return Request{Tgid: os.Getpid(), Tid: os.Getpid(), DirFD: unix.AT_FDCWD, Path: []byte(path), Follow: true, SameRoot: rd.same}
}

func BenchmarkResolve(b *testing.B) {
	root := plant(b, benchTree)
	b.Chdir(root + "/home/user/src/build")
	for _, rd := range roads() {
		if rd.name != "fast" && rd.name != "exact" {
			continue
		}
		r := rd.resolver(b)
		for _, bb := range benchPaths(root) {
			b.Run(rd.name+"/"+bb.name, func(b *testing.B) {
				b.ReportAllocs()
				req := benchRequest(bb.path, rd)
				var res Result
				for b.Loop() {
					if err := r.Resolve(&req, &res); err != nil || res.Kind != Named {
						b.Fatal(err, res.Errno)
					}
				}
			})
		}
	}
}

func BenchmarkResolveDescriptor(b *testing.B) {
	root := plant(b, "f")
	fd, err := unix.Open(root+"/f", unix.O_PATH, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer closefd(fd)
	r := roads()[0].resolver(b)
	req := Request{Tgid: os.Getpid(), Tid: os.Getpid(), DirFD: int32(fd), EmptyPath: true, SameRoot: true}
	var res Result
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Resolve(&req, &res); err != nil || res.Kind != Named {
			b.Fatal(err, res.Errno)
		}
	}
}

// TestAllocations holds the fast roads to none.
func TestAllocations(t *testing.T) {
	root := plant(t, benchTree)
	t.Chdir(root + "/home/user/src/build")
	rd := roads()[0]
	r := rd.resolver(t)
	for _, tt := range benchPaths(root) {
		t.Run(tt.name, func(t *testing.T) {
			req := benchRequest(tt.path, rd)
			var res Result
			allocs := testing.AllocsPerRun(100, func() {
				if err := r.Resolve(&req, &res); err != nil || res.Kind != Named {
					t.Fatal(err, res.Errno)
				}
			})
			if allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}
