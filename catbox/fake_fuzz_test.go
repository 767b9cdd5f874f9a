package catbox

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// FuzzFake shows the handler of faked ownership calls with any arguments over any
// memory, at their entry and with any result at their end, for programs that are
// root and that are not any more. Nothing panics, and nothing outside of what is
// allowed changes.
func FuzzFake(f *testing.F) {
	entries := slices.DeleteFunc(slices.Collect(sysent.Entries()), func(e *sysent.Entry) bool { return len(e.Fake()) == 0 })
	arches := sysent.Arches()
	tree := newGuestTree(f)
	c := newTestConfiner(f, &Sandbox{Paths: []string{tree.root + "/in"}, DenyPaths: []string{tree.root + "/in/secret"},
		Fakeroot: FakerootFull, FakeStatus: true})
	for i, e := range entries {
		for j, paths := range guestPaths {
			args, arch := guestArgs(e, 0, j), (i+j)%len(arches)
			f.Add(uint16(i), uint8(arch), uint32(j%3), int64(j*40), args[0], args[1], args[2], args[3], args[4], args[5],
				guestMemory(arches[arch], paths[0], paths[1], ""))
		}
	}
	p := tracer.NewProcess(os.Getpid(), nil, "fuzz")
	f.Fuzz(func(t *testing.T, which uint16, arch uint8, uid uint32, value int64, a, b, d, e, g, h uint64, mem []byte) {
		t.Chdir(tree.root)
		fake := c.fake
		args, abi := [6]uint64{a, b, d, e, g, h}, arches[int(arch)%len(arches)]
		who, _ := fake.root.SetResUID(int(uid), int(uid), int(uid))
		fake.become(p, who)
		prepareFake(t, fake, tree.root)
		s := tracer.NewStop(p, abi, entries[int(which)%len(entries)], args, guestBase, mem)
		fake.enter(s)
		s.Value = value
		fake.exit(s)
		for path, before := range tree.outside {
			if diff := cmp.Diff(before, tree.describe(t, path)); diff != "" {
				t.Fatalf("%s with arguments %#x has changed %s (-want +got):\n%s", s.Call.Name, args, path, diff)
			}
		}
		for key := range fake.creds {
			delete(fake.creds, key)
		}
	})
}

// prepareFake records something about each file of the tree, so that calls find
// records of every kind.
func prepareFake(t *testing.T, f *faker, root string) {
	t.Helper()
	for r := range f.db.All() {
		f.count(r, -1)
		f.db.Remove(r.Key)
	}
	entries, err := os.ReadDir(root + "/in")
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range entries {
		var st unix.Stat_t
		if unix.Lstat(root+"/in/"+entry.Name(), &st) != nil {
			continue
		}
		r := &fakeroot.Record{Key: keyOf(&st), Has: fakeroot.HasUID | fakeroot.HasGID | fakeroot.HasMode, UID: 5, GID: 6,
			Mode: st.Mode | unix.S_ISGID, Xattrs: map[string][]byte{"trusted.fuzz": []byte("value"), capabilityXattr: make([]byte, 20)}}
		if i%2 == 0 && st.Mode&unix.S_IFMT == unix.S_IFREG {
			r.Mode, r.Rdev = unix.S_IFCHR|0o600, 259
		}
		f.db.Put(r)
		f.count(r, 1)
	}
}
