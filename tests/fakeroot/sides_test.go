package fakeroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/catbox-go/catbox/tests/harness"
)

// patience bounds one run of the guest; only one that hangs takes so long.
const patience = time.Minute

// A sequence is the operations of one, in lines for the guest.
type sequence []string

// rerun stands between what one run of the guest carries out and what the next one
// does, which begins with what the first one has left.
const rerun = "rerun"

// pass returns the part of a sequence that is for a run.
func (s sequence) pass(number int) sequence {
	at := slices.Index(s, rerun)
	switch {
	case at < 0 && number == 0:
		return s
	case at < 0:
		return nil
	case number == 0:
		return s[:at]
	}
	return s[at+1:]
}

// passes returns how many runs some sequences need.
func passes(all []sequence) int {
	for _, s := range all {
		if slices.Contains(s, rerun) {
			return 2
		}
	}
	return 1
}

// native is the side of real root.
func native(t testing.TB, args []string, all []sequence) []string {
	t.Helper()
	return run(t, 0, args, all)
}

// faked is the side of an ordinary user who is told to be root.
func faked(t testing.TB, args []string, all []sequence) []string {
	t.Helper()
	catbox := harness.Program(t, programDir(), "cmd/catbox")
	uid := os.Getuid()
	if uid == 0 {
		uid = *who
	}
	before := []string{catbox, "run", "--fakeroot", "--fakeroot-status", "-p", ".", "--"}
	if passes(all) > 1 {
		before = slices.Insert(before, 2, "--fakeroot-save", "../own")
	}
	return run(t, uid, slices.Concat(before, args), all)
}

// run starts a command with a script of the sequences as its input. If it breaks off,
// how it did so is what the sequence has said, and it is started again for the rest.
func run(t testing.TB, uid int, args []string, all []sequence) []string {
	t.Helper()
	said, ending := start(t, uid, args, all)
	if ending == "" {
		return said
	}
	if len(said) == 0 {
		t.Fatalf("%v does not start: %s", args, ending)
	}
	said[len(said)-1] += ending
	if rest := all[len(said):]; len(rest) > 0 {
		said = append(said, run(t, uid, args, rest)...)
	}
	return said
}

// start runs a command in a fresh directory of the user's and returns what the
// sequences have said as far as they came, and, unless that was all, how it ended.
func start(t testing.TB, uid int, args []string, all []sequence) (said []string, ending string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "catbox-model-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	furnish(t, dir, uid)
	for number := range passes(all) {
		now, ending := pass(t, dir+"/work", uid, args, all, number)
		for i := range now {
			if i == len(said) {
				said = append(said, "")
			}
			said[i] += now[i]
		}
		if ending != "" {
			return said[:len(now)], ending
		}
	}
	return said, ""
}

// pass is one run of a command.
func pass(t testing.TB, dir string, uid int, args []string, all []sequence, number int) (said []string, ending string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin = script(t, all, number)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, &out, &errs
	cmd.WaitDelay = patience
	if os.Getuid() == 0 { // with no further groups
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	err := cmd.Run()
	said, whole := split(out.String(), len(all))
	if err != nil || !whole {
		ending = fmt.Sprintf("the run ended with %v\n%.2000s\n", err, errs.String())
	}
	return said, ending
}

// furnish makes what is there before the guest starts: in "work", where it runs, "old"
// has a file and a directory whose modes keep their owner out.
func furnish(t testing.TB, dir string, uid int) {
	t.Helper()
	work, old := dir+"/work", dir+"/work/old"
	err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(work, 0o755), os.Mkdir(old, 0o755), os.Mkdir(old+"/dir", 0o755),
		os.WriteFile(old+"/file", []byte("text"), 0o644), os.Chmod(old+"/dir", 0o555), os.Chmod(old+"/file", 0))
	if os.Getuid() == 0 {
		for _, name := range []string{dir, work, old, old + "/dir", old + "/file"} {
			err = errors.Join(err, os.Chown(name, uid, uid))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// script returns what the sequences have for a run, as an open file that has no name
// any more.
func script(t testing.TB, all []sequence, number int) *os.File {
	t.Helper()
	var text strings.Builder
	for i, s := range all {
		fmt.Fprintf(&text, "seq %d\n%s\n", i, strings.Join(s.pass(number), "\n"))
	}
	f, err := os.CreateTemp("", "catbox-script-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := os.Remove(f.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text.String()); err != nil {
		t.Fatal(err)
	}
	return f
}

// split takes apart what the guest has said, without empty lines. whole is false
// unless all of it is there.
func split(out string, count int) (said []string, whole bool) {
	var b strings.Builder
	for line := range strings.Lines(out) {
		if number, ok := strings.CutPrefix(line, "seq "); ok {
			if strings.TrimSpace(number) != strconv.Itoa(len(said)) {
				return said, false
			}
			said = append(said, "")
			b.Reset()
		}
		if len(said) > 0 && strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "seq ") {
			b.WriteString(line)
			said[len(said)-1] = b.String()
		}
	}
	if len(said) != count || !strings.HasSuffix(out, "\ndone\n") {
		return said, false
	}
	said[count-1] = strings.TrimSuffix(said[count-1], "done\n")
	return said, true
}
