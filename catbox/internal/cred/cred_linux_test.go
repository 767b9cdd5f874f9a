package cred

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// kernel returns the credentials that the calling thread really has.
func kernel(t *testing.T) *Cred {
	t.Helper()
	c := &Cred{}
	text, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		scan := func(format string, to ...any) {
			if _, err := fmt.Sscanf(value, format, to...); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		switch name {
		case "Uid":
			scan("%d %d %d %d", &c.UID.Real, &c.UID.Effective, &c.UID.Saved, &c.UID.FS)
		case "Gid":
			scan("%d %d %d %d", &c.GID.Real, &c.GID.Effective, &c.GID.Saved, &c.GID.FS)
		case "Groups":
			for field := range strings.FieldsSeq(value) {
				var id uint32
				if _, err := fmt.Sscan(field, &id); err != nil {
					t.Fatal(err)
				}
				c.Groups = append(c.Groups, id)
			}
		case "CapPrm":
			scan("%x", &c.Caps.Permitted)
		case "CapEff":
			scan("%x", &c.Caps.Effective)
		case "CapInh":
			scan("%x", &c.Caps.Inheritable)
		case "CapBnd":
			scan("%x", &c.Caps.Bounding)
		}
	}
	keep, err := unix.PrctlRetInt(unix.PR_GET_KEEPCAPS, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.KeepCaps = keep == 1
	return c
}

// step is one call, made and modelled.
type step struct {
	name  string
	real  func() (uintptr, unix.Errno)
	model func(*Cred) (*Cred, uintptr, unix.Errno)
}

func raw(number uintptr, args ...int) func() (uintptr, unix.Errno) {
	var a [3]uintptr
	for i, arg := range args {
		a[i] = uintptr(arg)
	}
	return func() (uintptr, unix.Errno) {
		r, _, e := unix.RawSyscall(number, a[0], a[1], a[2])
		if e != 0 {
			r = 0
		}
		return r, e
	}
}

// randomStep draws a call. Ids are few, so that they meet again.
func randomStep(rnd *rand.Rand) step {
	id := func() int { return []int{Keep, 0, 0, 1000, 1001, 1002}[rnd.Intn(6)] }
	a, b, c := id(), id(), id()
	plain := func(f func(*Cred) (*Cred, unix.Errno)) func(*Cred) (*Cred, uintptr, unix.Errno) {
		return func(old *Cred) (*Cred, uintptr, unix.Errno) {
			n, e := f(old)
			return n, 0, e
		}
	}
	switch rnd.Intn(12) {
	case 0:
		return step{fmt.Sprint("setuid ", a), raw(unix.SYS_SETUID, a), plain(func(o *Cred) (*Cred, unix.Errno) { return o.SetUID(a) })}
	case 1:
		return step{fmt.Sprint("setgid ", a), raw(unix.SYS_SETGID, a), plain(func(o *Cred) (*Cred, unix.Errno) { return o.SetGID(a) })}
	case 2:
		return step{fmt.Sprint("setreuid ", a, b), raw(unix.SYS_SETREUID, a, b), plain(func(o *Cred) (*Cred, unix.Errno) { return o.SetReUID(a, b) })}
	case 3:
		return step{fmt.Sprint("setregid ", a, b), raw(unix.SYS_SETREGID, a, b), plain(func(o *Cred) (*Cred, unix.Errno) { return o.SetReGID(a, b) })}
	case 4, 5:
		return step{fmt.Sprint("setresuid ", a, b, c), raw(unix.SYS_SETRESUID, a, b, c),
			plain(func(o *Cred) (*Cred, unix.Errno) { return o.SetResUID(a, b, c) })}
	case 6:
		return step{fmt.Sprint("setresgid ", a, b, c), raw(unix.SYS_SETRESGID, a, b, c),
			plain(func(o *Cred) (*Cred, unix.Errno) { return o.SetResGID(a, b, c) })}
	case 7:
		return step{fmt.Sprint("setfsuid ", a), raw(unix.SYS_SETFSUID, a), func(o *Cred) (*Cred, uintptr, unix.Errno) {
			n, old := o.SetFSUID(a)
			return n, uintptr(old), 0
		}}
	case 8:
		return step{fmt.Sprint("setfsgid ", a), raw(unix.SYS_SETFSGID, a), func(o *Cred) (*Cred, uintptr, unix.Errno) {
			n, old := o.SetFSGID(a)
			return n, uintptr(old), 0
		}}
	case 9:
		on := rnd.Intn(2)
		return step{fmt.Sprint("keepcaps ", on), raw(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, on), plain(func(o *Cred) (*Cred, unix.Errno) {
			n := *o
			n.KeepCaps = on == 1
			return &n, 0
		})}
	case 10:
		return capsStep(rnd)
	}
	capability := rnd.Intn(8)
	return step{fmt.Sprint("drop ", capability), raw(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, capability),
		plain(func(o *Cred) (*Cred, unix.Errno) { return o.DropBounding(capability) })}
}

// capsStep draws a capset(2) that often only takes away.
func capsStep(rnd *rand.Rand) step {
	masks := []uint64{0xff, 0xf0, 0x1ff, 1 << unix.CAP_SETPCAP, 0xffff, ^uint64(0), 0}
	permitted, effective, inheritable := masks[rnd.Intn(len(masks))], masks[rnd.Intn(len(masks))], masks[rnd.Intn(len(masks))]
	want := func(o *Cred) Caps {
		p := o.Caps.Permitted & permitted
		return Caps{Permitted: p, Effective: p & effective, Inheritable: inheritable & 0xffff}
	}
	var now Caps // set by the model, which comes first
	return step{fmt.Sprintf("capset %x %x %x", permitted, effective, inheritable),
		func() (uintptr, unix.Errno) {
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			data := [2]unix.CapUserData{
				{Effective: uint32(now.Effective), Permitted: uint32(now.Permitted), Inheritable: uint32(now.Inheritable)},
				{Effective: uint32(now.Effective >> 32), Permitted: uint32(now.Permitted >> 32), Inheritable: uint32(now.Inheritable >> 32)},
			}
			if err := unix.Capset(&header, &data[0]); err != nil {
				var errno unix.Errno
				errors.As(err, &errno)
				return 0, errno
			}
			return 0, 0
		},
		func(o *Cred) (*Cred, uintptr, unix.Errno) {
			now = want(o)
			n, e := o.SetCaps(now)
			return n, 0, e
		}}
}

// TestKernel compares random sequences of calls with what the kernel makes of them.
func TestKernel(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	rnd := rand.New(rand.NewSource(1))
	for range 2000 {
		var steps []step
		for range 1 + rnd.Intn(10) {
			steps = append(steps, randomStep(rnd))
		}
		done := make(chan string)
		go func() { // on a thread that ends with it
			runtime.LockOSThread()
			done <- compare(t, steps)
		}()
		if diff := <-done; diff != "" {
			t.Fatal(diff)
		}
	}
}

func compare(t *testing.T, steps []step) string {
	c := kernel(t)
	var names []string
	for _, s := range steps {
		names = append(names, s.name)
		n, wantValue, wantErrno := s.model(c)
		value, errno := s.real()
		if errno != wantErrno || value != wantValue {
			return fmt.Sprintf("%q: kernel %d %v, model %d %v", names, value, errno, wantValue, wantErrno)
		}
		c = n
		kern := kernel(t)
		if diff := cmp.Diff(kern, c); diff != "" {
			return fmt.Sprintf("%q (-kernel +model):\n%s", names, diff)
		}
	}
	return ""
}

// TestGroups checks the list of supplementary groups.
func TestGroups(t *testing.T) {
	c := Root(40)
	if e := c.MaySetGroups(maxGroups + 1); e != unix.EINVAL {
		t.Errorf("too many groups: %v", e)
	}
	n := c.SetGroups([]uint32{7, 3, 5})
	if !slices.Equal(n.Groups, []uint32{3, 5, 7}) || !n.InGroup(5) || n.InGroup(6) || len(c.Groups) > 0 {
		t.Errorf("groups %v", n.Groups)
	}
	user, _ := n.SetUID(1000)
	if e := user.MaySetGroups(0); e != unix.EPERM {
		t.Errorf("as a user: %v", e)
	}
}

// TestExec checks what execve(2) makes of ids and capabilities.
func TestExec(t *testing.T) {
	root := Root(40)
	user, _ := root.SetResUID(1000, 1000, 1000)
	back, _ := root.SetResUID(0, 1000, 0)
	tests := []struct {
		name     string
		from     *Cred
		uid, gid int
		want     IDs
		caps     uint64
	}{
		{"root stays root", root, Keep, Keep, IDs{}, root.Caps.Bounding},
		{"a user stays one", user, Keep, Keep, IDs{1000, 1000, 1000, 1000}, 0},
		{"set-user-ID root", user, 0, Keep, IDs{1000, 0, 0, 0}, root.Caps.Bounding},
		{"set-user-ID of another", root, 5, Keep, IDs{0, 5, 5, 5}, 0},
		{"the saved id is the effective one", back, Keep, Keep, IDs{0, 1000, 1000, 1000}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.from.Exec(test.uid, test.gid)
			if got.UID != test.want || got.Caps.Effective != test.caps {
				t.Errorf("ids %v capabilities %x, want %v %x", got.UID, got.Caps.Effective, test.want, test.caps)
			}
		})
	}
}
