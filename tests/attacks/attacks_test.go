package attacks

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
)

// nobody is the ordinary user of tests that are run by root, and loner one who
// has no other processes.
const (
	nobody = 65534
	loner  = 64977
)

func users() []int {
	if os.Getuid() == 0 {
		return []int{0, nobody}
	}
	return []int{os.Getuid()}
}

// attack is one line of what the guest offers.
type attack struct{ group, name string }

// race reports whether the attack is one that goes on until it wins.
func (a attack) race() bool { return strings.HasPrefix(a.group, "races") }

func attacks(t testing.TB, program string) []attack {
	t.Helper()
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []attack
	groups := map[string]string{}
	for line := range strings.Lines(string(out)) {
		group, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && group != "victim" && name != "proc_exe_inner" && name != "privileged" { // parts of others
			if other := groups[name]; other != "" {
				t.Fatalf("the groups %s and %s both have an attack %s; the guest would make both", other, group, name)
			}
			groups[name] = group
			list = append(list, attack{group, name})
		}
	}
	return list
}

// TestAttacks makes each attack twice: without confinement it succeeds, unless
// something else forbids it; confined it changes nothing.
func TestAttacks(t *testing.T) {
	program := guest(t)
	for _, a := range attacks(t, program) {
		if a.race() {
			continue
		}
		for _, uid := range users() {
			t.Run(fmt.Sprintf("%s/%s/uid %d", a.group, a.name, uid), func(t *testing.T) {
				t.Parallel()
				play(t, a, uid, program)
			})
		}
	}
}

// TestAttacksCompat makes the attacks on files by a 32-bit program.
func TestAttacksCompat(t *testing.T) {
	program := guest(t, "-m32")
	for _, a := range attacks(t, program) {
		if a.group != "files" && a.group != "meta" && a.group != "links" && a.group != "net" {
			continue
		}
		uid := users()[len(users())-1]
		t.Run(a.group+"/"+a.name, func(t *testing.T) {
			t.Parallel()
			play(t, a, uid, program)
		})
	}
}

// TestAttacksOnTracer aims at the process that traces.
func TestAttacksOnTracer(t *testing.T) {
	program := guest(t)
	for _, a := range attacks(t, program) {
		if a.group != "outside" {
			continue
		}
		for _, uid := range users() {
			t.Run(fmt.Sprintf("%s/uid %d", a.name, uid), func(t *testing.T) {
				t.Parallel()
				if a.name == "kill_everybody" {
					t.Skip("is no attack on one process")
				}
				w := newWorld(t, uid, program, a.name)
				defer w.victim.report()
				out, err := w.run(t, a.name, &task{Confined: true, OnTracer: true})
				if err != nil || !strings.Contains(out, "done\n") {
					t.Errorf("the tracer was hit: %v\n%s", err, out)
				}
			})
		}
	}
}

func play(t *testing.T, a attack, uid int, program string) {
	if a.name == "kill_everybody" {
		if os.Getuid() != 0 || uid == 0 {
			t.Skip("would reach processes that are not of this test")
		}
		uid = loner
	}
	if why := cannot(a, uid); why != "" {
		t.Logf("not tried without confinement: %s", why)
	} else if effect, out := attempt(t, a, uid, program, false); effect == "" {
		t.Errorf("has no effect without confinement:\n%s", out)
	}
	if why := asNative[a.name]; why != "" && catbox.MachineLevel() == catbox.Level510 {
		t.Skipf("allowed: %s", why)
	}
	if effect, out := attempt(t, a, uid, program, true); effect != "" {
		t.Errorf("succeeds:\n%s\n%s", effect, out)
	} else if !strings.Contains(out, "done\n") {
		t.Errorf("did not come to its end:\n%s", out)
	}
}

// TestAttacksFaked makes the attacks on files by a program that believes to be root: what it is
// told may be that it has succeeded, but nothing outside changes.
func TestAttacksFaked(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	program := guest(t)
	for _, a := range attacks(t, program) {
		uid := users()[len(users())-1]
		if a.race() || a.group != "files" && a.group != "meta" && a.group != "links" {
			continue
		}
		t.Run(a.group+"/"+a.name, func(t *testing.T) {
			t.Parallel()
			if why := asNative[a.name]; why != "" && catbox.MachineLevel() == catbox.Level510 {
				t.Skipf("allowed: %s", why)
			}
			effect, out := attemptTask(t, a, uid, program, &task{Confined: true, Fakeroot: true})
			if effect = strings.TrimSuffix(effect, saysSo); effect != "" {
				t.Errorf("succeeds:\n%s\n%s", effect, out)
			} else if !strings.Contains(out, "done\n") {
				t.Errorf("did not come to its end:\n%s", out)
			}
		})
	}
}

// saysSo is the effect of an attack that only claims to have succeeded.
const saysSo = "it says so\n"

// attempt makes the attack in a world of its own and returns what it changed.
func attempt(t *testing.T, a attack, uid int, program string, confined bool) (effect, out string) {
	t.Helper()
	return attemptTask(t, a, uid, program, &task{Confined: confined})
}

func attemptTask(t *testing.T, a attack, uid int, program string, k *task) (effect, out string) {
	t.Helper()
	unhurt := newWorld(t, uid, program, a.name).victim.report()
	w := newWorld(t, uid, program, a.name)
	if a.race() {
		w.furnishRace(t, a.name, k)
	}
	terminal := w.furnish(t, a.name, k)
	before := w.snapshot(t)
	out, err := w.run(t, a.name, k)
	if err != nil {
		effect += fmt.Sprintf("the runner: %v\n", err)
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		effect += "the forbidden tree (-want +got):\n" + diff
	}
	if diff := cmp.Diff(unhurt, w.victim.report()); diff != "" {
		effect += "the process outside (-want +got):\n" + diff
	}
	if heard := w.ears.heard(); len(heard) > 0 {
		effect += fmt.Sprintf("listeners were reached: %q\n", heard)
	}
	if terminal != nil && pending(t, terminal) > 0 {
		effect += "text was typed into the terminal\n"
	}
	if strings.Contains(out, "success\n") {
		effect += saysSo
	}
	return effect, out
}

func pending(t testing.TB, terminal *os.File) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// run makes the attack below a process of its own.
func (w *world) run(t testing.TB, name string, k *task) (string, error) {
	t.Helper()
	k.Args = append([]string{w.guest, name, w.root, fmt.Sprint(w.victim.cmd.Process.Pid), fmt.Sprint(w.ears.port)}, k.Args...)
	k.Dir, k.Allow = w.root, []string{w.path("a")}
	switch {
	case strings.HasPrefix(name, "pattern_"):
		k.Allow = []string{"~^" + regexp.QuoteMeta(w.path("a")) + "/(?!sub/secret)"}
	case strings.HasPrefix(name, "deny_"):
		k.Deny = []string{w.path("a/sub/secret")}
	}
	if k.Stdin == "" {
		k.Stdin = os.DevNull
	}
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience+k.Length)
	defer cancel()
	cmd := exec.CommandContext(ctx, runner(t))
	cmd.Dir = w.root
	cmd.Env = []string{runnerVariable + "=" + string(text), "PATH=/usr/bin:/bin", "GOMAXPROCS=2"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(w.uid)}
	if os.Getuid() == 0 && strings.HasPrefix(name, "mount_") { // mounts of an attack that succeeds are to stay in it
		cmd.SysProcAttr.Unshareflags = unix.CLONE_NEWNS
	}
	cmd.WaitDelay = patience
	out, err := cmd.CombinedOutput()
	return string(out), err
}
