package catbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
)

// fakeBox is a sandbox that allows "a" and fakes ownership.
func fakeBox(w *world) *Sandbox {
	box := w.box()
	box.Fakeroot = FakerootFull
	return box
}

// sh runs a script in the allowed directory.
func (w *world) sh(t testing.TB, box *Sandbox, script string) (string, *Result) {
	t.Helper()
	return w.run(t, box, "/bin/sh", "-c", "cd a; "+script)
}

// TestFakeroot runs scripts that change and show owners.
func TestFakeroot(t *testing.T) {
	const show = "stat -c '%n %a %u:%g %F %t,%T %h' "
	tests := []struct{ name, script, want string }{
		{"the user is root", "id -u; id -g; id -G; id -ru; id -rg", "0\n0\n0\n0\n0"},
		{"own files are root's", show + "file in dir", "file 644 0:0 regular file 0,0 1\nin 777 0:0 symbolic link 0,0 1\ndir 755 0:0 directory 0,0 2"},
		{"chown", "chown 5:6 file; chown :7 dir; chown -h 8:9 in; " + show + "file dir in; " + show + " -L in",
			"file 644 5:6 regular file 0,0 1\ndir 755 0:7 directory 0,0 2\nin 777 8:9 symbolic link 0,0 1\nin 644 5:6 regular file 0,0 1"},
		{"chmod", "chmod 4755 file; chmod 1777 dir; chmod 000 dir/inner; " + show + "file dir dir/inner; cat dir/inner; echo x >>dir/inner; cat dir/inner",
			"file 4755 0:0 regular file 0,0 1\ndir 1777 0:0 directory 0,0 2\ndir/inner 0 0:0 regular file 0,0 1\ncontent of filecontent of filex"},
		{"chown takes set-id bits", "chmod 6755 file; chown 5 file; " + show + "file; chmod 2644 file; chown 6 file; " + show + "file",
			"file 755 5:0 regular file 0,0 1\nfile 2644 6:0 regular file 0,0 1"},
		{"directory without permissions", "chmod 0 dir; ls dir; " + show + "dir", "inner\ndir 0 0:0 directory 0,0 2"},
		{"devices", "umask 0; mknod c c 1 3; mknod -m 600 b b 8 17; " + show + "c b; ls -ln c | cut -c1-10; find . -type c -o -type b | sort; rm c; mknod c c 1 5; " + show + "c",
			"c 666 0:0 character special file 1,3 1\nb 600 0:0 block special file 8,11 1\ncrw-rw-rw-\n./b\n./c\nc 666 0:0 character special file 1,5 1"},
		{"a hard link shows the same", "chown 5:6 file; ln file two; " + show + "two; chown 7 two; " + show + "file; rm file; " + show + "two",
			"two 644 5:6 regular file 0,0 2\nfile 644 7:6 regular file 0,0 2\ntwo 644 7:6 regular file 0,0 1"},
		{"rename keeps it", "chown 5:6 file dir; mv file new; mv dir d; " + show + "new d", "new 644 5:6 regular file 0,0 1\nd 755 5:6 directory 0,0 2"},
		{"an overwritten file is forgotten", "chown 5:6 file; echo >x; mv x file; " + show + "file", "file 644 0:0 regular file 0,0 1"},
		{"a removed file is forgotten", "for i in 1 2 3 4 5 6 7 8; do chown 5:6 file; rm file; echo >file; " + show + "file; done | uniq",
			"file 644 0:0 regular file 0,0 1"},
		{"a removed directory is forgotten", "for i in 1 2 3 4 5 6 7 8; do chown 5:6 empty; rmdir empty; mkdir empty; " + show + "empty; done | uniq",
			"empty 755 0:0 directory 0,0 2"},
		{"a descriptor shows it without a name", "chown 5:6 file; exec 3<file; rm file; stat -L -c '%u:%g %h' /proc/self/fd/3; exec 3<&-; echo >file; " + show + "file",
			"5:6 0\nfile 644 0:0 regular file 0,0 1"},
		{"a mode that keeps the owner out", "umask 777; echo x >new; mkdir d; umask 22; cat new; echo y >d/f; " + show + "new d d/f",
			"x\nnew 0 0:0 regular file 0,0 1\nd 0 0:0 directory 0,0 2\nd/f 644 0:0 regular file 0,0 1"},
		{"a directory hands its group on", "chown :7 dir; chmod 2775 dir; echo >dir/f; mkdir dir/d; mknod dir/c c 1 3; " + show + "dir/f dir/d dir/c",
			"dir/f 644 0:7 regular file 0,0 1\ndir/d 2755 0:7 directory 0,0 2\ndir/c 644 0:7 character special file 1,3 1"},
		{"another user", "setpriv --reuid 5 --regid 6 --clear-groups sh -c 'id -u; id -g; echo >new; chown 7 new; chmod 600 new; chmod 600 file'; " + show + "new",
			"5\n6\nchown: changing ownership of 'new': Operation not permitted\nchmod: changing permissions of 'file': Operation not permitted\nnew 600 5:6 regular file 0,0 1"},
		{"processes inherit it", "setpriv --reuid 5 --clear-groups sh -c 'id -u; sh -c \"id -u\"; (id -u)'; id -u", "5\n5\n5\n0"},
		{"nothing of others changes", "stat -c '%u:%g' /bin/sh /", "0:0\n0:0"},
	}
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s/uid %d", test.name, uid), func(t *testing.T) {
				w.build(t)
				got, res := w.sh(t, fakeBox(w), test.script)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if len(res.Violations) > 0 {
					t.Errorf("violations: %q", w.report(res))
				}
				w.checkReal(t)
			})
		}
	}
}

