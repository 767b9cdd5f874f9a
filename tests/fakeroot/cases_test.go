package fakeroot

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/tests/harness"
)

var update = flag.Bool("update", false, "write testdata/cases.txt anew, as root")

// openACL grants user 1000 everything, strictACL the owner alone, noMask is invalid.
const (
	openACL   = "0200000001000600ffffffff02000700e803000004000400ffffffff10000500ffffffff20000400ffffffff"
	strictACL = "0200000001000700ffffffff04000000ffffffff20000000ffffffff"
	noMask    = "0200000001000700ffffffff02000700e803000004000500ffffffff20000000ffffffff"
	fileCaps  = "0100000200200000000000000000000000000000"
)

// cases are sequences that were wrong once, or that chance seldom meets.
var cases = []struct {
	name string
	ops  sequence
}{
	{"an address instead of a path", sequence{"setregid 1 1000", "bind a", "bind a", "umask 0777", "bind b"}},
	{"an address that is taken by a device", sequence{"umask 0777", "mknod b c 0777 240 255", "bind b"}},
	{"new set-id bits outlast writing", sequence{"open a wc 04755", "write a text", "mknod b f 06711 0 0", "write b text"}},
	{"a device has no attributes of users", sequence{"mknod c b 0644 1 3", "setxattr c user.a 61 0", "removexattr c user.a", "getxattr c user.a 9", "getxattr c user. 9", "listxattr c 9"}},
	{"classes of attributes", sequence{"getxattr . trusted. 9", "setxattr . trusted. 61 0", "setxattr . security. 61 0", "setxattr . user. 61 0", "drop -1", "getxattr . trusted. 9", "setxattr . trusted. 61 0", "setxattr . security. 61 0"}},
	{"no groups", sequence{"status", "setgroups 3 7,5,6", "status", "setgroups 0 0", "status"}},
	{"a default list", sequence{"setxattr . system.posix_acl_default " + strictACL + " 0", "mkdir d 0777", "open a wc 0666", "mknod c c 0644 8 0", "symlink a l", "bind b", "mkdir d/y 02777"}},
	{"a default list with names", sequence{"umask 077", "setxattr . system.posix_acl_default " + openACL + " 0", "mkdir d 0777", "open a wc 0666", "mknod c c 0644 8 0", "open . wT 0666", "chmod a 0700", "removexattr d system.posix_acl_default", "open d/x wc 0666"}},
	{"lists that cannot be", sequence{"open a wc 0644", "setxattr a system.posix_acl_default " + openACL + " 0", "setxattr a system.posix_acl_default " + noMask + " 0", "setxattr a system.posix_acl_default - 0", "setxattr . system.posix_acl_access " + noMask + " 0", "symlink a l", "lsetxattr l system.posix_acl_access " + openACL + " 0"}},
	{"capabilities without a value", sequence{"open a wc 0644", "setxattr a security.capability - 0", "getxattr a security.capability 9", "listxattr a 40", "truncate a 3", "chown a 5 -1", "drop -1", "setxattr a security.capability - 0", "removexattr a security.capability"}},
	{"capabilities of a wrong form", sequence{"drop -1", "setxattr . security.capability 616263 0", "setxattr . security.capability " + fileCaps + " 0"}},
	{"truncation takes capabilities", sequence{"open a wc 04755", "setxattr a security.capability " + fileCaps + " 0", "truncate a 3", "setxattr a security.capability " + fileCaps + " 0", "open a wct 0", "setxattr a security.capability " + fileCaps + " 0", "open a rt 0"}},
	{"truncation takes set-id bits", sequence{"umask 0", "open a wc 06777", "open b wc 02766", "setresuid 1 1 0", "open a wt 0", "truncate b 3", "setuid 0", "open a wt 0"}},
	{"giving away takes privileges", sequence{"open a wc 06755", "setxattr a security.capability " + fileCaps + " 0", "chown a -1 -1", "open b wc 02644", "chown b 5 6", "mkdir d 0755", "chmod d 06755", "chown d 5 6"}},
	{"a stranger may not even change nothing", sequence{"open a wc 02777", "open b wc 0777", "setuid 1000", "chown a -1 -1", "chown b -1 -1", "utime a", "chmod a 0700"}},
	{"a group is handed on", sequence{"chown . -1 7", "chmod . 02777", "open a wc 0644", "mkdir d 0755", "mknod c c 0644 1 3", "open . wT 0644", "symlink a l", "bind b"}},
	{"a group is handed on by strangers", sequence{"umask 0", "chown . -1 7", "chmod . 02777", "drop 0x10", "open a wc 02777", "open b wc 02766", "mknod c c 02777 1 3", "mkdir d 02777"}},
	{"a missing file is missing first", sequence{"symlink l/x l", "link a l/y", "open d wc 0644", "linkopen 0 d/y"}},
	{"wrong flags are wrong first", sequence{"access2 /proc/self/fd/11 2 1", "access2 nothing/x 2 1"}},
	{"descriptors as paths", sequence{"mkdir d 0755", "keep 0 d rd 0", "keep 1 d/x bcx 04711", "chown /dev/fd/11 5 6", "chmod /proc/self/fd/11 0", "read d/x", "setxattr /proc/thread-self/fd/11 trusted.t 61 0", "getxattr d/x trusted.t 9", "fchownat 0 x 7 -1", "fchmodat 0 ./x 0111", "renameat 0 x b", "stat /dev/fd/11"}},
	{"whiteouts", sequence{"setgid 5", "open a wc 0644", "whiteout a b", "symlink a l", "whiteout l l", "chown a 7 7", "rename a c"}},
	{"an unnamed file keeps what is recorded", sequence{"keep 0 . bT 04711", "fchown 0 5 6", "fsetxattr 0 trusted.t 61 0", "linkopen 0 a", "fchmod 0 0", "fgetxattr 0 trusted.t 9"}},
	{"a removed file keeps what is recorded", sequence{"keep 0 a bcx 0644", "fchown 0 5 6", "unlink a", "open a wc 0600", "fstat 0", "fchmod 0 04755", "fsetxattr 0 security.capability " + fileCaps + " 0", "fgetxattr 0 security.capability 40"}},
	{"programs with set-id bits", sequence{"chmod . 0777", "program 04755 1000 1001", "program 06755 1000 1001", "program 02745 1000 1001", "setresuid 5 5 5", "program 0755 0 0"}},
	{"set-id bits make root again", sequence{"chmod . 0777", "keepcaps 1", "setresuid 1000 1000 0", "exec", "program 04755 0 0"}},
	{"a child keeps the identity", sequence{"setgroups 2 8,9", "setresgid 1 2 3", "setresuid 1 2 0", "fork", "setuid 0", "exec", "ids"}},
	{"the bounding set", sequence{"capbset 7", "capbound 7", "exec", "setuid 1", "setuid 0", "ids"}},
}

