package catbox

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestOpenForms(t *testing.T) {
	deny := func(call, canonical, raw string) []string {
		return []string{call + " ~/" + canonical + " (" + raw + ")"}
	}
	play(t, allowA, []scene{
		{"creat", "creat f/new 0644", "creat=EACCES", deny("creat", "f/new", "f/new")},
		{"access mode 3", "open f/file 3", "open=EACCES", deny("open", "f/file", "f/file")},
		{"O_RDONLY|O_TRUNC", "open f/file O_TRUNC", "open=EACCES", deny("open", "f/file", "f/file")},
		{"O_PATH is no write", "open f/file O_PATH|O_WRONLY|O_TRUNC", "open=0", nil},
		{"garbage above the flags", "openat AT_FDCWD f/new 0x1234567800000000|O_CREAT|O_WRONLY 0644", "openat=EACCES", deny("openat", "f/new", "f/new")},
		{"garbage above the number", "!openat AT_FDCWD f/new O_CREAT|O_WRONLY 0644 : !unlinkat AT_FDCWD f/file 0", "openat=EACCES unlinkat=EACCES",
			[]string{"openat ~/f/new (f/new)", "unlinkat ~/f/file (f/file)"}},
		{"garbage above the directory", "openat 0x12345678ffffff9c f/new O_CREAT|O_WRONLY 0644", "openat=EACCES", deny("openat", "f/new", "f/new")},
		{"relative to a descriptor", "open f O_PATH : mkdirat $1 new 0755 : open a O_DIRECTORY : mkdirat $3 new 0755 : mkdirat $3 ../f/new 0755",
			"open=0 mkdirat=EACCES open=0 mkdirat=0 mkdirat=EACCES", []string{"mkdirat ~/f/new (new)", "mkdirat ~/f/new (../f/new)"}},
		{"a file as directory", "open f/file 0 : mkdirat $1 new 0755 : mkdirat 99 new 0755 : mkdirat 99 ~/f/new 0755",
			"open=0 mkdirat=ENOTDIR mkdirat=EBADF mkdirat=EACCES", []string{"mkdirat ~/f/new"}},
		{"O_TMPFILE outside", "open f O_TMPFILE|O_RDWR 0600", "open=EACCES", deny("open", "f", "f")},
		{"O_TMPFILE linked outside", "open a O_TMPFILE|O_RDWR 0600 : linkat AT_FDCWD /proc/self/fd/3 AT_FDCWD f/new AT_SYMLINK_FOLLOW",
			"open=0 linkat=EACCES", deny("linkat", "f/new", "f/new")},
		{"O_TMPFILE linked inside", "open a O_TMPFILE|O_RDWR 0600 : linkat AT_FDCWD /proc/self/fd/3 AT_FDCWD a/new AT_SYMLINK_FOLLOW",
			"open=0 linkat=0", nil},
		{"proc/self/fd of a file outside", "open f/file 0 : open /proc/self/fd/3 O_WRONLY : truncate /dev/fd/3 0 : chmod /proc/self/fd/3 0600",
			"open=0 open=EACCES truncate=EACCES chmod=EACCES",
			[]string{"open ~/f/file (/proc/self/fd/3)", "truncate ~/f/file (/dev/fd/3)", "chmod ~/f/file (/proc/self/fd/3)"}},
		{"proc/self/fd of a file inside", "open a/file 0 : open /proc/self/fd/3 O_WRONLY", "open=0 open=0", nil},
		{"dangling link that points outside", "open a/outnew O_CREAT|O_WRONLY 0644", "open=EACCES", deny("open", "f/new", "a/outnew")},
		{"dangling link that points inside", "open f/away O_CREAT|O_WRONLY 0644", "open=0", nil},
		{"link to a file outside", "open a/out O_WRONLY : open a/outdir/new O_CREAT|O_WRONLY 0644", "open=EACCES open=EACCES",
			[]string{"open ~/f/file (a/out)", "open ~/f/dir/new (a/outdir/new)"}},
		{"deleted working directory", "mkdir a/gone 0755 : chdir a/gone : rmdir ../gone : open x O_CREAT|O_WRONLY 0644 : mkdir ../../f/new 0755",
			"mkdir=0 chdir=0 rmdir=0 open=ENOENT mkdir=EACCES", deny("mkdir", "f/new", "../../f/new")},
		{"memory files and pipes", "memfd_create x 0 : fchmod $1 0600 : ftruncate $1 10 : pipe2 d:0,0 0 : fchmod 4 0600",
			"memfd_create=0 fchmod=0 ftruncate=0 pipe2=0 fchmod=0", nil},
		{"32-bit garbage", "80:5 f/file O_WRONLY : 80:8 f/new 0644", "80:5=EACCES 80:8=EACCES", []string{"open ~/f/file (f/file)", "creat ~/f/new (f/new)"}},
	})
}