// checkReal checks that all files belong to the user, with modes that the owner can
// live with and no set-id bits.
func (w *world) checkReal(t testing.TB) {
	t.Helper()
	err := filepath.Walk(w.root+"/a", func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		if int(st.Uid) != w.uid || int(st.Gid) != w.uid || st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 || st.Mode&0o600 != 0o600 {
			t.Errorf("%s is really %o %d:%d", path, st.Mode, st.Uid, st.Gid)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestFakerootConfined checks that what is faked has to be allowed.
func TestFakerootConfined(t *testing.T) {
	for _, uid := range users() {
		w := newWorld(t, uid)
		scenes := []struct {
			name, script, want string
			action             Action
			violations         []string
		}{
			{"deny", "chown 5 ../f/file; chmod 600 ../f/file; mknod ../f/new c 1 3; setfattr -n trusted.x -v y ../f/file; stat -c %u ../f/file", "0", Deny,
				[]string{"fchownat ~/f/file (../f/file)", "fchmodat ~/f/file (../f/file)", "mknodat ~/f/new (../f/new)"}},
			{"report", "chown 5 ../f/file; stat -c %u ../f/file", "5", Report,
				[]string{"fchownat ~/f/file (../f/file)"}},
		}
		for _, s := range scenes {
			t.Run(fmt.Sprintf("%s/uid %d", s.name, uid), func(t *testing.T) {
				w.build(t)
				box := fakeBox(w)
				box.OnViolation = s.action
				before := w.snapshot(t, "f")
				got, res := w.sh(t, box, "exec 2>/dev/null; "+strings.ReplaceAll(s.script, "setfattr -n trusted.x -v y ../f/file; ", ""))
				if got != s.want {
					t.Errorf("output %q, want %q", got, s.want)
				}
				if diff := cmp.Diff(s.violations, w.report(res)); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(before, w.snapshot(t, "f")); diff != "" {
					t.Errorf("the forbidden tree (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestFakerootLevels renames and removes where the tracer has to carry it out.
func TestFakerootLevels(t *testing.T) {
	for _, abi := range abis(t) {
		for _, uid := range users() {
			t.Run(fmt.Sprintf("Landlock %d/uid %d", abi, uid), func(t *testing.T) {
				w := newWorld(t, uid)
				box := fakeBox(w)
				box.maxABI = &abi
				const script = "chown 5:6 file dir/inner; mv file dir/inner; stat -c %u:%g dir/inner; echo >x; mv x dir/inner; stat -c %u:%g dir/inner;" +
					"rm -r dir; mkdir dir; stat -c %u:%g dir"
				if got, _ := w.sh(t, box, script); got != "5:6\n0:0\n0:0" {
					t.Errorf("got %q", got)
				}
				got, _ := w.run(t, box, "/bin/sh", "-c", "chown 5:6 a; stat -c %u:%g a; rm -r a; mkdir a; stat -c %u:%g a")
				if want := "5:6\n0:0"; abi > 0 && got != want {
					t.Errorf("a rule's own directory: got %q, want %q", got, want)
				}
			})
		}
	}
}

// TestFaked checks what a program that embeds catbox is told.
func TestFaked(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	box := fakeBox(w)
	var told []string
	box.Hooks.Faked = func(f Faked) error {
		told = append(told, fmt.Sprintf("%s %s %d:%d %o %d", f.Call, strings.TrimPrefix(f.Path, w.root), f.UID, f.GID, f.Mode, f.Rdev))
		return nil
	}
	_, res := w.sh(t, box, "chown 5:6 file; chmod 4755 file; mknod c c 1 3; mv file new")
	want := []string{"fchownat /a/file 5:6 100644 0", "fchmodat /a/file 5:6 104755 0", "mknodat /a/c 0:0 20644 259"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Owner{w.root + "/a/new": {5, 6}}, res.Ownerships()); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]uint32{w.root + "/a/new": 0o104755, w.root + "/a/c": 0o20644}, res.Modes()); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}

// TestFakerootStore hands records on from run to run, and finds each in the file as
// soon as the call has ended.
func TestFakerootStore(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	name := filepath.Join(t.TempDir(), "state")
	open := func() *fakeroot.Store {
		t.Helper()
		store, err := fakeroot.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	box := fakeBox(w)
	store := open()
	box.Ownership = store
	box.Hooks.Faked = func(f Faked) error {
		db, err := fakeroot.Load(name)
		if err != nil {
			return err
		}
		for r := range db.All() {
			if r.Path == f.Path && r.UID == f.UID {
				return nil
			}
		}
		t.Errorf("%s of %s is not in the file", f.Call, f.Path)
		return nil
	}
	w.sh(t, box, "chown 5:6 file dir; mknod c c 1 3")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = open()
	box.Ownership, box.Hooks.Faked = store, nil
	if got, _ := w.sh(t, box, "stat -c %u:%g file dir; stat -c %F c; find . -type c"); got != "5:6\n5:6\ncharacter special file\n./c" {
		t.Errorf("the next run: %q", got)
	}
	// A record of an inode that was born at another time is of one that is gone.
	for r := range store.DB().All() {
		if strings.HasSuffix(r.Path, "/file") {
			old := *r
			old.Birth--
			if err := store.Put(&old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, _ := w.sh(t, box, "stat -c %u:%g file dir"); got != "0:0\n5:6" {
		t.Errorf("with another birth: %q", got)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestUnknownOwner shows files without a record in each way.
func TestUnknownOwner(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	if w.uid == 0 {
		t.Skip("needs an ordinary user")
	}
	own := fmt.Sprintf("%d:%d", w.uid, w.uid)
	for unknown, want := range map[fakeroot.Unknown]string{fakeroot.UnknownOwn: "0:0\n5:6", fakeroot.UnknownRoot: "0:0\n5:6", fakeroot.UnknownReal: own + "\n5:6"} {
		w.build(t)
		box := fakeBox(w)
		box.UnknownOwner = unknown
		if got, _ := w.sh(t, box, "chown 5:6 dir; stat -c %u:%g file dir"); got != want {
			t.Errorf("%d: got %q, want %q", unknown, got, want)
		}
	}
}

// TestLie checks the cheap kind.
func TestLie(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	box := w.box()
	box.Fakeroot = FakerootLie
	got, res := w.sh(t, box, "id -u; id -g; chown 5:6 file && echo ok; chown 5:6 ../f/file && echo ok")
	if got != "0\n0\nok\nok" || len(res.Violations) > 0 {
		t.Errorf("got %q, violations %q", got, w.report(res))
	}
	w.checkReal(t)
	plain, silent := w.box(), "chown 5:6 file 2>/dev/null; true"
	_, with := w.sh(t, box, silent)
	_, without := w.sh(t, plain, silent)
	if with.Calls >= without.Calls {
		t.Errorf("%d calls stopped, %d without the lie", with.Calls, without.Calls)
	}
}

// TestFakeStatus reads the identity from /proc.
func TestFakeStatus(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	box := fakeBox(w)
	box.FakeStatus = true
	const script = `ids() { grep -E '^(Uid|Gid):' $1 | tr '\t\n' '  '; }
ids /proc/self/status; ids /proc/$$/status; cd /proc/$$; ids status; setpriv --reuid 5 --clear-groups grep Uid /proc/self/status`
	const root = "Uid: 0 0 0 0 Gid: 0 0 0 0 "
	if got, _ := w.sh(t, box, script); got != root+root+root+"Uid:\t5\t5\t5\t5" {
		t.Errorf("got %q", got)
	}
}

// TestUnlock writes to files that were not writable before the run.
func TestUnlock(t *testing.T) {
	w := newWorld(t, users()[len(users())-1])
	for path, mode := range map[string]os.FileMode{"a/file": 0o444, "a/dir/inner": 0, "f/file": 0o444} {
		if err := os.Chmod(filepath.Join(w.root, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	const script = "test -w file && test -r dir/inner && test ! -x file && echo yes; stat -c %a file dir/inner; echo more >>file; echo more >dir/inner;" +
		"tail -c 5 file; cat dir/inner; stat -c %a:%u file dir/inner; test -w ../f/file || echo no"
	got, res := w.sh(t, fakeBox(w), script)
	if diff := cmp.Diff("yes\n444\n0\nmore\nmore\n444:0\n0:0\nno", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(res.Violations) > 0 {
		t.Errorf("violations: %q", w.report(res))
	}
	w.checkReal(t)
}
