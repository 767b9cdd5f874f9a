package fakeroot

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vbatts/go-mtree"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// writers are the formats that show a tree.
func writers() map[string]func(*DB, io.Writer, string, ExportOptions) error {
	return map[string]func(*DB, io.Writer, string, ExportOptions) error{
		"tar": (*DB).WriteTar, "mtree": (*DB).WriteMtree, "json": (*DB).WriteEntries,
	}
}

func written(t *testing.T, format string, db *DB, root string, opts ExportOptions) string {
	t.Helper()
	var b bytes.Buffer
	must(t, writers()[format](db, &b, root, opts))
	return b.String()
}

// TestReproducible writes two trees that are the same.
func TestReproducible(t *testing.T) {
	first, db := plant(t, false)
	second, again := plant(t, false)
	for format := range writers() {
		want, got := written(t, format, db, first, ExportOptions{}), written(t, format, again, second, ExportOptions{})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-first +second):\n%s", format, diff)
		}
	}
}

// TestAsNative writes a tree that an ordinary user made, and the one that root made.
func TestAsNative(t *testing.T) {
	needRoot(t)
	root, db := plant(t, false)
	native, _ := plant(t, true)
	for format := range writers() {
		want := written(t, format, nil, native, ExportOptions{WalkOptions: WalkOptions{Unknown: UnknownReal}})
		if diff := cmp.Diff(want, written(t, format, db, root, ExportOptions{})); diff != "" {
			t.Errorf("%s (-native +faked):\n%s", format, diff)
		}
	}
}

// extract makes a tree of an archive with a program, as root, and looks at it.
func extract(t *testing.T, archive string, program ...string) []Entry {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	must(t, os.Mkdir(dir, 0o700))
	cmd := exec.Command(program[0], append(program[1:], "-C", dir)...)
	cmd.Stdin = strings.NewReader(archive)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return look(t, nil, dir, UnknownReal)
}

// TestTarExtract lets others make the tree of the archive.
func TestTarExtract(t *testing.T) {
	needRoot(t)
	root, db := plant(t, false)
	archive := written(t, "tar", db, root, ExportOptions{})
	for _, program := range [][]string{
		{harness.Need(t, "tar", "tar"), "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner", "-xpf", "-"},
		{harness.Need(t, "bsdtar", "libarchive-tools"), "--numeric-owner", "-xpf", "-"},
	} {
		t.Run(filepath.Base(program[0]), func(t *testing.T) {
			got := extract(t, archive, program...)
			got[0].ModTime = day(0) // the directory of -C keeps its own with bsdtar
			if diff := diffEntries(entries(), got); diff != "" {
				t.Errorf("(-want +extracted):\n%s", diff)
			}
		})
	}
}

