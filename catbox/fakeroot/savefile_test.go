package fakeroot

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// TestFakerootLines holds the form of the lines, and how records are completed.
func TestFakerootLines(t *testing.T) {
	dir := t.TempDir()
	key := func(name string) Key {
		var st unix.Stat_t
		must(t, unix.Lstat(filepath.Join(dir, name), &st))
		return Key{st.Dev, st.Ino}
	}
	file := writeFile(t, filepath.Join(dir, "file"), "")
	must(t, os.Chmod(file, 0o640))
	must(t, os.Link(file, filepath.Join(dir, "link")))
	other := writeFile(t, filepath.Join(dir, "other"), "")
	must(t, os.Chmod(other, 0o644))
	db := database(
		&Record{Key: Key{0xfe00, 1}, Has: HasUID | HasGID | HasMode, UID: 3, GID: 4, Mode: unix.S_IFREG | 0o4755},
		&Record{Key: Key{0xfe00, 2}, Has: HasMode, Mode: unix.S_IFCHR | 0o644, Rdev: unix.Mkdev(5, 1), Xattrs: map[string][]byte{"trusted.x": {}}},
		&Record{Key: Key{0xfe00, 3}, Has: HasUID, UID: 3},                          // no path
		&Record{Key: Key{0xfe00, 4}, Has: HasUID, UID: 3, Path: file},              // another inode's path
		&Record{Key: Key{0xfe00, 5}, Has: HasUID, UID: 3, Path: file + ".missing"}, // nothing's path
	)
	var b bytes.Buffer
	must(t, db.WriteFakeroot(&b))
	want := "dev=fe00,ino=1,mode=104755,uid=3,gid=4,nlink=1,rdev=0\n" +
		"dev=fe00,ino=2,mode=20644,uid=0,gid=0,nlink=1,rdev=1281\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Loss{Xattrs: 1, Records: 3}, db.FakerootLoss()); diff != "" {
		t.Errorf("loss (-want +got):\n%s", diff)
	}

	db = database(&Record{Key: key("file"), Has: HasUID, UID: 3, Path: file}, &Record{Key: key("other"), Path: other})
	b.Reset()
	must(t, db.WriteFakeroot(&b))
	saved, err := Read(&b)
	must(t, err)
	whole := HasUID | HasGID | HasMode
	completed := database(
		&Record{Key: key("file"), Has: whole, UID: 3, Mode: unix.S_IFREG | 0o640},
		&Record{Key: key("other"), Has: whole, Mode: unix.S_IFREG | 0o644},
	)
	if diff := cmp.Diff(records(completed), records(saved)); diff != "" {
		t.Errorf("completed (-want +got):\n%s", diff)
	}
}

// TestFakeroot hands files to fakeroot(1) and takes them from it.
func TestFakeroot(t *testing.T) {
	program := harness.Need(t, "fakeroot", "fakeroot")
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	under := func(script string, args ...string) string {
		t.Helper()
		cmd := exec.Command(program, append(args, "--", "sh", "-c", script)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
		return string(out)
	}
	const list = "stat -c '%n %f %u:%g %t:%T' tree tree/* | sort"
	want := under(`umask 022; mkdir tree; cd tree; echo >file; chown 3:4 file; chmod 4755 file; ln file hard
		mknod null c 1 3; mknod disk b 259 70000; chgrp 6 disk; mkdir tmp; chmod 1777 tmp; ln -s file link; chown -h 7:8 link
		mkfifo fifo; chown 9:10 fifo; cd ..; `+list, "-s", state)
	if !strings.Contains(want, "tree/null 21a4 0:0 1:3\n") || !strings.Contains(want, "tree/hard 89ed 3:4 0:0\n") {
		t.Fatalf("fakeroot itself says:\n%s", want)
	}

	// What it saved is read, seen in the tree, and written as it was.
	db, err := Load(state)
	must(t, err)
	var b, tree bytes.Buffer
	must(t, db.WriteFakeroot(&b))
	for _, r := range records(db) {
		if r.IsDevice() && r.Rdev != unix.Mkdev(1, 3) && r.Rdev != unix.Mkdev(259, 70000) {
			t.Errorf("rdev %#x", r.Rdev)
		}
	}
	if diff := cmp.Diff(want, stats(t, db, filepath.Join(dir, "tree"))); diff != "" {
		t.Errorf("fakeroot's view and ours (-fakeroot +ours):\n%s", diff)
	}
	must(t, db.WriteFakerootTree(&tree, filepath.Join(dir, "tree"), ExportOptions{}))
	for name, text := range map[string]string{"records": b.String(), "tree": tree.String()} {
		writeFile(t, state, text)
		if diff := cmp.Diff(want, under(list, "-i", state)); diff != "" {
			t.Errorf("%s: before and after (-want +got):\n%s", name, diff)
		}
	}

	// A store changes its file, and it is fakeroot's again.
	s := openStore(t, state)
	file, err := s.DB().Find(filepath.Join(dir, "tree", "file"))
	must(t, err)
	changed := *file
	changed.UID = 33
	must(t, s.Put(&changed))
	must(t, s.Close())
	got := under(list, "-i", state)
	if want := strings.ReplaceAll(want, "89ed 3:4", "89ed 33:4"); got != want {
		t.Errorf("changed (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// stats lists a tree as stat does in TestFakeroot.
func stats(t *testing.T, db *DB, root string) string {
	t.Helper()
	var b strings.Builder
	for _, e := range look(t, db, root, UnknownOwn) {
		fmt.Fprintf(&b, "%s %x %d:%d %x:%x\n", filepath.Join("tree", e.Path), e.Mode, e.UID, e.GID, unix.Major(e.Rdev), unix.Minor(e.Rdev))
	}
	return b.String()
}

func FuzzFakeroot(f *testing.F) {
	for line := range strings.Lines(saved) {
		f.Add(strings.TrimSuffix(line, "\n"))
	}
	f.Add("dev=,ino=,mode=,uid=,gid=,nlink=,rdev=")
	f.Add("dev=ffffffffffffffff,ino=18446744073709551615,mode=60000,uid=4294967295,gid=0,nlink=x,rdev=18446744073709551615")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := parseFakeroot(line)
		if err != nil {
			return
		}
		var b bytes.Buffer
		must(t, database(r).WriteFakeroot(&b))
		again, err := Read(&b)
		must(t, err)
		if diff := cmp.Diff([]*Record{r}, records(again)); diff != "" {
			t.Errorf("written and read (-want +got):\n%s", diff)
		}
	})
}
