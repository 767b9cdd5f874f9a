package tracer

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestDeathInStop kills a process, or the one that started it, when it is in a stop
// that the tracer has been told of and has not handled.
func TestDeathInStop(t *testing.T) {
	dying := program(t, "dying")
	const (
		victim = "victim" // started by the nurse
		child  = "child"  // started by the victim
	)
	tests := []struct {
		kind eventKind
		at   string // whose stop it is
		dies string
		nths int // of these stops, from the first, in runs of their own
	}{
		{evSeccomp, victim, victim, 20},
		{evSyscall, victim, victim, 20},
		{evSignal, victim, victim, 2},
		{evGroupStop, victim, victim, 2},
		{evTrap, victim, victim, 2}, // its first stop, and the end of a group-stop
		{evBirth, victim, victim, 4},
		{evExec, victim, victim, 2},
		{evSeccomp, child, child, 3},
		{evTrap, child, child, 3},
		{evExec, child, child, 1},
		{evSeccomp, child, victim, 3},
		{evSyscall, child, victim, 3},
		{evTrap, child, victim, 3},
		{evExec, child, victim, 1},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%v of %s, %s dies", test.kind, test.at, test.dies), func(t *testing.T) {
			for nth := range test.nths {
				for _, waits := range []bool{true, false} {
					d := &deathbed{kind: test.kind, nth: nth, ofChild: test.at == child, victimDies: test.dies == victim, waits: waits}
					tr := Tracer{Log: slog.New(onEvent(d.event)), Handlers: []Handler{watchAll()}}
					cmd, output := command(t, dying, "nurse")
					r, err := tr.newRun(os.Getpid())
					if err != nil {
						t.Fatal(err)
					}
					d.t, d.r = t, r
					go onOwnThread(func() { r.main(cmd) })
					<-r.done
					if r.err != nil || !d.killed || r.outcome.Status.ExitStatus() != 7 || output() != "exit -1 signal 9\n" {
						t.Errorf("stop %d: error %v, killed %t, %s\n%s", nth, r.err, d.killed, describeStatus(r.outcome.Status), output())
					}
					if diff := cmp.Diff(tables{}, r.tables()); diff != "" {
						t.Errorf("stop %d (-want +got):\n%s", nth, diff)
					}
				}
			}
		})
	}
}

// deathbed kills one process of the tree of a nurse at one of its stops, and the
// victim later, if that was not it.
type deathbed struct {
	t          *testing.T
	r          *run
	kind       eventKind
	nth        int
	ofChild    bool
	victimDies bool
	waits      bool // until it is dead, so that every request fails
	killed     bool
}

// event is called before an event is handled.
func (d *deathbed) event(kind string, tid int) {
	pid, parent := family(tid)
	victim, isChild := pid, parent != d.r.root.pid
	if isChild {
		victim = parent
	}
	switch {
	case pid == d.r.root.pid || kind == evExited.String() || kind == evKilled.String():
		return
	case d.killed: // the next time that the victim stops
		if !isChild {
			_ = unix.Kill(victim, unix.SIGKILL)
		}
		return
	case kind != d.kind.String() || isChild != d.ofChild:
		return
	}
	if d.nth--; d.nth >= 0 {
		return
	}
	d.killed = true
	dies := pid
	if d.victimDies {
		dies = victim
	}
	if err := unix.Kill(dies, unix.SIGKILL); err != nil {
		d.t.Errorf("kill %d: %v", dies, err)
	}
	if d.waits && dies == pid {
		eventually(d.t, "it is dead", func() bool {
			state := stateOf("/proc/" + strconv.Itoa(tid))
			return state == 'Z' || state == 'X' || state == 0
		})
	}
}

// TestStoppedSiblings lets a thread end, or replace, a process all of whose other
// threads are in stops that the tracer has not been told of.
func TestStoppedSiblings(t *testing.T) {
	dying := program(t, "dying")
	tests := []struct {
		mode string
		call uint64
	}{
		{"exit-first", unix.SYS_EXIT_GROUP},
		{"exit-other", unix.SYS_EXIT_GROUP},
		{"exec-first", unix.SYS_EXECVE},
		{"exec-other", unix.SYS_EXECVE},
	}
	for _, test := range tests {
		t.Run(test.mode, func(t *testing.T) {
			var r *run
			waited := 0
			wait := func(kind string, tid int) {
				if kind != evSeccomp.String() || callOf(tid) != test.call || r.table.byTid[tid].proc.threads < 8 {
					return
				}
				waited++
				pid := r.root.pid
				eventually(t, "all threads are stopped", func() bool {
					return len(threadsIn(t, pid, 't')) == r.root.threads
				})
			}
			tr := Tracer{Log: slog.New(onEvent(wait)), Handlers: []Handler{watchAll()}}
			traceWith(t, &tr, func(given *run) { r = given }, dying, test.mode)
			if got := r.outcome.Status.ExitStatus(); got != 8 || waited != 1 {
				t.Errorf("%s, waited %d times", describeStatus(r.outcome.Status), waited)
			}
			if diff := cmp.Diff(tables{}, r.tables()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// callOf returns the number of the system call that a thread is stopped in
// (proc_pid_syscall(5)).
func callOf(tid int) uint64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", tid))
	number, _, _ := strings.Cut(string(text), " ")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return ^uint64(0)
	}
	return n
}

// threadsIn lists the threads of a process that are in a state.
func threadsIn(t *testing.T, pid int, state byte) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/task", pid)
	tasks, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, task := range tasks {
		if stateOf(dir+"/"+task.Name()) == state {
			list = append(list, task.Name())
		}
	}
	return list
}
