package fakeroot

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

const saved = "dev=fe00,ino=3,mode=104755,uid=3,gid=4,nlink=1,rdev=0\n" +
	"dev=fe00,ino=4,mode=20644,uid=0,gid=0,nlink=1,rdev=1281\n"

// open opens a store that the test closes if it does not itself.
func openStore(t *testing.T, name string) *Store {
	t.Helper()
	s, err := Open(name)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// TestStoreFollows looks at the file after each change, as if the process had been
// killed then.
func TestStoreFollows(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"new", ""},
		{"JSON Lines", header + `{"dev":1,"ino":1,"uid":77}` + "\n"},
		{"fakeroot", saved},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := writeFile(t, "state", test.text)
			s := openStore(t, name)
			check := func() {
				t.Helper()
				db, err := Load(name)
				must(t, err)
				if diff := cmp.Diff(records(s.DB()), records(db)); diff != "" {
					t.Fatalf("file (-database +file):\n%s", diff)
				}
			}
			check()
			for _, r := range samples() {
				must(t, s.Put(r))
				check()
			}
			must(t, s.Remove(Key{1, 2}))
			check()
			must(t, s.Put(&Record{Key: Key{1, 1}, Has: HasGID, GID: 9}))
			check()
			if s.DB().Get(Key{1, 2}) != nil || s.DB().Get(Key{1, 1}).GID != 9 {
				t.Errorf("changes are missing: %v", records(s.DB()))
			}
		})
	}
}

func TestStoreClose(t *testing.T) {
	change := func(t *testing.T, s *Store) {
		must(t, s.Put(&Record{Key: Key{9, 9}, Has: HasUID | HasGID | HasMode, UID: 1, Mode: unix.S_IFREG | 0o600}))
		must(t, s.Put(&Record{Key: Key{1, 1}, Has: HasUID | HasGID | HasMode, GID: 2, Mode: unix.S_IFDIR | 0o700}))
		must(t, s.Remove(Key{9, 9}))
		must(t, s.Remove(Key{9, 9}))
	}
	line := `{"dev":1,"ino":1,"uid":0,"gid":2,"mode":"040700"}` + "\n"
	for _, test := range []struct {
		name, text string
		change     func(*testing.T, *Store)
		want       string
	}{
		{"new", "", nil, header},
		{"changed", "", change, header + line},
		{"same again", header + line, func(t *testing.T, s *Store) {
			must(t, s.Put(&Record{Key: Key{1, 1}, Has: HasUID | HasGID | HasMode, GID: 2, Mode: unix.S_IFDIR | 0o700}))
		}, header + line},
		{"half a line", header + line + `{"dev":2`, nil, header + line},
		{"half a line, changed", header + `{"dev":2`, change, header + line},
		{"half a header", header[:9], change, header + line},
		{"fakeroot", saved, nil, saved},
		{"fakeroot, half a line", saved + "dev=", nil, saved},
		{"fakeroot, changed", saved, change, "dev=1,ino=1,mode=40700,uid=0,gid=2,nlink=1,rdev=0\n" + saved},
		{"fakeroot, killed", headerKeep + line, nil, "dev=1,ino=1,mode=40700,uid=0,gid=2,nlink=1,rdev=0\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := writeFile(t, "state", test.text)
			must(t, os.Chmod(name, 0o640))
			s := openStore(t, name)
			if test.change != nil {
				test.change(t, s)
			}
			must(t, s.Close())
			must(t, s.Close())
			if diff := cmp.Diff(test.want, readFile(t, name)); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			if info, err := os.Stat(name); err != nil || info.Mode() != 0o640 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if list, _ := os.ReadDir(filepath.Dir(name)); len(list) != 1 {
				t.Errorf("files are left: %v", list)
			}
		})
	}
}

// TestStoreCut goes on with files that were cut at every byte.
func TestStoreCut(t *testing.T) {
	var b bytes.Buffer
	must(t, database(samples()...).WriteJSON(&b))
	next := &Record{Key: Key{77, 77}, Has: HasUID}
	for _, text := range []string{b.String(), saved} {
		first := 0
		if text == saved { // each is written anew, which takes its time
			first = strings.Index(text, "\n")
		}
		for n := first; n <= len(text); n++ {
			name := writeFile(t, "state", text[:n])
			want, err := Load(name)
			must(t, err)
			s, err := Open(name)
			must(t, err)
			must(t, s.Put(next))
			want.Put(next)
			got, err := Load(name)
			s.file.Close() // as if it were killed
			if err != nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
			if diff := cmp.Diff(records(want), records(got)); diff != "" {
				t.Fatalf("cut at %d (-want +got):\n%s", n, diff)
			}
		}
	}
}

