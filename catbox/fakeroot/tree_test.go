package fakeroot

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// Attributes that only root may set: a capability, and ACLs with an entry for user 5.
var ( // constants, but for their type
	netRaw  = []byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	rwACL   = acl(6, 6)
	fullACL = acl(7, 7)
)

func acl(user, mask byte) []byte {
	return []byte{2, 0, 0, 0,
		1, 0, 7, 0, 0xff, 0xff, 0xff, 0xff,
		2, 0, user, 0, 5, 0, 0, 0,
		4, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
		0x10, 0, mask, 0, 0xff, 0xff, 0xff, 0xff,
		0x20, 0, 5, 0, 0xff, 0xff, 0xff, 0xff,
	}
}

// thing is an object of the tree of the tests: how it is made, and what root makes of it.
type thing struct {
	path     string
	mode     uint32 // wanted
	plain    uint32 // mode of the plain object
	uid, gid int
	rdev     uint64
	content  string // or the target of a link
	same     string // path of another link
	user     string // value of user.note
	xattrs   map[string][]byte
	none     bool // nothing is faked
}

// things is a package with all that a package may have, in the order of Walk.
func things() []thing {
	return []thing{
		{path: ".", mode: unix.S_IFDIR | 0o755, plain: unix.S_IFDIR | 0o755, none: true},
		{path: "bin", mode: unix.S_IFDIR | 0o2775, plain: unix.S_IFDIR | 0o755, gid: 50},
		{path: "bin/ping", mode: unix.S_IFREG | 0o755, plain: unix.S_IFREG | 0o755, content: "ping", xattrs: map[string][]byte{capability: netRaw}},
		{path: "bin/su", mode: unix.S_IFREG | 0o4755, plain: unix.S_IFREG | 0o755, content: "su", uid: 0, gid: 4},
		{path: "bin/wall", mode: unix.S_IFREG | 0o2711, plain: unix.S_IFREG | 0o755, content: "wall", uid: 3, gid: 5},
		{path: "dev", mode: unix.S_IFDIR | 0o755, plain: unix.S_IFDIR | 0o755, none: true},
		{path: "dev/fifo", mode: unix.S_IFIFO | 0o600, plain: unix.S_IFIFO | 0o644, gid: 6},
		{path: "dev/null", mode: unix.S_IFCHR | 0o666, plain: unix.S_IFREG | 0o600, rdev: unix.Mkdev(1, 3)},
		{path: "dev/sda", mode: unix.S_IFBLK | 0o660, plain: unix.S_IFREG | 0o600, gid: 6, rdev: unix.Mkdev(259, 70000)},
		{path: "dev/sda.link", mode: unix.S_IFBLK | 0o660, same: "dev/sda", gid: 6, rdev: unix.Mkdev(259, 70000)},
		{path: "etc", mode: unix.S_IFDIR | 0o755, plain: unix.S_IFDIR | 0o755, none: true},
		{path: "etc/link", mode: unix.S_IFLNK | 0o777, plain: unix.S_IFLNK, content: "/etc/passwd", uid: 7, gid: 8},
		{path: "etc/shadow", mode: unix.S_IFREG, plain: unix.S_IFREG | 0o600, content: "root:x", gid: 42, user: "a note"},
		{path: "etc/shared", mode: unix.S_IFREG | 0o765, plain: unix.S_IFREG | 0o600, content: "shared", xattrs: map[string][]byte{accessACL: rwACL}},
		{path: "home", mode: unix.S_IFDIR | 0o755, plain: unix.S_IFDIR | 0o755, none: true},
		{path: "home/.hidden", mode: unix.S_IFREG | 0o644, plain: unix.S_IFREG | 0o644, content: strings.Repeat("x", 100_000), none: true},
		{path: "home/bytes\xff\n\\ [é]", mode: unix.S_IFREG | 0o644, plain: unix.S_IFREG | 0o644, uid: 3_000_000, gid: 3_000_001},
		{path: "home/hard", mode: unix.S_IFREG | 0o644, same: "home/bytes\xff\n\\ [é]", uid: 3_000_000, gid: 3_000_001},
		{path: "home/" + strings.Repeat("long", 50), mode: unix.S_IFLNK | 0o777, plain: unix.S_IFLNK, content: strings.Repeat("long/", 50), none: true},
		{path: "srv", mode: unix.S_IFDIR | 0o775, plain: unix.S_IFDIR | 0o755, xattrs: map[string][]byte{accessACL: fullACL, defaultACL: fullACL}},
		{path: "tmp", mode: unix.S_IFDIR | 0o1777, plain: unix.S_IFDIR | 0o755},
	}
}

func day(n int) time.Time { return time.Unix(1_700_000_000+int64(n)*86400, int64(n)*1000) }

