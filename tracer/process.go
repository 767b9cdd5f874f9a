package tracer

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// Bounds of what is kept: of command lines, in bytes, and of processes that have
// ended, between a process and the command. A chain of daemons can be endless.
const (
	maxArgv      = 4096
	maxDeadArgv  = 512
	maxAncestors = 32
)

// Process is one process of the tree. Its methods may be called on the tracer's
// thread only.
type Process struct {
	pid    int
	parent *Process
	first  *Process // the command of the run; nil for itself
	depth  int      // how many processes there were from it to this one
	argv   []byte   // NUL-separated
	known  bool     // argv is that of the program it runs
	begun  bool
	dead   bool

	usage   Usage
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
// for the command itself. Of processes that have ended the last 32 are known; what
// was before them counts as started by the command.
func (p *Process) Parent() *Process { return p.parent }

// Usage returns what a process used that has ended, with the children it waited for
// (getrusage(2)). It is measured with Tracer.MeasureUsage only.
func (p *Process) Usage() Usage { return p.usage }

// Threads returns how many threads of the process are traced.
func (p *Process) Threads() int { return p.threads }

// Argv returns the argument vector of the program that the process runs now, or
// ran last. It is cut after 4096 bytes, that of a process that has ended after 512,
// and empty if the process hid it.
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

// child returns a new process with the command line of p.
func (p *Process) child(pid int) *Process {
	c := &Process{pid: pid, parent: p, first: p.first, depth: p.depth + 1, argv: p.argv, known: p.known}
	if c.first == nil {
		c.first = p
	}
	if c.depth > maxAncestors {
		c.forget()
	}
	return c
}

// forget takes the ancestors of p away that are further than maxAncestors, unless
// they are alive.
func (p *Process) forget() {
	for range maxAncestors {
		if p = p.parent; p.parent == nil {
			return
		}
	}
	if p.dead {
		p.parent = p.first
	}
}

// bury marks a process that has ended.
func (p *Process) bury() {
	p.dead = true
	if len(p.argv) > maxDeadArgv {
		p.argv = bytes.Clone(p.argv[:maxDeadArgv])
	}
}

// remember keeps the current command line, because children may ask for it when
// the process is gone or runs another program. A program that changes its own later
// is still called what it was called first.
func (p *Process) remember() {
	if p.known {
		return
	}
	var buf [maxArgv]byte
	if argv := procFile(p.pid, "cmdline", buf[:]); len(argv) > 0 {
		p.argv, p.known = bytes.Clone(argv), true // never in place: children share the old one
	}
}

// procFile reads the beginning of a file of /proc/PID, or nothing. It takes about half
// the time of os.ReadFile, which prepares for files that block.
func procFile(pid int, name string, buf []byte) []byte {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}
