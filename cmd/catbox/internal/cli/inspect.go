package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
)

// The oldest kernel on which everything that catbox needs is there.
const minMajor, minMinor = 5, 10

// inspect looks at the machine and at this process. Whether it is enough is
// decided by the self-test.
func inspect() []finding {
	list := []finding{kernel(), architecture(), user(), container(), yama(), traced(), seccompFilter(), newPrivileges(), landlock(), protection()}
	return append(list, systemCalls()...)
}

func kernel() finding {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return bad("kernel", err.Error(), "")
	}
	release := unix.ByteSliceToString(uts.Release[:])
	major, minor, ok := parseRelease(release)
	switch {
	case !ok:
		return warn("kernel", "Linux "+release+": not a version", "")
	case major < minMajor || major == minMajor && minor < minMinor:
		return bad("kernel", "Linux "+release, fmt.Sprintf("use Linux %d.%d or newer", minMajor, minMinor))
	}
	return good("kernel", "Linux %s (%d.%d or newer is needed)", release, minMajor, minMinor)
}

// parseRelease reads the first two numbers of a release such as "6.1.0-13-amd64".
func parseRelease(release string) (major, minor int, ok bool) {
	first, rest, found := strings.Cut(release, ".")
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		rest = rest[:end]
	}
	major, err := strconv.Atoi(first)
	minor, err2 := strconv.Atoi(rest)
	return major, minor, found && err == nil && err2 == nil
}

func architecture() finding { return good("architecture", "%s", runtime.GOARCH) }

func user() finding {
	who := "an ordinary user"
	if os.Geteuid() == 0 {
		who = "root"
	}
	caps := statusField("CapEff")
	if strings.Trim(caps, "0") == "" {
		caps = "none"
	}
	return info("user", "uid %d (%s), effective capabilities: %s", os.Geteuid(), who, caps)
}

// container tells by what container engines leave behind; there is no certain
// way.
func container() finding {
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Lstat(file); err == nil {
			return info("container", "probably: there is %s", file)
		}
	}
	if name := os.Getenv("container"); name != "" {
		return info("container", "probably: the variable container is %q", name)
	}
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for _, word := range []string{"docker", "kubepods", "libpod", "lxc", "containerd"} {
		if strings.Contains(string(groups), word) {
			return info("container", "probably: the control group names %s", word)
		}
	}
	return info("container", "no sign of one")
}

func yama() finding {
	const file = "/proc/sys/kernel/yama/ptrace_scope"
	data, err := os.ReadFile(file)
	if err != nil {
		return good("yama", "not active")
	}
	return yamaScope(strings.TrimSpace(string(data)), hasCapability(unix.CAP_SYS_PTRACE))
}

// yamaScope says what a ptrace_scope means for a process that has the capability
// CAP_SYS_PTRACE, or has it not.
func yamaScope(scope string, privileged bool) finding {
	switch scope {
	case "0", "1":
		return good("yama", "ptrace_scope %s: a process may trace its children", scope)
	case "2":
		if privileged {
			return good("yama", "ptrace_scope 2: with CAP_SYS_PTRACE only, which is there")
		}
		return bad("yama", "ptrace_scope 2: only with CAP_SYS_PTRACE", "as root: sysctl kernel.yama.ptrace_scope=1")
	default:
		return bad("yama", "ptrace_scope "+scope+": nobody may trace",
			"set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and restart; it cannot be undone while running")
	}
}

func hasCapability(number uint) bool {
	caps, err := strconv.ParseUint(statusField("CapEff"), 16, 64)
	return err == nil && caps>>number&1 == 1
}

func traced() finding {
	if who := tracedBy(); who != "" {
		return warn("traced", "by "+who, "a process has one tracer only: run catbox outside, or let the tracer not follow children")
	}
	return good("traced", "by nobody")
}

func seccompFilter() finding {
	actions, err := os.ReadFile("/proc/sys/kernel/seccomp/actions_avail")
	if err != nil {
		return bad("seccomp", "no filters: "+unwrapPath(err).Error(), "use a kernel with CONFIG_SECCOMP_FILTER, and mount /proc")
	}
	for _, need := range []string{"trace", "errno", "allow"} {
		if !strings.Contains(" "+strings.TrimSpace(string(actions))+" ", " "+need+" ") {
			return bad("seccomp", "the action "+need+" is missing", "use a newer kernel")
		}
	}
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	switch {
	case err != nil:
		return bad("seccomp", "prctl: "+err.Error(), "use a kernel with CONFIG_SECCOMP")
	case mode == 0:
		return good("seccomp", "filters can be used; this process has none")
	}
	count := statusField("Seccomp_filters")
	return info("seccomp", "filters can be used; this process has %s already, of a container or a supervisor", orSome(count))
}

func orSome(s string) string {
	if s == "" {
		return "some"
	}
	return s
}