func TestNamesWithAnyBytes(t *testing.T) {
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, name := range []string{"new\nline", "bad\xff\xfeutf", "tab\tquote\"", " space ", "-dash", "ctl\x01"} {
			out, res := w.confined(t, w.box(), "mkdir", "f/"+name, "0755", ":", "mkdir", "a/"+name, "0755")
			if diff := cmp.Diff("mkdir=EACCES\nmkdir=0", out); diff != "" {
				t.Errorf("%q (-want +got):\n%s", name, diff)
			}
			if len(res.Violations) != 1 || res.Violations[0].Canonical != w.root+"/f/"+name || res.Violations[0].Path != "f/"+name {
				t.Errorf("%q: got %q", name, w.report(res))
			}
		}
	}
}

func TestRenameAndLink(t *testing.T) {
	play(t, allowA, []scene{
		{"out", "rename a/file f/new", "rename=EACCES", []string{"rename ~/f/new (f/new)"}},
		{"in", "rename f/file a/new", "rename=EACCES", []string{"rename ~/f/file (f/file)"}},
		{"exchange", "renameat2 AT_FDCWD a/file AT_FDCWD f/file RENAME_EXCHANGE", "renameat2=EACCES", []string{"renameat2 ~/f/file (f/file)"}},
		{"an allowed root", "rename a b : rename a/empty a/b", "rename=EACCES rename=0", []string{"rename ~/b (b)"}},
		{"another over an allowed root", "mkdir a/x 0755 : rename a/x a", "mkdir=0 rename=ENOTEMPTY", nil},
		{"link of a file outside", "link f/file a/new", "link=EACCES", []string{"link ~/f/file (f/file)"}},
		{"link of a file inside", "link a/file f/new", "link=EACCES", []string{"link ~/f/new (f/new)"}},
		{"both inside", "link a/file a/new : rename a/new a/newer", "link=0 rename=0", nil},
		{"two names of one file", "rename f/file f/hard", "rename=0", nil},
	})
}

func TestAllowedRootStays(t *testing.T) {
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{w.root, w.root + "/a/dir"}} }, []scene{
		{"moved away", "rename a/dir a/moved : mkdir a/dir/new 0755", "rename=EACCES mkdir=0", []string{"rename ~/a/dir (a/dir)"}},
		{"exchanged", "renameat2 AT_FDCWD a/empty AT_FDCWD a/dir RENAME_EXCHANGE", "renameat2=EACCES", []string{"renameat2 ~/a/dir (a/dir)"}},
	})
}

// TestStandardOutputAgain opens a pipe by its names. It belongs to whoever runs
// the test.
func TestStandardOutputAgain(t *testing.T) {
	w := newWorld(t, os.Getuid())
	out, res := w.confined(t, w.box(), w.words("open /dev/stdout O_WRONLY : open /dev/fd/1 O_WRONLY")...)
	if diff := cmp.Diff("open=0\nopen=0", out); diff != "" || len(res.Violations) != 0 {
		t.Errorf("%v (-want +got):\n%s", w.report(res), diff)
	}
}