// TestTarList lets others read the archive, without privileges.
func TestTarList(t *testing.T) {
	root, db := plant(t, false)
	archive := written(t, "tar", db, root, ExportOptions{})
	want := []string{
		"drwxrwsr-x 0/50 ./bin/",
		"-rwsr-xr-x 0/4 ./bin/su",
		"-rwx--s--x 3/5 ./bin/wall",
		"crw-rw-rw- 0/0 1,3 ./dev/null",
		"brw-rw---- 0/6 259,70000 ./dev/sda",
		"lrwxrwxrwx 7/8 ./etc/link -> /etc/passwd",
		"drwxrwxrwt 0/0 ./tmp/",
	}
	for _, program := range []struct {
		path   string
		fields func([]string) []string
	}{
		{harness.Need(t, "tar", "tar"), func(f []string) []string {
			return slices.Concat([]string{f[0], f[1]}, device(f[2]), f[5:])
		}},
		{harness.Need(t, "bsdtar", "libarchive-tools"), func(f []string) []string {
			return slices.Concat([]string{f[0], f[2] + "/" + f[3]}, device(f[4]), f[8:])
		}},
	} {
		cmd := exec.Command(program.path, "--numeric-owner", "-tvf", "-")
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		cmd.Stdin = strings.NewReader(archive)
		out, err := cmd.Output()
		must(t, err)
		var got []string
		for line := range strings.Lines(string(out)) {
			short := strings.Join(program.fields(strings.Fields(line)), " ")
			if slices.Contains(want, short) {
				got = append(got, short)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", program.path, diff, out)
		}
	}
}

// device keeps the column of a size if it is that of a device.
func device(column string) []string {
	if strings.Contains(column, ",") {
		return []string{column}
	}
	return nil
}

func TestTarOptions(t *testing.T) {
	root, db := plant(t, false)
	must(t, unix.Mknod(filepath.Join(root, "tmp", "socket"), unix.S_IFSOCK|0o600, 0))
	var skipped []string
	var b bytes.Buffer
	must(t, db.WriteTar(&b, root, ExportOptions{
		MaxTime:   day(3),
		UserName:  func(id uint32) string { return map[uint32]string{0: "root", 3: "sys"}[id] },
		GroupName: func(id uint32) string { return map[uint32]string{0: "root", 5: "tty"}[id] },
		Skipped:   func(name, why string) { skipped = append(skipped, name+": "+why) },
	}))
	if diff := cmp.Diff([]string{"tmp/socket: a socket has no place in an archive"}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	type owner struct {
		Uname, Gname string
		Time         time.Time
	}
	got := map[string]owner{}
	archive := tar.NewReader(&b)
	for hdr, err := archive.Next(); err != io.EOF; hdr, err = archive.Next() {
		must(t, err)
		got[hdr.Name] = owner{hdr.Uname, hdr.Gname, hdr.ModTime}
	}
	for name, want := range map[string]owner{
		"./bin/":     {"root", "", day(1)},
		"./bin/wall": {"sys", "tty", day(3)},
		"./dev/null": {"root", "root", day(3)},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(got) != len(things()) {
		t.Errorf("%d entries, want %d", len(got), len(things()))
	}
}

// TestTarShrunk: a file that is cut while it is read ends the archive with an error.
func TestTarShrunk(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), "content")
	err := New().Walk(dir, WalkOptions{}, func(e *Entry) error {
		if !e.IsRegular() {
			return nil
		}
		must(t, os.Truncate(filepath.Join(dir, e.Path), 3))
		return copyContent(io.Discard, e)
	})
	if err == nil || !strings.Contains(err.Error(), "file: it shrank from 7 bytes to 3") {
		t.Errorf("error %v", err)
	}
}

func TestACLErrors(t *testing.T) {
	for name, value := range map[string][]byte{
		"empty": {}, "version": {1, 0, 0, 0}, "half an entry": {2, 0, 0, 0, 1, 0}, "tag": {2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0},
		"no tag": {2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "other tag": {2, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0},
	} {
		if text, err := aclText(value); err == nil {
			t.Errorf("%s: %q", name, text)
		}
	}
	want := "user::rwx,user:5:rw-,group::r-x,mask::rw-,other::r-x"
	if got, err := aclText(rwACL); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestMtreeLines holds the form of the lines.
func TestMtreeLines(t *testing.T) {
	root, db := plant(t, false)
	text := written(t, "mtree", db, root, ExportOptions{})
	for _, want := range []string{
		"#mtree v2.0\n. type=dir uid=0 gid=0 mode=0755 time=1700000000.000000000\n",
		"./bin/su type=file uid=0 gid=4 mode=04755 time=1700259200.000003000 size=2 sha256digest=" +
			"0a64ce10853f25cb3dc3f7d498f62d72b406be37ba8caf5aa7671414d9696049\n",
		"./bin/ping type=file uid=0 gid=0 mode=0755 time=1700172800.000002000 size=4 sha256digest=",
		" xattr.security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA=\n",
		"./dev/null type=char uid=0 gid=0 mode=0666 time=1700604800.000007000 device=native,1,3\n",
		"./dev/sda type=block uid=0 gid=6 mode=0660 time=1700691200.000008000 device=native,259,70000\n",
		"./etc/link type=link uid=7 gid=8 mode=0777 time=1700950400.000011000 link=/etc/passwd\n",
		"./home/bytes\\377\\012\\\\\\040\\133\\303\\251] type=file uid=3000000 gid=3000001 mode=0644 ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}

// TestMtreeCheck lets go-mtree compare the specification with what root makes.
func TestMtreeCheck(t *testing.T) {
	needRoot(t)
	root, db := plant(t, false)
	spec, err := mtree.ParseSpec(strings.NewReader(written(t, "mtree", db, root, ExportOptions{})))
	must(t, err)
	native, _ := plant(t, true)
	words := []mtree.Keyword{"type", "uid", "gid", "mode", "time", "link", "sha256digest"}
	deltas, err := mtree.Check(native, spec, words, nil)
	must(t, err)
	for _, delta := range deltas {
		t.Errorf("%s: %v", delta.Path(), delta.Diff())
	}
}

// TestMtreeArchive lets libarchive make an archive of the specification: owners, devices
// and modes are from there, content from the tree. It knows no attributes, and minds
// placeholders.
func TestMtreeArchive(t *testing.T) {
	bsdtar := harness.Need(t, "bsdtar", "libarchive-tools")
	root, db := plant(t, false)
	text := regexp.MustCompile(` xattr\.\S*`).ReplaceAllString(written(t, "mtree", db, root, ExportOptions{}), "")
	spec := writeFile(t, "spec", text)
	for _, name := range []string{"null", "sda", "sda.link"} {
		must(t, os.Remove(filepath.Join(root, "dev", name)))
	}
	cmd := exec.Command(bsdtar, "--format=pax", "-cf", "-", "@"+spec)
	cmd.Dir, cmd.Stderr = root, new(strings.Builder)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, cmd.Stderr)
	}
	want, got := entries(), []Entry{}
	archive := tar.NewReader(bytes.NewReader(out))
	for hdr, err := archive.Next(); err != io.EOF; hdr, err = archive.Next() {
		must(t, err)
		got = append(got, Entry{Path: filepath.Clean(hdr.Name), UID: uint32(hdr.Uid), GID: uint32(hdr.Gid),
			Mode: uint32(hdr.Mode), Rdev: unix.Mkdev(uint32(hdr.Devmajor), uint32(hdr.Devminor)), Link: hdr.Linkname})
	}
	for i, e := range want {
		want[i] = Entry{Path: e.Path, UID: e.UID, GID: e.GID, Mode: e.Mode & permBits, Rdev: e.Rdev, Link: e.Link}
		if e.Hardlink != "" && e.IsRegular() {
			want[i].Link = "./" + e.Hardlink // it looks at the tree for that
		}
	}
	if diff := diffEntries(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEntriesLines(t *testing.T) {
	root, db := plant(t, false)
	text := written(t, "json", db, root, ExportOptions{MaxTime: day(7)})
	for _, want := range []string{
		`{"path":".","type":"dir","mode":"0755","uid":0,"gid":0,"mtime":"2023-11-14T22:13:20Z"}`,
		`{"path":"bin/ping","type":"file","mode":"0755","uid":0,"gid":0,"size":4,"mtime":"2023-11-16T22:13:20.000002Z","xattrs":{"security.capability":"AQAAAgAgAAAAAAAAAAAAAAAAAAA="}}`,
		`{"path":"dev/sda.link","type":"block","mode":"0660","uid":0,"gid":6,"mtime":"2023-11-21T22:13:20.000007Z","rdev":"259:70000","hardlink":"dev/sda"}`,
		`{"path":"etc/link","type":"link","mode":"0777","uid":7,"gid":8,"mtime":"2023-11-21T22:13:20.000007Z","link":"/etc/passwd"}`,
		`{"path":"home/hard","type":"file","mode":"0644","uid":3000000,"gid":3000001,"size":0,"mtime":"2023-11-21T22:13:20.000007Z","hardlink_bytes":"aG9tZS9ieXRlc/8KXCBbw6ld"}`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}
