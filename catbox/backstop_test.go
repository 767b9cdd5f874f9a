package catbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/catbox-go/catbox/catbox/internal/landlock"
	"github.com/catbox-go/catbox/tests/harness"
)

// abis lists the versions of Landlock that can be tried here, none first.
func abis(t *testing.T) []int {
	t.Helper()
	all := []int{0}
	for abi := 1; abi <= landlock.ABI(); abi++ {
		all = append(all, abi)
	}
	if len(all) == 1 {
		harness.Missing(t, "needs Linux 5.13 or newer with Landlock")
	}
	return all
}

// TestKernelGuards lets the tracer allow everything, so that what is refused is
// refused by the kernel alone.
func TestKernelGuards(t *testing.T) {
	tests := []struct {
		call    string
		since   int // version of Landlock that refuses it
		allowed string
	}{
		{call: "open f/file O_WRONLY", since: landlock.Create},
		{call: "open f/new O_RDONLY|O_CREAT 0644", since: landlock.Create},
		{call: "open a/out O_WRONLY", since: landlock.Create},
		{call: "mkdir f/new 0755", since: landlock.Create},
		{call: "rmdir f/empty", since: landlock.Create},
		{call: "unlink f/file", since: landlock.Create},
		{call: "symlink x f/new", since: landlock.Create},
		{call: "mknod f/new S_IFIFO|0644 0", since: landlock.Create},
		{call: "rename f/file f/new", since: landlock.Refer},
		{call: "rename a/file f/new", since: landlock.Refer},
		{call: "rename f/file a/new", since: landlock.Refer},
		{call: "link a/file f/new", since: landlock.Refer},
		{call: "link f/file a/new", since: landlock.Refer},
		{call: "truncate f/file 1", since: landlock.Truncate},
		{call: "open f/file O_RDONLY|O_TRUNC", since: landlock.Truncate},
		{call: fmt.Sprintf("kill %d 0", os.Getpid()), since: landlock.Scope},
	}
	for _, abi := range abis(t) {
		for _, uid := range users() {
			w := newWorld(t, uid)
			for _, tt := range tests {
				t.Run(fmt.Sprintf("ABI %d/uid %d/%s", abi, uid, tt.call), func(t *testing.T) {
					if uid != os.Getuid() && strings.HasPrefix(tt.call, "kill") {
						t.Skip("an ordinary user may not signal root")
					}
					w.build(t)
					before := w.snapshot(t, "f")
					box := w.box()
					box.maxABI, box.blind = &abi, true
					out, _ := w.run(t, box, w.guest, w.words(tt.call)...)
					refused := abi >= tt.since
					if got := !strings.HasSuffix(out, "=0"); got != refused {
						t.Errorf("result %q, want it refused: %v", out, refused)
					}
					if diff := cmp.Diff(before, w.snapshot(t, "f")); refused && diff != "" {
						t.Errorf("refused, but the tree has changed (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// TestLevelsAgree makes the same calls with each version of Landlock: a program
// sees no difference.
func TestLevelsAgree(t *testing.T) {
	const inside = "rename a/file a/dir/file : link a/dir/file a/again : linkat AT_FDCWD a/in AT_FDCWD a/dir/followed AT_SYMLINK_FOLLOW : " +
		"renameat2 AT_FDCWD a/dir AT_FDCWD a/empty RENAME_EXCHANGE : rename a/empty/inner a/dir/ : rename a/none a/dir/x : " +
		"rename a/empty/ a/dir/moved/ : rename a/again a/none/x : link a/again a/dir : rename a/dir a/dir/x : " +
		"truncate a/again 1 : open a/again O_RDONLY|O_TRUNC : mkdir a/new 0750 : symlink x a/new/link : rename a/new/link a/link : " +
		"unlink a/link : rmdir a/new : chmod a/again 0600 : rmdir a : rename f/file a/file : link f/file a/file : rename a/again f/x : " +
		"renameat2 AT_FDCWD a/again AT_FDCWD f/file RENAME_EXCHANGE : linkat AT_FDCWD a/out AT_FDCWD a/x AT_SYMLINK_FOLLOW"
	for _, uid := range users() {
		w := newWorld(t, uid)
		var want []string
		for _, abi := range abis(t) {
			w.build(t)
			box := w.box()
			box.maxABI = &abi
			out, res := w.confined(t, box, w.words(inside)...)
			got := append(strings.Fields(out), w.report(res)...)
			if abi == 0 {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("uid %d, ABI %d (-want +got):\n%s", uid, abi, diff)
			}
		}
	}
}

// TestRemovedRoot: a directory of a rule can be removed and made again, also
// where the kernel's right hangs on it.
func TestRemovedRoot(t *testing.T) {
	const empty = "unlink a/file : unlink a/dir/inner : rmdir a/dir : rmdir a/empty : unlink a/in : unlink a/out : unlink a/outdir : unlink a/outnew : "
	const done = "unlink=0 unlink=0 rmdir=0 rmdir=0 unlink=0 unlink=0 unlink=0 unlink=0 "
	play(t, allowA, []scene{
		{"full", "rmdir a", "rmdir=ENOTEMPTY", nil},
		{"made again", empty + "rmdir a : rmdir a : mkdir a 0755 : mkdir a 0755 : mkdir a/x 0755", done + "rmdir=0 rmdir=ENOENT mkdir=0 mkdir=EEXIST mkdir=0", nil},
		{"by descriptor", empty + "unlinkat AT_FDCWD a AT_REMOVEDIR : mkdirat AT_FDCWD a/ 0755 : mkdir a/x 0755", done + "unlinkat=0 mkdirat=0 mkdir=0", nil},
	})
	w := newWorld(t, users()[len(users())-1])
	w.build(t)
	if out, _ := w.confined(t, w.box(), w.words(empty+"rmdir a")...); !strings.HasSuffix(out, "rmdir=0") {
		t.Errorf("results: %s", out)
	}
	if _, err := os.Lstat(w.root + "/a"); !os.IsNotExist(err) {
		t.Errorf("the directory is there after the run: %v", err)
	}
	w.build(t)
	out, _ := w.confined(t, w.box(), w.words(empty+"rmdir a : umask 0027 : mkdir a 0777 : stat a")...)
	info, err := os.Stat(w.root + "/a")
	if err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("made again with %v, %v, want 0750\n%s", info.Mode(), err, out)
	}
}

func TestAssess(t *testing.T) {
	if MachineLevel() == Level510 {
		harness.Missing(t, "needs Linux 5.13 or newer with Landlock")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	machine := MachineLevel()
	tests := []struct {
		name string
		box  Sandbox
		want Assessment
	}{
		{"nothing", Sandbox{}, Assessment{Level: machine}},
		{"a directory", Sandbox{Paths: []string{dir}, DefaultDevices: true}, Assessment{Level: machine}},
		{"a missing path", Sandbox{Paths: []string{dir + "/a/b"}},
			Assessment{Level: machine, Weak: []WeakRule{{Rule: dir + "/a/b", Guarded: dir}}}},
		{"a file", Sandbox{Paths: []string{dir + "/file"}},
			Assessment{Level: machine, Weak: []WeakRule{{Rule: dir + "/file", Guarded: dir}}}},
		{"a device", Sandbox{Paths: []string{"/dev/null"}}, Assessment{Level: machine}},
		{"a pattern", Sandbox{Paths: []string{"~^" + regexp.QuoteMeta(dir) + "/[a-z]+$"}},
			Assessment{Level: machine, Weak: []WeakRule{{Rule: "~^" + regexp.QuoteMeta(dir) + "/[a-z]+$", Guarded: dir}}}},
		{"any path", Sandbox{Paths: []string{`~\.o$`}},
			Assessment{Level: Level510, Weak: []WeakRule{{Rule: `~\.o$`, Guarded: "/"}}}},
		{"denied inside", Sandbox{Paths: []string{dir}, DenyPaths: []string{dir + "/x"}},
			Assessment{Level: machine, Weak: []WeakRule{{Rule: dir + "/x", Guarded: dir}}}},
		{"denied elsewhere", Sandbox{Paths: []string{dir}, DenyPaths: []string{"/etc"}}, Assessment{Level: machine}},
		{"collect only", Sandbox{Paths: []string{dir}, OnViolation: Report}, Assessment{Level: Level510}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.box.Assess()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(Assessment{}, "Reason"), cmpopts.IgnoreFields(WeakRule{}, "Reason")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if (got.Level < machine) != (got.Reason != "") {
				t.Errorf("level %v, reason %q", got.Level, got.Reason)
			}
			tt.box.Require = Level513
			_, err = tt.box.Run(t.Context(), &Command{Args: []string{"true"}})
			if low := got.Level < Level513; errors.Is(err, ErrBelowLevel) != low {
				t.Errorf("required %v: error %v", Level513, err)
			}
		})
	}
}

func TestParseLevel(t *testing.T) {
	tests := []struct {
		text string
		want Level
		ok   bool
	}{
		{"5.10", Level510, true}, {"5.12", Level510, true}, {"5.13", Level513, true}, {"6.1", Level513, true},
		{"6.2", Level62, true}, {"6.9", Level62, true}, {"6.10", Level610, true}, {"6.12", Level612, true}, {"7.0", Level612, true},
		{"5.9", 0, false}, {"4.20", 0, false}, {"", 0, false}, {"6", 0, false}, {"6.2.1", 0, false}, {"6.2x", 0, false}, {"-6.2", 0, false},
	}
	for _, tt := range tests {
		got, err := ParseLevel(tt.text)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("ParseLevel(%q) = %v, %v, want %v, %v", tt.text, got, err, tt.want, tt.ok)
		}
	}
}

// TestIdentity: the tracer of root changes metadata with the rights that the
// program has by then, not with its own.
func TestIdentity(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, who can take other identities")
	}
	w := newWorld(t, 0)
	build := func() {
		w.build(t)
		for path, mode := range map[string]os.FileMode{"a": 0o755, "a/dir": 0o700, "a/empty": 0o777, "a/empty/theirs": 0o644, "a/file": 0o664} {
			if strings.HasSuffix(path, "theirs") {
				if err := os.WriteFile(filepath.Join(w.root, path), nil, mode); err != nil {
					t.Fatal(err)
				}
				if err := os.Chown(filepath.Join(w.root, path), nobody, 1000); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(filepath.Join(w.root, path), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	const calls = "chmod a/file 0600 : chmod a/dir/inner 0600 : chmod a/empty/theirs 0640 : chown a/empty/theirs -1 2000 : chown a/empty/theirs -1 1000 : " +
		"chmod a/empty/theirs 02755 : utimensat AT_FDCWD a/file NULL 0 : utimensat AT_FDCWD a/empty/theirs NULL 0 : chown a/file 0 0 : " +
		"lchown a/in 0 0 : open a/empty/theirs O_RDONLY : fchmod $1 0600"
	for _, who := range []string{
		"getpid",
		"setresuid -1 65534 -1",
		"setresuid 65534 65534 65534",
		"setresgid 1000 1000 1000 : setresuid 65534 65534 65534",
		"setresuid 65534 65534 65534 : setresuid -1 0 -1",
		"setfsuid 65534",
		"setresuid -1 65534 -1 : setresuid -1 0 -1",
	} {
		t.Run(who, func(t *testing.T) {
			opened := fmt.Sprintf("$%d", strings.Count(who+" : "+calls, " : ")) // the result of the call before the last
			line := who + " : " + strings.ReplaceAll(calls, "$1", opened)
			modes := func() []string {
				list := w.snapshot(t, "a")
				for i, line := range list { // without the times, which two runs do not share
					list[i], _, _ = strings.Cut(line, " mtime")
				}
				return list
			}
			build()
			native := w.native(t, w.words(line)...)
			wantTree := modes()
			build()
			out, res := w.confined(t, w.box(), w.words(line)...)
			if who == "getpid" {
				native, out = strings.Join(strings.Fields(native)[1:], " "), strings.Join(strings.Fields(out)[1:], " ")
			}
			if diff := cmp.Diff(strings.Fields(native), strings.Fields(out)); diff != "" {
				t.Errorf("native and confined (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantTree, modes()); diff != "" {
				t.Errorf("trees (-want +got):\n%s", diff)
			}
			if len(res.Violations) > 0 {
				t.Errorf("violations: %v", w.report(res))
			}
			if who == "setresuid 65534 65534 65534" && !slices.Contains(strings.Fields(out), "chmod=EPERM") {
				t.Errorf("no call failed: %s", out)
			}
		})
	}
}