// TestStoreOwner: the file stays whose it is.
func TestStoreOwner(t *testing.T) {
	needRoot(t)
	name := writeFile(t, "state", "")
	must(t, os.Chown(name, 1000, 1001))
	s := openStore(t, name)
	must(t, s.Put(samples()[0]))
	must(t, s.Close())
	var st unix.Stat_t
	must(t, unix.Stat(name, &st))
	if st.Uid != 1000 || st.Gid != 1001 {
		t.Errorf("owner %d:%d", st.Uid, st.Gid)
	}
}

// TestStoreFixed: in a directory where nothing can be made, the file grows and is whole.
func TestStoreFixed(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("needs an ordinary user, whom the permissions of a directory hold")
	}
	name := writeFile(t, "state", "")
	must(t, os.Chmod(filepath.Dir(name), 0o500))
	t.Cleanup(func() { must(t, os.Chmod(filepath.Dir(name), 0o700)) })
	s := openStore(t, name)
	for _, r := range samples() {
		must(t, s.Put(&Record{Key: r.Key}))
		must(t, s.Put(r))
	}
	must(t, s.Close())
	db, err := Load(name)
	must(t, err)
	if diff := cmp.Diff(samples(), records(db)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lines := strings.Count(readFile(t, name), "\n"); lines != 1+2*len(samples()) {
		t.Errorf("%d lines", lines)
	}

	// A file of fakeroot would have to be replaced.
	must(t, os.WriteFile(name, []byte(saved), 0o600))
	s = openStore(t, name)
	if err := s.Put(samples()[0]); !errors.Is(err, unix.EACCES) || s.DB().Len() != 2 {
		t.Errorf("error %v, %d records", err, s.DB().Len())
	}
	must(t, s.Close())
	if diff := cmp.Diff(saved, readFile(t, name)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

// TestStoreLink: a link to the file stays a link.
func TestStoreLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	must(t, os.Symlink("state", link))
	s := openStore(t, link)
	must(t, s.Put(samples()[0]))
	must(t, s.Close())
	if target, err := os.Readlink(link); err != nil || target != "state" {
		t.Errorf("the link is %q, %v", target, err)
	}
	if db, err := Load(filepath.Join(dir, "state")); err != nil || db.Len() != 1 {
		t.Errorf("%v, %v", db, err)
	}
}

func TestStoreErrors(t *testing.T) {
	dir := t.TempDir()
	must(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	for _, test := range []struct {
		name string
		file string
		want string
	}{
		{"directory", dir, "is a directory"},
		{"fifo", filepath.Join(dir, "fifo"), "not a regular file"},
		{"device", "/dev/null", "not a regular file"},
		{"no directory", filepath.Join(dir, "no", "state"), "no such file or directory"},
		{"other text", writeFile(t, "other", "text\n"), "line 1: neither a file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := Open(test.file)
			if err == nil {
				s.Close()
			}
			if want := "open records: " + test.file + ": " + test.want; err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

// TestStoreFull writes to a full disk: a limit on the size of files is one.
func TestStoreFull(t *testing.T) {
	if name := os.Getenv("CATBOX_TEST_FULL"); name != "" {
		fill(t, name)
		return
	}
	name := filepath.Join(t.TempDir(), "state")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestStoreFull$")
	cmd.Env = append(os.Environ(), "CATBOX_TEST_FULL="+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func fill(t *testing.T, name string) {
	limit := unix.Rlimit{Cur: 200, Max: 200}
	s := openStore(t, name)
	must(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &limit))
	var err error
	number := uint64(0)
	for err == nil && number < 100 {
		number++
		err = s.Put(&Record{Key: Key{1, number}, Has: HasUID})
	}
	if !errors.Is(err, unix.EFBIG) {
		t.Fatalf("after %d: %v", number, err)
	}
	if s.DB().Get(Key{1, number}) != nil {
		t.Errorf("the record that could not be written is there")
	}
	// The half-written line is gone, so that the file is whole.
	if text := readFile(t, name); !strings.HasSuffix(text, "\n") {
		t.Errorf("file ends with %q", text)
	}
	db, err := Load(name)
	must(t, err)
	if diff := cmp.Diff(records(s.DB()), records(db)); diff != "" {
		t.Errorf("file (-database +file):\n%s", diff)
	}
}

// BenchmarkPut is what a chown(2) of the command waits for.
func BenchmarkPut(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "state"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.ReportAllocs()
	r := &Record{Path: "/home/user/package/usr/share/doc/package/copyright", Birth: 1_700_000_000_123_456_789, Has: HasUID | HasGID}
	for b.Loop() {
		next := *r
		next.Ino++
		r = &next
		if err := s.Put(r); err != nil {
			b.Fatal(err)
		}
	}
}