// plant makes the tree below a new directory: as root if native, else plain, and returns
// what is faked about it.
func plant(t *testing.T, native bool) (root string, db *DB) {
	t.Helper()
	root, db = filepath.Join(t.TempDir(), "tree"), New()
	list := things()
	for i := range list {
		create(t, root, &list[i], native)
		if !native && !list[i].none {
			db.Put(list[i].record(t, root))
		}
	}
	// A name in a directory changes its time, so that all of it must be there.
	for i, thing := range list {
		times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(day(i).UnixNano())}
		if thing.same == "" {
			must(t, unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(root, thing.path), times, unix.AT_SYMLINK_NOFOLLOW))
		}
	}
	return root, db
}

func create(t *testing.T, root string, o *thing, native bool) {
	t.Helper()
	name, mode := filepath.Join(root, o.path), o.plain
	if native {
		mode = o.mode
	}
	switch {
	case o.same != "":
		must(t, os.Link(filepath.Join(root, o.same), name))
		return
	case mode&unix.S_IFMT == unix.S_IFDIR:
		must(t, os.Mkdir(name, 0o700))
	case mode&unix.S_IFMT == unix.S_IFLNK:
		must(t, os.Symlink(o.content, name))
	case mode&unix.S_IFMT == unix.S_IFREG:
		must(t, os.WriteFile(name, []byte(o.content), 0o600))
	default:
		must(t, unix.Mknod(name, mode&unix.S_IFMT, int(o.rdev)))
	}
	if o.user != "" {
		err := unix.Setxattr(name, "user.note", []byte(o.user), 0)
		if errors.Is(err, unix.ENOTSUP) {
			t.Skipf("%s: needs a file system with attributes of users (tmpfs has them since Linux 6.6)", root)
		}
		must(t, err)
	}
	if native {
		must(t, os.Lchown(name, o.uid, o.gid))
		for attr, value := range o.xattrs {
			must(t, unix.Lsetxattr(name, attr, value, 0))
		}
	}
	if mode&unix.S_IFMT != unix.S_IFLNK {
		must(t, unix.Chmod(name, mode&permBits))
	}
}

// record is what a faked build would have left about the object.
func (o *thing) record(t *testing.T, root string) *Record {
	t.Helper()
	var st unix.Statx_t
	name := filepath.Join(root, o.path)
	must(t, unix.Statx(unix.AT_FDCWD, name, unix.AT_SYMLINK_NOFOLLOW, statxMask, &st))
	return &Record{
		Key: keyOf(&st), Birth: birthOf(&st), Path: name, Has: HasUID | HasGID | HasMode,
		UID: uint32(o.uid), GID: uint32(o.gid), Mode: o.mode, Rdev: o.rdev, Xattrs: o.xattrs,
	}
}

// look lists a tree, without what only Walk needs.
func look(t *testing.T, db *DB, root string, unknown Unknown) []Entry {
	t.Helper()
	var list []Entry
	must(t, db.Walk(root, WalkOptions{Unknown: unknown}, func(e *Entry) error {
		list = append(list, Entry{Path: e.Path, Mode: e.Mode, UID: e.UID, GID: e.GID, Rdev: e.Rdev, Size: e.Size,
			ModTime: e.ModTime, Link: e.Link, Hardlink: e.Hardlink, Xattrs: e.Xattrs})
		return nil
	}))
	return list
}

// entries is the tree as it is to look.
func entries() []Entry {
	var list []Entry
	for i, o := range things() {
		e := Entry{Path: o.path, Mode: o.mode, UID: uint32(o.uid), GID: uint32(o.gid), Rdev: o.rdev, ModTime: day(i), Hardlink: o.same}
		switch o.mode & unix.S_IFMT {
		case unix.S_IFLNK:
			e.Link = o.content
		case unix.S_IFREG:
			e.Size = int64(len(o.content))
		}
		if o.same != "" {
			e.ModTime = day(i - 1)
		}
		for name, value := range o.xattrs {
			e.Xattrs = set(e.Xattrs, name, value)
		}
		if o.user != "" {
			e.Xattrs = set(e.Xattrs, "user.note", []byte(o.user))
		}
		list = append(list, e)
	}
	return list
}

func set(xattrs map[string][]byte, name string, value []byte) map[string][]byte {
	if xattrs == nil {
		xattrs = make(map[string][]byte)
	}
	xattrs[name] = value
	return xattrs
}

func diffEntries(want, got []Entry) string {
	return cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".real" || p.Last().String() == ".fd"
	}, cmp.Ignore()), cmp.AllowUnexported(Entry{}))
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for owners and device nodes that are real")
	}
}

