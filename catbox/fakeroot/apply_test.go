package fakeroot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestApply compares a tree that is made in two steps with one that root makes at once.
func TestApply(t *testing.T) {
	needRoot(t)
	native, _ := plant(t, true)
	root, db := plant(t, false)
	for _, step := range []string{"first", "again"} {
		must(t, db.Apply(root, ApplyOptions{}))
		if diff := diffEntries(look(t, nil, native, UnknownReal), look(t, nil, root, UnknownReal)); diff != "" {
			t.Errorf("%s (-native +applied):\n%s", step, diff)
		}
	}
	var st [2]unix.Stat_t
	for i, name := range []string{"dev/sda", "dev/sda.link"} {
		must(t, unix.Lstat(filepath.Join(root, name), &st[i]))
	}
	if st[0].Ino != st[1].Ino || st[0].Nlink != 2 {
		t.Errorf("links of a device: inodes %d and %d, %d links", st[0].Ino, st[1].Ino, st[0].Nlink)
	}
}

// TestApplyUnknown gives the tree of a user to root.
func TestApplyUnknown(t *testing.T) {
	needRoot(t)
	for _, test := range []struct {
		unknown Unknown
		want    [2]uint32
	}{{UnknownRoot, [2]uint32{0, 0}}, {UnknownOwn, [2]uint32{1000, 1001}}, {UnknownReal, [2]uint32{1000, 1001}}} {
		t.Run(test.unknown.String(), func(t *testing.T) {
			root := t.TempDir()
			names := []string{root, writeFile(t, filepath.Join(root, "file"), ""), filepath.Join(root, "link")}
			must(t, os.Symlink("file", names[2]))
			must(t, unix.Setxattr(names[1], capability, netRaw, 0))
			must(t, unix.Chmod(names[1], 0o4755))
			for _, name := range names {
				must(t, os.Lchown(name, 1000, 1001))
			}
			must(t, unix.Setxattr(names[1], capability, netRaw, 0))
			must(t, unix.Chmod(names[1], 0o6755))
			want := look(t, nil, root, UnknownReal)
			for i := range want {
				want[i].UID, want[i].GID = test.want[0], test.want[1]
			}
			must(t, New().Apply(root, ApplyOptions{WalkOptions{Unknown: test.unknown}}))
			if diff := diffEntries(want, look(t, nil, root, UnknownReal)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestApplyKeepsOut looks at the tree after an error half-way.
func TestApplyKeepsOut(t *testing.T) {
	needRoot(t)
	root := t.TempDir()
	must(t, os.Chmod(root, 0o777))
	file := writeFile(t, filepath.Join(root, "b"), "")
	var st unix.Stat_t
	must(t, unix.Stat(file, &st))
	key := Key{st.Dev, st.Ino}
	db := database(&Record{Key: key, Has: HasMode | HasUID, UID: 5, Mode: unix.S_IFREG | 0o4755, Xattrs: map[string][]byte{capability: {0}}})
	err := db.Apply(root, ApplyOptions{})
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "set attribute security.capability "+file) {
		t.Errorf("error %v", err)
	}
	got := look(t, nil, root, UnknownReal)
	want := []Entry{{Path: ".", Mode: unix.S_IFDIR | 0o700}, {Path: "b", UID: 5, Mode: unix.S_IFREG | 0o600}}
	for i := range got {
		got[i].ModTime = want[i].ModTime
	}
	if diff := diffEntries(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestApplyAsUser: who may not is told what and where.
func TestApplyAsUser(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("needs an ordinary user, who may not change owners")
	}
	root, db := plant(t, false)
	err := db.Apply(root, ApplyOptions{})
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), root) {
		t.Errorf("error %v", err)
	}
	if diff := diffEntries(entries(), look(t, db, root, UnknownOwn)); diff != "" {
		t.Errorf("the tree has changed (-want +got):\n%s", diff)
	}
}
