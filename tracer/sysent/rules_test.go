package sysent

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
)

// pointers are the roles of arguments as wide as a pointer.
var pointers = []Role{Path, NewPath, LinkText, OpenHow, OpenHowSize, Length, XattrName, Sockaddr, Msghdr, MsgVec, SocketcallArgs, CommandArg}

func TestRulesAreWellFormed(t *testing.T) {
	for e := range Entries() {
		for i, r := range e.Confine {
			if problem := checkRule(e, i, r); problem != "" {
				t.Errorf("%s, rule %d: %s", e.Name, i, problem)
			}
		}
	}
}

func checkRule(e *Entry, i int, r Rule) string {
	last := i == len(e.Confine)-1
	switch {
	case len(r.When) == 0 && !last:
		return "the rules behind it are never reached"
	case last && r.Verb == Allow:
		return "allowing is what happens anyway"
	case r.Verb > Stop:
		return "unknown verb"
	case r.Verb != Refuse && r.Errno != 0:
		return "an errno without a refusal"
	}
	known := []syscall.Errno{0, syscall.EPERM, syscall.ENOSYS, syscall.EBUSY, syscall.EPROTONOSUPPORT}
	if !slices.Contains(known, r.Errno) {
		return fmt.Sprintf("answers %v", r.Errno)
	}
	for _, c := range r.When {
		if problem := checkCond(e, c); problem != "" {
			return problem
		}
	}
	return ""
}

func checkCond(e *Entry, c Cond) string {
	if c.Arg < 0 || c.Arg >= len(e.Args) {
		return fmt.Sprintf("no argument %d", c.Arg)
	}
	role := e.Args[c.Arg]
	switch {
	case c.Mask == 0:
		return "looks at no bit"
	case c.Value&^c.Mask != 0 && c.Value != TracerTGID:
		return fmt.Sprintf("value %#x has bits outside of the mask %#x", c.Value, c.Mask)
	case c.Mask > low32 && c.Mask != whole:
		return fmt.Sprintf("mask %#x is neither one of an int nor one of a pointer", c.Mask)
	case role == Unused:
	case slices.Contains(pointers, role) && c.Mask != whole:
		return fmt.Sprintf("mask %#x cuts a pointer", c.Mask)
	case !slices.Contains(pointers, role) && c.Mask > low32:
		return fmt.Sprintf("mask %#x looks at garbage above an int", c.Mask)
	}
	return ""
}

// testTGID stands for the tracer in TestConfine.
const testTGID = 4242

// answer evaluates the rules of a call as a filter would.
func answer(e *Entry, args [6]uint64) string {
	for _, r := range e.Confine {
		if !matches(r.When, args) {
			continue
		}
		switch r.Verb {
		case Allow:
			return "allow"
		case Stop:
			return "stop"
		}
		return fmt.Sprintf("errno %d", int(r.Errno))
	}
	return "allow"
}

func matches(when []Cond, args [6]uint64) bool {
	for _, c := range when {
		value := c.Value
		if value == TracerTGID {
			value = testTGID
		}
		if (args[c.Arg]&c.Mask == value) == c.Not {
			return false
		}
	}
	return true
}