func TestWalk(t *testing.T) {
	root, db := plant(t, false)
	if diff := diffEntries(entries(), look(t, db, root, UnknownOwn)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWalkNative looks at a tree that root has made.
func TestWalkNative(t *testing.T) {
	needRoot(t)
	root, _ := plant(t, true)
	if diff := diffEntries(entries(), look(t, nil, root, UnknownReal)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnknown(t *testing.T) {
	dir := t.TempDir()
	caller := uint32(os.Geteuid())
	own := writeFile(t, filepath.Join(dir, "own"), "")
	partial := writeFile(t, filepath.Join(dir, "partial"), "")
	var st unix.Stat_t
	must(t, unix.Stat(partial, &st))
	db := database(&Record{Key: Key{st.Dev, st.Ino}, Has: HasGID, GID: 7})
	must(t, unix.Stat(own, &st))
	tests := []struct {
		unknown Unknown
		want    map[string][2]uint32
	}{
		{UnknownOwn, map[string][2]uint32{"own": {0, 0}, "partial": {0, 7}, "other": {123, 456}}},
		{UnknownRoot, map[string][2]uint32{"own": {0, 0}, "partial": {0, 7}, "other": {0, 0}}},
		{UnknownReal, map[string][2]uint32{"own": {caller, st.Gid}, "partial": {caller, 7}, "other": {123, 456}}},
	}
	if caller == 0 {
		must(t, os.Chown(writeFile(t, filepath.Join(dir, "other"), ""), 123, 456))
	}
	for _, test := range tests {
		t.Run(test.unknown.String(), func(t *testing.T) {
			got := map[string][2]uint32{}
			for _, e := range look(t, db, dir, test.unknown) {
				if e.Path != "." {
					got[e.Path] = [2]uint32{e.UID, e.GID}
				}
			}
			if caller != 0 {
				delete(test.want, "other")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("owners (-want +got):\n%s", diff)
			}
		})
	}
}

// TestLeftOver: a record of an inode that is gone is not about the one that has its number.
func TestLeftOver(t *testing.T) {
	file := writeFile(t, "file", "")
	var st unix.Statx_t
	must(t, unix.Statx(unix.AT_FDCWD, file, 0, statxMask, &st))
	key, birth := keyOf(&st), birthOf(&st)
	if birth == 0 {
		t.Logf("the file system of %s tells no time of birth", file)
	}
	tests := []struct {
		name   string
		record Record
		want   bool
	}{
		{"same birth", Record{Birth: birth, Has: HasUID}, true},
		{"birth not known", Record{Has: HasUID}, true},
		{"other birth", Record{Birth: birth + 1, Has: HasUID}, birth == 0},
		{"file", Record{Has: HasMode, Mode: unix.S_IFREG}, true},
		{"device", Record{Has: HasMode, Mode: unix.S_IFBLK}, true},
		{"directory", Record{Has: HasMode, Mode: unix.S_IFDIR}, false},
		{"link", Record{Has: HasMode, Mode: unix.S_IFLNK}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.record.Key = key
			db := database(&test.record)
			got, err := db.Find(file)
			must(t, err)
			if (got != nil) != test.want {
				t.Errorf("found %v", got)
			}
		})
	}
	if _, err := New().Find(file + "x"); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// TestOpen reads the object that was seen, even if its name is another's by now.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	name := writeFile(t, filepath.Join(dir, "a"), "first")
	var kept *Entry
	must(t, New().Walk(dir, WalkOptions{}, func(e *Entry) error {
		if e.Path != "a" {
			if _, err := e.Open(); err == nil {
				t.Errorf("%s was opened", e.Path)
			}
			return nil
		}
		kept = e
		must(t, os.Rename(writeFile(t, name+".new", "second"), name))
		file, err := e.Open()
		must(t, err)
		defer file.Close()
		if data, err := io.ReadAll(file); err != nil || string(data) != "first" {
			t.Errorf("read %q, %v", data, err)
		}
		return nil
	}))
	if _, err := kept.Open(); err == nil {
		t.Errorf("opened after its time")
	}
}

func TestWalkLinks(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "tree"), 0o755))
	must(t, os.Symlink("/", filepath.Join(dir, "tree", "out")))
	must(t, os.Symlink("tree", filepath.Join(dir, "link")))
	got := look(t, New(), filepath.Join(dir, "link"), UnknownOwn)
	if len(got) != 2 || !got[0].IsDir() || got[1].Link != "/" {
		t.Errorf("entries %v", got)
	}
	err := New().Walk(writeFile(t, "file", ""), WalkOptions{}, func(*Entry) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file: %v", err)
	}
}

// TestWalkDeep goes deeper than a path may be long.
func TestWalkDeep(t *testing.T) {
	dir := t.TempDir()
	at, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	must(t, err)
	const depth = 100
	name := strings.Repeat("d", 100)
	for range depth {
		must(t, unix.Mkdirat(at, name, 0o755))
		next, err := unix.Openat(at, name, unix.O_PATH|unix.O_CLOEXEC, 0)
		must(t, err)
		unix.Close(at)
		at = next
	}
	unix.Close(at)
	if got := len(look(t, New(), dir, UnknownOwn)); got != depth+1 {
		t.Errorf("%d entries, want %d", got, depth+1)
	}
}
