package controls

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// control is one line of what the guest offers.
type control struct{ group, name string }

func controls(t *testing.T, program string) []control {
	t.Helper()
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []control
	for line := range strings.Lines(string(out)) {
		if group, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok && group != "parts" {
			list = append(list, control{group, name})
		}
	}
	return list
}

// TestControls compares what each control prints natively and confined.
func TestControls(t *testing.T) {
	program := guest(t)
	for _, c := range controls(t, program) {
		for _, uid := range users() {
			t.Run(fmt.Sprintf("%s/%s/uid %d", c.group, c.name, uid), func(t *testing.T) {
				t.Parallel()
				compare(t, c, uid, program)
			})
		}
	}
}

// TestControlsCompat does so with a 32-bit program, but for the walk of long lists of
// names, which is the same for both.
func TestControlsCompat(t *testing.T) {
	if !compat() {
		t.Skip("needs a machine that runs i386 programs: amd64")
	}
	program := guest(t, "-m32")
	uid := users()[len(users())-1]
	for _, c := range controls(t, program) {
		if slices.Contains([]string{"names", "long_names", "link_chains"}, c.name) {
			continue
		}
		t.Run(c.group+"/"+c.name, func(t *testing.T) {
			t.Parallel()
			compare(t, c, uid, program)
		})
	}
}

func compare(t *testing.T, c control, uid int, program string) {
	t.Helper()
	if why := cannot(c.name, uid); why != "" {
		t.Skip(why)
	}
	w := newWorld(t, uid)
	want := w.native(t, program, c.name, w.root)
	if want.Ending != "exit 0" || !strings.HasSuffix(want.Output, "done\n") {
		t.Fatalf("natively it ends with %s:\n%s", want.Ending, want.Output)
	}
	got, res := w.confined(t, program, c.name, w.root)
	if got.Ending != want.Ending {
		t.Errorf("it ends with %s, natively with %s", got.Ending, want.Ending)
	}
	if diff := lines(want.Output, got.Output); diff != "" {
		t.Errorf("what it prints (-native +confined):\n%s", diff)
	}
	if diff := cmp.Diff(want.Tree, got.Tree); diff != "" {
		t.Errorf("what it leaves (-native +confined):\n%s", diff)
	}
	for i := range res.Violations {
		t.Errorf("refused: %s", res.Violations[i].String())
	}
}

// cannot says why a control differs: what the machine lacks, or what Landlock
// cannot tell apart.
func cannot(name string, uid int) string {
	var fs unix.Statfs_t
	switch {
	case name == "posix_messages" && (unix.Statfs("/dev/mqueue", &fs) != nil || fs.Type != mqueueMagic):
		return "needs the file system of message queues at /dev/mqueue, without which Landlock lets nobody write to one"
	case name == "names_itself" && uid == 0:
		return "needs an ordinary user: for root Landlock forbids the files below /proc, since it cannot tell a process's own from others"
	}
	return ""
}

// mqueueMagic is MQUEUE_MAGIC of the kernel's ipc/mqueue.c.
const mqueueMagic = 0x19800202

// lines shows which lines of two texts differ.
func lines(want, got string) string {
	var b strings.Builder
	a, c := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(c)) {
		switch {
		case i >= len(a):
			fmt.Fprintf(&b, "+ %s\n", c[i])
		case i >= len(c):
			fmt.Fprintf(&b, "- %s\n", a[i])
		case a[i] != c[i]:
			fmt.Fprintf(&b, "- %s\n+ %s\n", a[i], c[i])
		}
	}
	return b.String()
}