func TestConfine(t *testing.T) {
	const (
		garbage = 0xdeadbeef00000000
		eperm   = "errno 1"
		enosys  = "errno 38"
	)
	tests := []struct {
		name string
		call string
		args [6]uint64
		want string
	}{
		{"read only", "open", [6]uint64{1: 0}, "allow"},
		{"read only, garbage above", "openat", [6]uint64{2: garbage | 0x80000}, "allow"},
		{"write only", "openat", [6]uint64{2: 1}, "stop"},
		{"access mode 3", "openat", [6]uint64{2: 3}, "stop"},
		{"read only and truncate", "open", [6]uint64{1: 0x200}, "stop"},
		{"read only and create", "open", [6]uint64{1: 0x40}, "stop"},
		{"O_TMPFILE", "openat", [6]uint64{2: 0x410000}, "stop"},
		{"O_PATH beats the rest", "openat", [6]uint64{2: 0x200241}, "allow"},
		{"openat2", "openat2", [6]uint64{}, enosys},

		{"thread", "clone", [6]uint64{0x3d0f00}, "allow"},
		{"exit signal 0x80 is no time namespace", "clone", [6]uint64{0x80}, "allow"},
		{"untraced", "clone", [6]uint64{0x800011}, eperm},
		{"user namespace", "clone", [6]uint64{0x10000011}, eperm},
		{"clone3", "clone3", [6]uint64{}, enosys},
		{"unshare files", "unshare", [6]uint64{0x400}, "allow"},
		{"unshare time", "unshare", [6]uint64{0x80}, eperm},
		{"unshare mounts among others", "unshare", [6]uint64{0x20600}, eperm},
		{"open_tree without clone", "open_tree", [6]uint64{2: 0x80000}, "allow"},
		{"open_tree with clone", "open_tree", [6]uint64{2: garbage | 1}, eperm},

		{"unix stream", "socket", [6]uint64{1, 1, 0}, "allow"},
		{"unix datagram, garbage above", "socket", [6]uint64{garbage | 1, 2, 0}, "allow"},
		{"tcp", "socket", [6]uint64{2, 0x80801, 0}, "stop"},
		{"tcp by number", "socket", [6]uint64{10, 1, 6}, "stop"},
		{"udp", "socket", [6]uint64{10, 2, 17}, "stop"},
		{"udp over a stream", "socket", [6]uint64{2, 1, 17}, "stop"},
		{"sctp", "socket", [6]uint64{2, 1, 132}, "stop"},
		{"ping", "socket", [6]uint64{2, 2, 1}, "stop"},
		{"raw", "socket", [6]uint64{2, 3, 0}, "stop"},
		{"netlink route", "socket", [6]uint64{16, 3, 0}, "allow"},
		{"netlink audit", "socket", [6]uint64{16, 3, 9}, "errno 93"},
		{"netlink of devices", "socket", [6]uint64{16, 3, 15}, "stop"},
		{"packet", "socket", [6]uint64{17, 3, 0}, "stop"},
		{"pair", "socketpair", [6]uint64{1, 2, 0}, "allow"},
		{"pair of another family", "socketpair", [6]uint64{30, 2, 0}, "stop"},
		{"send", "sendto", [6]uint64{4: 0}, "allow"},
		{"send to an address in high memory", "sendto", [6]uint64{4: 0x7fff00000000}, "stop"},
		{"accept", "accept", [6]uint64{}, "allow"},
		{"connect", "connect", [6]uint64{}, "stop"},
		{"socketcall connect", "socketcall", [6]uint64{3}, "stop"},
		{"socketcall accept", "socketcall", [6]uint64{5}, "allow"},
		{"socketcall sendto", "socketcall", [6]uint64{11}, "stop"},

		{"not dumpable", "prctl", [6]uint64{4, 0}, "errno 0"},
		{"dumpable", "prctl", [6]uint64{4, 1}, "allow"},
		{"dumpable with garbage is EINVAL in the kernel", "prctl", [6]uint64{4, garbage}, "allow"},
		{"memory map", "prctl", [6]uint64{garbage | 35}, eperm},
		{"thread name", "prctl", [6]uint64{15}, "allow"},
		{"filter", "seccomp", [6]uint64{1, 1}, "allow"},
		{"filter with a listener", "seccomp", [6]uint64{1, 9}, "errno 16"},
		{"notification sizes", "seccomp", [6]uint64{3, 8}, "allow"},

		{"get flags", "fcntl", [6]uint64{1: 3}, "allow"},
		{"set owner", "fcntl", [6]uint64{1: garbage | 8}, "stop"},
		{"set owner, extended", "fcntl64", [6]uint64{1: 15}, "stop"},
		{"terminal size", "ioctl", [6]uint64{1: 0x5413}, "allow"},
		{"TCSETSW", "ioctl", [6]uint64{1: garbage | 0x5403}, "allow"},
		{"TCGETA is not on the list", "ioctl", [6]uint64{1: 0x5405}, "stop"},
		{"typing into the terminal", "ioctl", [6]uint64{1: 0x5412}, eperm},
		{"owner of a socket", "ioctl", [6]uint64{1: 0x8902}, eperm},
		{"set inode flags", "ioctl", [6]uint64{1: garbage | 0x40086602}, "stop"},
		{"set interface flags", "ioctl", [6]uint64{1: 0x8914}, "stop"},

		{"signal to a thread", "tgkill", [6]uint64{100, 100, 23}, "stop"},
		{"queued signal to a thread", "rt_tgsigqueueinfo", [6]uint64{100, 100, 9}, "stop"},
		{"kill", "kill", [6]uint64{1, 9}, "stop"},
		{"own limit", "prlimit64", [6]uint64{garbage, 0, 1}, "allow"},
		{"reading a limit", "prlimit64", [6]uint64{99, 0, 0}, "allow"},
		{"limit of another", "prlimit64", [6]uint64{99, 0, 0x7fff00000000}, "stop"},
		{"own limit of core files", "prlimit64", [6]uint64{0, garbage | 4, 1}, "errno 0"},
		{"reading the limit of core files", "prlimit64", [6]uint64{0, 4, 0}, "allow"},
		{"limit of core files", "setrlimit", [6]uint64{garbage | 4}, "errno 0"},
		{"limit of files", "setrlimit", [6]uint64{7}, "allow"},

		{"ptrace", "ptrace", [6]uint64{}, eperm},
		{"chroot", "chroot", [6]uint64{}, eperm},
		{"io_uring", "io_uring_setup", [6]uint64{}, enosys},
		{"keys", "keyctl", [6]uint64{}, enosys},
		{"set the clock", "clock_settime", [6]uint64{}, eperm},
		{"read the clock's state", "adjtimex", [6]uint64{}, "allow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := ByName(tt.call)
			if e == nil {
				t.Fatalf("ByName(%q) = nil", tt.call)
			}
			if got := answer(e, tt.args); got != tt.want {
				t.Errorf("%s%#x: %s, want %s", tt.call, tt.args, got, tt.want)
			}
		})
	}
}

