package catbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// Commands of fcntl(2) that choose who gets the signals of a descriptor. With
// F_SETSIG they send any signal.
const (
	fSetOwn   = 8  // F_SETOWN
	fSetOwnEx = 15 // F_SETOWN_EX
)

// isOwnerCommand reports whether a stopped call on a descriptor is one of these.
// ioctl(2) has no commands below 256.
func isOwnerCommand(k *call) bool {
	return k.entry.Class == sysent.FDMeta && (k.command == fSetOwn || k.command == fSetOwnEx)
}

// owner lets a descriptor be owned by processes of this run only.
func (c *confiner) owner(k *call) tracer.Verdict {
	target := int(int32(k.args[2]))
	if k.command == fSetOwnEx {
		var ex [8]byte // struct f_owner_ex: type, pid
		if errno := k.stop.ReadFull(k.args[2], ex[:]); errno != 0 {
			return c.unreadable(k, errno)
		}
		target = int(int32(binary.NativeEndian.Uint32(ex[4:])))
	}
	if target < 0 {
		target = -target // a process group has the id of its first process
	}
	if target == 0 || k.stop.Traced(target) || !exists(target) {
		return tracer.Continue()
	}
	return c.foreign(k, target)
}

// signal refuses a signal, or a limit, for a process that is not of this run.
// Process groups are as native.
func (c *confiner) signal(k *call) tracer.Verdict {
	target := int(k.target)
	if k.pidfd >= 0 {
		if target = pidOf(k.stop.Tid, k.pidfd); target == 0 {
			return tracer.Deny(unix.EBADF)
		}
	}
	switch {
	case target == -1 && k.pidfd < 0 && !k.probe: // everybody (kill(2))
		return c.foreign(k, target)
	case target <= 0 || k.stop.Traced(target) || k.probe:
		return tracer.Continue()
	case !exists(target):
		return tracer.Deny(unix.ESRCH)
	case zombie(target):
		return toZombie(k)
	}
	return c.foreign(k, target)
}

// toZombie answers a signal to a process that has ended and was not yet waited for:
// it succeeds and reaches nobody. The call does not run, because the number may be
// given to another process meanwhile.
func toZombie(k *call) tracer.Verdict {
	const lastSignal = 64
	switch at := k.entry.Arg(sysent.SignalNumber); {
	case at < 0:
		return tracer.Deny(unix.ESRCH) // a limit
	case uint32(k.args[at]) > lastSignal:
		return tracer.Deny(unix.EINVAL)
	}
	return tracer.Answer(0)
}

// zombie reports whether a process has ended and still has its number; its state in
// proc_pid_stat(5) is Z then.
func zombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	at := bytes.LastIndex(text, []byte(") "))
	return err == nil && at >= 0 && at+2 < len(text) && text[at+2] == 'Z'
}

// foreign refuses a call that is aimed at a process outside of the run.
func (c *confiner) foreign(k *call, pid int) tracer.Verdict {
	return c.refuse(Violation{Call: k.entry.Name,
		Reason: fmt.Sprintf("process %d is not part of this run", pid)}, unix.EPERM, true)
}

func exists(pid int) bool { return !errors.Is(unix.Kill(pid, 0), unix.ESRCH) }

// pidOf returns the process that a pidfd of a thread stands for: -1 if it is
// gone, 0 if it is no pidfd or its process is not to be seen from here.
func pidOf(tid int, fd int32) int {
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, fd))
	if err != nil {
		return 0
	}
	if pid, ok := infoField(info, "Pid:", 10); ok {
		return int(pid)
	}
	return pidOfDirectory(tid, fd)
}

// pidOfDirectory does the same for a directory /proc/PID, which the kernel takes
// for a pidfd as well (pidfd_send_signal(2)). That it is the one of that name
// here shows its inode, which lives as long as it is open.
func pidOfDirectory(tid int, fd int32) int {
	link := fmt.Sprintf("/proc/%d/fd/%d", tid, fd)
	to, err := os.Readlink(link)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(filepath.Base(to))
	if err != nil {
		return 0
	}
	var there, here unix.Stat_t
	if unix.Stat(link, &there) != nil || unix.Stat(fmt.Sprintf("/proc/%d", pid), &here) != nil ||
		there.Dev != here.Dev || there.Ino != here.Ino {
		return 0
	}
	return pid
}

// infoField returns a number from the text of /proc/PID/fdinfo/N
// (proc_pid_fdinfo(5)).
func infoField(info []byte, name string, base int) (int64, bool) {
	for line := range bytes.Lines(info) {
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), base, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// commandName describes the command of a refused ioctl.
func commandName(k *call) string { return fmt.Sprintf(" (command %#x)", k.command) }