func newPrivileges() finding {
	if statusField("NoNewPrivs") == "1" {
		return info("no_new_privs", "set already: set-user-ID programs do not work here anyway")
	}
	return info("no_new_privs", "not set; catbox sets it for the command, so that set-user-ID programs run without their privilege")
}

// landlock asks for the version of the interface: landlock_create_ruleset(2) with
// no attributes and LANDLOCK_CREATE_RULESET_VERSION.
func landlock() finding {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	switch errno {
	case 0:
		return good("landlock", "ABI %d", version)
	case unix.EOPNOTSUPP:
		return warn("landlock", "switched off at boot", "add landlock to the lsm= of the kernel's command line")
	case unix.ENOSYS:
		return warn("landlock", "not in this kernel", "use Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK")
	}
	return warn("landlock", errno.Error(), "allow landlock_create_ruleset in the seccomp profile of the container")
}

// guarded says what each level adds, in the words of docs/threat-model.md.
var guarded = map[catbox.Level]string{
	catbox.Level510: "the kernel guards nothing behind the tracer; a program that races against it can write elsewhere",
	catbox.Level513: "the kernel guards creating, removing, renaming and opening for writing; truncating is the tracer's alone",
	catbox.Level62:  "the kernel guards writing; commands of devices are the tracer's alone",
	catbox.Level610: "the kernel guards writing and devices; signals are the tracer's alone",
	catbox.Level612: "the kernel guards writing, devices, signals and abstract sockets",
}

// protection is the level that a run can have here.
func protection() finding {
	l := catbox.MachineLevel()
	if l == catbox.Level510 {
		return warn("level", l.String()+": "+guarded[l], "see landlock above")
	}
	return good("level", "%v: %s", l, guarded[l])
}

// allowCall is the remedy for a system call that is refused.
const allowCall = "allow it in the seccomp profile of the container, or use a newer kernel"

// systemCalls tries the newer calls that catbox makes, all of which it can do
// without.
func systemCalls() []finding {
	tries := []struct {
		name    string
		try     func() error
		instead string
	}{
		{"process_vm_readv", tryReadMemory, "the memory of programs is read through /proc/PID/mem, which takes longer"},
		{"openat2", tryOpenat2, "paths are walked name by name, which takes longer"},
		{"pidfd_getfd", tryGetFD, "servers are told apart by /proc, and a program that races against the tracer can connect elsewhere"},
		{"close_range", func() error { return unix.CloseRange(1<<30, 1<<30, 0) }, "descriptors are closed one by one"},
	}
	var list []finding
	for _, t := range tries {
		if err := t.try(); err != nil {
			list = append(list, warn(t.name, err.Error()+": "+t.instead, allowCall))
		} else {
			list = append(list, good(t.name, "works"))
		}
	}
	return list
}

func tryReadMemory() error {
	from, to := []byte{1}, []byte{0}
	local := []unix.Iovec{{Base: &to[0]}}
	local[0].SetLen(1)
	remote := []unix.RemoteIovec{{Base: reflect.ValueOf(from).Pointer(), Len: 1}}
	_, err := unix.ProcessVMReadv(os.Getpid(), local, remote, 0)
	runtime.KeepAlive(from)
	return err
}

func tryOpenat2() error {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_MAGICLINKS})
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func tryGetFD() error {
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err
	}
	defer unix.Close(pidfd)
	fd, err := unix.PidfdGetfd(pidfd, pidfd, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// elf32 is the smallest program of 32-bit x86: exit(0) by int 0x80. Headers as in
// elf(5), loaded at 0x10000.
func elf32() []byte {
	const base, headers = 0x10000, 52 + 32
	code := []byte{
		0x31, 0xc0, 0x40, // xor eax, eax; inc eax: exit
		0x31, 0xdb, // xor ebx, ebx
		0xcd, 0x80, // int 0x80
	}
	words := func(b []byte, values ...uint32) []byte {
		for _, v := range values {
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return b
	}
	size := uint32(headers + len(code))
	b := append([]byte("\x7fELF\x01\x01\x01"), make([]byte, 9)...)
	b = words(b, 3<<16|2, 1, base+headers, 52, 0, 0) // executable, i386, version, entry, program headers
	b = words(b, 32<<16|52, 1, 0)                    // sizes of the headers, one of them, no sections
	b = words(b, 1, 0, base, base, size, size, 5, 0x1000)
	return append(b, code...)
}

// run32 reports whether a 32-bit program runs, in a directory that allows to
// execute files.
func run32(file string) finding {
	const name = "32-bit programs"
	if err := os.WriteFile(file, elf32(), 0o700); err != nil {
		return warn(name, unwrapPath(err).Error(), "")
	}
	p, err := os.StartProcess(file, []string{file}, &os.ProcAttr{})
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return info(name, "cannot be tried: %v", unwrapPath(err))
		}
		return info(name, "do not run on this machine")
	}
	state, err := p.Wait()
	if err != nil || !state.Success() {
		return info(name, "do not run on this machine")
	}
	return good(name, "run, and are confined like the others")
}