// TestIoctlCommands lists what the merged masks stand for: they must allow these
// commands and no neighbour.
func TestIoctlCommands(t *testing.T) {
	allowed := []uint64{
		0x5401, 0x5402, 0x5403, 0x5404, 0x5409, 0x540a, 0x540b, 0x540f, 0x5410, 0x5411, 0x5413, 0x5414,
		0x541b, 0x5421, 0x5422, 0x5429, 0x5441, 0x5450, 0x5451, 0x5452,
		0x802c542a, 0x80045430, 0x40045431, 0x80086601, 0x80046601, 0x801c581f, 0xc020660b, 0x40049409, 0x4020940d,
		0x8910, 0x8912, 0x8913, 0x8915, 0x8917, 0x8919, 0x891b, 0x8921, 0x8927, 0x8933,
	}
	refused := []uint64{0x5412, 0x541c, 0x541d, 0x8901, 0x8902}
	e := ByName("ioctl")
	commands := slices.Concat(allowed, refused)
	for c := range uint64(0x10000) {
		commands = append(commands, c)
	}
	for _, c := range allowed { // the neighbours that differ by one bit
		for bit := range 32 {
			commands = append(commands, c^1<<bit)
		}
	}
	for _, c := range commands {
		want := "stop"
		switch {
		case slices.Contains(allowed, c):
			want = "allow"
		case slices.Contains(refused, c):
			want = "errno 1"
		}
		if got := answer(e, [6]uint64{1: c}); got != want {
			t.Errorf("command %#x: %s, want %s", c, got, want)
		}
	}
}
