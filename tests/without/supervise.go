package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"reflect"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// childVariable tells this program that it is the one that installs the filter;
// its parent answers what the filter cannot know (seccomp_unotify(2)).
const childVariable = "CATBOX_WITHOUT_CHILD"

// Requests of ptrace(2) that attach to a process.
const (
	ptraceAttach = 16
	ptraceSeize  = 0x4206
)

// openToRead are the flags of an open that reads, as Go makes it. Others are not
// asked about: an answer goes before the stops of a tracer.
const openToRead = unix.O_RDONLY | unix.O_CLOEXEC

// ask adds the calls about which the supervisor is asked.
func (w *rules) ask() error {
	var all []call
	add := func(name string, args ...condition) error {
		c, err := named(name)
		c.args = args
		all = append(all, c)
		return err
	}
	var err error
	if len(w.files) > 0 {
		err = errors.Join(err, add("openat", condition{arg: 2, k: openToRead}))
	}
	if w.descendants {
		err = errors.Join(err, add("ptrace", condition{arg: 0, k: ptraceAttach}), add("ptrace", condition{arg: 0, k: ptraceSeize}),
			add("process_vm_readv"), add("process_vm_writev"), add("pidfd_getfd"))
	}
	w.calls = append(w.calls, all...)
	return err
}

// handOver gives the descriptor of the filter to the parent.
func handOver(listener int) error {
	if err := unix.Sendmsg(3, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("hand the filter over: %w", err)
	}
	unix.CloseOnExec(3)
	return nil
}

// supervise runs this program once more and answers for it. It returns the exit
// status of the command.
func (w *rules) supervise() (int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "socket")
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.ExtraFiles = []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	_ = theirs.Close()
	control := make([]byte, unix.CmsgSpace(4))
	if _, n, _, _, err := unix.Recvmsg(pair[0], make([]byte, 1), control, 0); err == nil && n > 0 {
		listener, err := received(control[:n])
		if err != nil {
			return 0, err
		}
		go w.serve(listener)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		return 128 + int(exit.Sys().(interface{ Signal() unix.Signal }).Signal()), nil
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	}
	return 0, err
}

func received(control []byte) (int, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

// notification is struct seccomp_notif, and reply struct seccomp_notif_resp, of
// linux/seccomp.h.
type notification struct {
	id     uint64
	pid    uint32
	_      uint32 // flags
	number int32
	_      uint32 // architecture
	_      uint64 // address of the instruction
	args   [6]uint64
}

type reply struct {
	id    uint64
	_     int64 // value
	errno int32
	flags uint32
}

const (
	ioctlReceive  = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	ioctlSend     = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
	replyContinue = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

// serve answers until nobody is left who could ask.
func (w *rules) serve(listener int) {
	for {
		n := &notification{}
		switch errno := control(listener, ioctlReceive, reflect.ValueOf(n).Pointer()); errno {
		case 0:
		case unix.EINTR, unix.ENOENT: // whoever asked has been killed
			continue
		default:
			return
		}
		r := &reply{id: n.id, flags: replyContinue}
		if errno := w.answer(n); errno != 0 {
			r.errno, r.flags = -int32(errno), 0
		}
		_ = control(listener, ioctlSend, reflect.ValueOf(r).Pointer())
		runtime.KeepAlive(n)
		runtime.KeepAlive(r)
	}
}

func control(fd int, request, arg uintptr) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, arg)
	return errno
}

// answer returns the errno of a call that is refused, or 0.
func (w *rules) answer(n *notification) unix.Errno {
	entry := native().Lookup(uint32(n.number))
	if entry.Arg(sysent.Path) >= 0 {
		name := readString(n.pid, n.args[entry.Arg(sysent.Path)])
		for _, f := range w.files {
			if ok, _ := path.Match(f.pattern, name); ok {
				return f.errno
			}
		}
		return 0
	}
	target := int(int32(n.args[max(entry.Arg(sysent.PID), 0)]))
	if i := entry.Arg(sysent.PIDFD); i >= 0 {
		target = field(fmt.Sprintf("/proc/%d/fdinfo/%d", n.pid, int32(n.args[i])), "Pid:")
	}
	if mayAttach(int(n.pid), target) {
		return 0
	}
	fmt.Fprintf(os.Stderr, "without: %s of process %d, which is no descendant\n", entry.Name, target)
	return unix.EPERM
}

// mayAttach reports whether target is the process of the thread, started below
// it, or traced by it.
func mayAttach(thread, target int) bool {
	process := field(fmt.Sprintf("/proc/%d/status", thread), "Tgid:")
	if tracer := field(fmt.Sprintf("/proc/%d/status", target), "TracerPid:"); tracer > 0 &&
		field(fmt.Sprintf("/proc/%d/status", tracer), "Tgid:") == process {
		return true
	}
	for at := field(fmt.Sprintf("/proc/%d/status", target), "Tgid:"); at > 1; at = field(fmt.Sprintf("/proc/%d/status", at), "PPid:") {
		if at == process {
			return true
		}
	}
	return false
}

// field returns a number of a file such as /proc/PID/status, or 0.
func field(name, key string) int {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(value))
			return n
		}
	}
	return 0
}

// readString reads a short string from the memory of a thread.
func readString(thread uint32, at uint64) string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", thread))
	if err != nil {
		return ""
	}
	defer f.Close()
	const short, page = 256, 4096
	buf := make([]byte, min(short, page-at%page))
	n, _ := f.ReadAt(buf, int64(at))
	text, _, _ := bytes.Cut(buf[:n], []byte{0})
	return string(text)
}
