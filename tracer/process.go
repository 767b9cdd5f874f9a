package tracer

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxArgv bounds how much of a command line is kept, in bytes.
const maxArgv = 4096

// Process is one process of the tree. Its methods may be called on the tracer's
// thread only.
type Process struct {
	pid    int
	parent *Process
	argv   []byte // NUL-separated, as it was when the process last had a child
	begun  bool
	dead   bool

	threads int    // tracees that belong to it
	scratch uint64 // address of the pages for rewritten strings, 0 if none
	slots   []int  // thread that uses each slot of them, 0 if none
}

// NewProcess makes a Process that is not traced, for tests of handlers.
func NewProcess(pid int, parent *Process, argv ...string) *Process {
	p := &Process{pid: pid, parent: parent, dead: true}
	for _, a := range argv {
		p.argv = append(append(p.argv, a...), 0)
	}
	return p
}

// PID returns the process id.
func (p *Process) PID() int { return p.pid }

// Parent returns the process that started this one, which may have ended, or nil
// for the command itself.
func (p *Process) Parent() *Process { return p.parent }

// Argv returns the argument vector of the program that the process runs now, or
// ran last. It is cut after 4096 bytes, and empty if the process hid it.
func (p *Process) Argv() []string {
	if !p.dead {
		p.remember()
	}
	line := bytes.TrimSuffix(p.argv, []byte{0})
	if len(line) == 0 {
		return nil
	}
	var argv []string
	for arg := range bytes.SplitSeq(line, []byte{0}) {
		argv = append(argv, string(arg))
	}
	return argv
}

// remember keeps the current command line, because children may ask for it when
// the process is gone or runs another program.
func (p *Process) remember() {
	var path [32]byte
	name := append(strconv.AppendInt(append(path[:0], "/proc/"...), int64(p.pid), 10), "/cmdline"...)
	fd, err := unix.Open(string(name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var line [maxArgv]byte
	n, err := unix.Read(fd, line[:])
	if err != nil || n <= 0 || bytes.Equal(line[:n], p.argv) {
		return
	}
	p.argv = bytes.Clone(line[:n]) // never in place: children share the old one
}