// casesFile holds what real root has seen, without the names of the calls that have
// told it, which not every architecture has.
const casesFile = "testdata/cases.txt"

func anyCall(text string) string {
	return regexp.MustCompile(` by [a-z0-9]+:`).ReplaceAllString(text, ":")
}

// TestCases compares the cases with what real root sees, or, for who is not root,
// with what root has seen once.
func TestCases(t *testing.T) {
	t.Parallel()
	needKernel(t)
	args := []string{harness.Fakeroot(t, programDir()), fmt.Sprintf("%#x", uint64(matter))}
	var all []sequence
	for _, c := range cases {
		all = append(all, c.ops)
	}
	got := faked(t, args, all)
	if os.Getuid() == 0 {
		needRoot(t)
		want := native(t, args, all)
		checkFile(t, want)
		checkCases(t, want, got)
		return
	}
	text, err := os.ReadFile(casesFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(text), "# ")[1:]
	if len(want) != len(cases) {
		t.Fatalf("%s has %d cases, not %d; as root: go test ./tests/fakeroot -run Cases -update", casesFile, len(want), len(cases))
	}
	for i, c := range cases {
		want[i], got[i] = strings.TrimPrefix(want[i], c.name+"\n"), anyCall(got[i])
	}
	checkCases(t, want, got)
}

func checkCases(t *testing.T, want, got []string) {
	t.Helper()
	for i, c := range cases {
		if want[i] != got[i] {
			t.Errorf("%s, as real root (-) and with faked ownership (+):\n%s", c.name, changes(want[i], got[i]))
		}
	}
}

// checkFile checks that the file has what root sees, or writes it.
func checkFile(t *testing.T, want []string) {
	t.Helper()
	var file strings.Builder
	for i, c := range cases {
		fmt.Fprintf(&file, "# %s\n%s", c.name, anyCall(want[i]))
	}
	if *update {
		if err := os.WriteFile(casesFile, []byte(file.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(casesFile); err != nil {
		t.Error(err)
	} else if string(text) != file.String() {
		t.Errorf("%s is not what root sees here; go test ./tests/fakeroot -run Cases -update:\n%s", casesFile, changes(string(text), file.String()))
	}
}