func TestForbiddenCalls(t *testing.T) {
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, tt := range []struct{ name, calls, want string }{
			{"chroot", "chroot a", "EPERM"},
			{"mount", "mount none a tmpfs 0 NULL", "EPERM"},
			{"umount2", "umount2 a 0", "EPERM"},
			{"pivot_root", "pivot_root a a", "EPERM"},
			{"unshare", "unshare CLONE_NEWUSER|CLONE_NEWNS", "EPERM"},
			{"setns", "setns 0 0", "EPERM"},
			{"ptrace", "ptrace 16 1 0 0", "EPERM"},
			{"open_by_handle_at", "open_by_handle_at AT_FDCWD BAD 0", "EPERM"},
			{"bpf", "bpf 0 BAD 0", "EPERM"},
			{"mknod", "mknod a/dev S_IFCHR|0666 0x101", "EPERM"},
			{"mknodat", "mknodat AT_FDCWD a/dev S_IFBLK|0666 0x101", "EPERM"},
			{"kill", "kill 1 9", "EPERM"},
		} {
			for _, action := range []Action{Deny, Report} {
				t.Run(tt.name+"/"+action.String(), func(t *testing.T) {
					if action == Report && strings.HasPrefix(tt.name, "mknod") {
						t.Skip("a device node can be reported and made")
					}
					box := w.box()
					box.OnViolation = action
					out, res := w.confined(t, box, w.words(tt.calls)...)
					if diff := cmp.Diff(tt.name+"="+tt.want, out); diff != "" {
						t.Errorf("uid %d (-want +got):\n%s", uid, diff)
					}
					if len(res.Violations) != 1 {
						t.Fatalf("uid %d: got %v, want one violation", uid, w.report(res))
					}
					v := res.Violations[0]
					if v.Call != tt.name || v.Reason == "" || v.Errno != unix.EPERM || v.Allowed {
						t.Errorf("uid %d: got %+v", uid, v)
					}
				})
			}
		}
	}
}

func TestAccessForWriting(t *testing.T) {
	play(t, allowA, []scene{
		{"is a question", "access f/file W_OK : access a/file W_OK : access f/none W_OK : access f/file R_OK : access f/file F_OK",
			"access=EACCES access=0 access=ENOENT access=0 access=0", nil},
	})
}

func TestDefaultDevices(t *testing.T) {
	calls := "open /dev/null O_WRONLY : open /dev/full O_RDWR : chmod /dev/null 0666"
	play(t, allowA, []scene{
		{"allowed to open only", calls, "open=0 open=0 chmod=EACCES", []string{"chmod /dev/null"}},
	})
	play(t, func(w *world) *Sandbox { return &Sandbox{Paths: []string{w.root + "/a"}} }, []scene{
		{"not asked for", "open /dev/null O_WRONLY : open a/file O_WRONLY", "open=EACCES open=0", []string{"open /dev/null"}},
	})
}

// TestOwnProcFiles: the kernel cannot tell the files of a process about itself from
// the others below /proc, so that it opens none of them for root.
func TestOwnProcFiles(t *testing.T) {
	for _, uid := range users() {
		w := newWorld(t, uid)
		want := "open=0"
		if uid == 0 && MachineLevel() > Level510 {
			want = "open=EACCES"
		}
		out, res := w.confined(t, allowA(w), "open", "/proc/self/comm", "O_WRONLY")
		if diff := cmp.Diff(want, out); diff != "" || len(res.Violations) > 0 {
			t.Errorf("uid %d: (-want +got):\n%s%v", uid, diff, res.Violations)
		}
	}
}

func TestRules(t *testing.T) {
	play(t, func(w *world) *Sandbox {
		return &Sandbox{Paths: []string{w.root, `~^/never`}, DenyPaths: []string{w.root + "/f", `~/secret[^/]*$`}}
	}, []scene{
		{"deny wins", "mkdir f/new 0755 : mkdir a/secrets 0755 : mkdir a/new 0755", "mkdir=EACCES mkdir=EACCES mkdir=0",
			[]string{"mkdir ~/f/new (f/new)", "mkdir ~/a/secrets (a/secrets)"}},
	})
	play(t, func(w *world) *Sandbox {
		return &Sandbox{Paths: []string{w.root + "/a/outdir"}, DenyPaths: []string{w.root + "/f"}}
	}, []scene{
		{"a denied target of an allowed link", "mkdir a/outdir/new 0755", "mkdir=EACCES", []string{"mkdir ~/f/dir/new (a/outdir/new)"}},
	})
	w := newWorld(t, os.Getuid())
	out, _ := w.run(t, &Sandbox{Paths: []string{w.root + "/a/outdir"}}, w.guest, w.words("mkdir a/outdir/new 0755 : mkdir f/new 0755 : unlink a/outdir")...)
	if diff := cmp.Diff("mkdir=0\nmkdir=EACCES\nunlink=EACCES", out); diff != "" {
		t.Errorf("a rule through a link (-want +got):\n%s", diff)
	}
}
