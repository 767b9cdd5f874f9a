package faults

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLoad checks that the load of the tests below does write outside where
// nobody hinders it, and not in catbox.
func TestLoad(t *testing.T) {
	tests := []struct {
		name    string
		argv    func(w *world, load string) []string
		status  int
		escaped bool
	}{
		{"native", func(w *world, load string) []string { return []string{load, w.in, w.out, "2"} }, 0, true},
		{"confined", func(w *world, load string) []string { return w.confined(t, load, w.in, w.out, "2") }, 123, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			out, err := w.command(t, test.argv(w, guest(t, "load"))...).Output()
			if got := exitStatus(t, err); got != test.status || len(out) == 0 {
				t.Errorf("exit status %d, want %d; output %q", got, test.status, out)
			}
			_, err = os.Stat(filepath.Join(w.out, "escaped"))
			if got := err == nil; got != test.escaped {
				t.Errorf("written outside: %t, want %t", got, test.escaped)
			}
			w.checkGone(t)
		})
	}
}

// TestKilledAtCall kills catbox at a call that it, or what it starts, is about to
// make: at each one of the start of a command, and at some of its run.
func TestKilledAtCall(t *testing.T) {
	tests := []struct {
		name  string
		setID bool
		later int // kills after the start
	}{
		{"program", false, 20},
		// For this one the kernel forgets the parent-death signal (prctl(2)).
		{"set-user-ID program", true, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			load, uid := guest(t, "load"), -1
			if test.setID {
				load, uid = w.setUserID(t, load), nobody
			}
			launch := w.killAt(t, 0, uid, w.confined(t, "/bin/true")...).calls
			if launch < 50 {
				t.Fatalf("%d calls start a command", launch)
			}
			for _, n := range moments(launch, test.later) {
				killed := w.killAt(t, n, uid, w.confined(t, load, w.in, w.out)...)
				if killed.status != int(unix.SIGKILL) {
					t.Errorf("status %#x", killed.status)
				}
				w.checkGone(t)
				w.checkOutside(t)
				if t.Failed() {
					t.Fatalf("call %d of %d: %s", n, launch, killed.call)
				}
			}
		})
	}
}

// moments lists the calls of the start, and random ones of the time after it.
func moments(launch, later int) []int {
	if testing.Short() {
		return []int{launch / 4, launch / 2, launch + 500}
	}
	var list []int
	for n := 1; n <= launch; n++ {
		list = append(list, n)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range later {
		list = append(list, launch+random.IntN(5000))
	}
	return list
}

// setUserID makes a program of another user that takes its user along.
func (w *world) setUserID(t *testing.T, program string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a set-user-ID program of another user")
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(w.root, &fs); err != nil || fs.Flags&unix.ST_NOSUID != 0 {
		t.Skipf("needs a directory for temporary files that is not mounted nosuid (%v)", err)
	}
	path := filepath.Join(w.root, filepath.Base(program))
	if out, err := exec.Command("cp", program, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Chmod(path, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKilledAtLine kills catbox, at full speed, when the load has made so many
// files.
func TestKilledAtLine(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	kills := 30
	if testing.Short() {
		kills = 2
	}
	for range kills {
		n := 1 + random.IntN(150)
		w := newWorld(t)
		w.killAtLine(t, n)
		if t.Failed() {
			t.Fatalf("killed at line %d", n)
		}
	}
}

func (w *world) killAtLine(t *testing.T, n int) {
	t.Helper()
	cmd := w.command(t, w.confined(t, guest(t, "load"), w.in, w.out)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for range n {
		if !lines.Scan() {
			t.Fatalf("the load ended: %v", lines.Err())
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The pipe ends when nobody has it any more.
	if err := stdout.(*os.File).SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Errorf("the output does not end: %v", err)
	}
	if got := exitStatus(t, cmd.Wait()); got != 128+int(unix.SIGKILL) {
		t.Errorf("exit status %d", got)
	}
	w.checkGone(t)
	w.checkOutside(t)
}

// killed is how a run under the killer ended.
type killed struct {
	call   string
	calls  int
	status int
}

// killAt runs a command, as uid unless that is negative, and kills it at its n-th
// call. It returns when all of the tree has ended.
func (w *world) killAt(t testing.TB, n, uid int, argv ...string) killed {
	t.Helper()
	cmd := w.command(t, append([]string{guest(t, "killer"), fmt.Sprint(n), fmt.Sprint(uid)}, argv...)...)
	var k killed
	out, err := cmd.Output()
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		_, _ = fmt.Sscanf(lines.Text(), "calls %d status %d", &k.calls, &k.status)
		if _, e := fmt.Sscanf(lines.Text(), "killed at %s", &k.call); e == nil {
			k.call = lines.Text()
		}
	}
	if err != nil || k.calls == 0 {
		w.checkGone(t)
		t.Fatalf("killed at %d (%s): %v", n, k.call, err)
	}
	return k
}
