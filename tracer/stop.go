package tracer

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/internal/sys"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// PathMax is the size of the longest path that the kernel takes from a program,
// with its terminating NUL.
const PathMax = 4096

// Stop is one system call of one thread, at its entry or (for Handler.Exit) at
// its end. It is reused: a handler must not keep it.
type Stop struct {
	Tid    int           // the thread that makes the call
	Thread uint64        // the same, as a number that no other thread of the run has
	Arch   sysent.Arch   // the ABI of this call, which may differ from call to call
	Call   *sysent.Entry // nil for a number that the table does not know
	Args   [6]uint64     // the argument registers as they are
	Value  int64         // the result, in Handler.Exit; -4095..-1 is an errno

	// Notified says that the call came by the notify lane: Continue, Answer, Deny and
	// Kill are possible, its end will not be seen, and the calling thread is not the
	// tracer's. Find and Traced do not know threads whose ids have vanished.
	Notified bool

	// Replacement is for the handler that answers Replace: the arguments of the
	// call that runs instead.
	Replacement [6]uint64

	proc  *Process
	mem   memory
	abort func(error)
	table *table
}

// memory reaches the address space of a stopped tracee.
type memory interface {
	Read(tid int, addr uint64, buf []byte) (int, unix.Errno)
	Write(tid int, addr uint64, buf []byte, force bool) unix.Errno
}

var _ memory = (*sys.Memory)(nil)

// NewStop makes a Stop over a given piece of memory, for tests of handlers that
// need no process. Addresses start at base.
func NewStop(p *Process, arch sysent.Arch, call *sysent.Entry, args [6]uint64, base uint64, mem []byte) *Stop {
	return &Stop{Tid: p.pid, Arch: arch, Call: call, Args: args, proc: p,
		mem: flatMemory{base, mem}, abort: func(error) {}, table: &table{}}
}

// Process returns the process of the thread.
func (s *Stop) Process() *Process { return s.proc }

// Abort ends the run: the tree is killed and Tracer.Run returns err.
func (s *Stop) Abort(err error) { s.abort(err) }

// Traced reports whether a process or thread id belongs to the run.
func (s *Stop) Traced(id int) bool { return s.Find(id) != nil }

// Find returns the process of the run that a process or thread id belongs to, or nil.
func (s *Stop) Find(id int) *Process {
	if p := s.table.byPid[id]; p != nil {
		return p
	}
	// The id of a thread may have vanished without a status, see table.sweep.
	if t := s.table.byTid[id]; t != nil && s.table.mine(id) {
		return t.proc
	}
	return nil
}

// Read copies memory of the tracee at addr to buf and returns how much of it
// could be read. The errno is EFAULT for an address that is not mapped, and zero
// if at least one byte could be read.
func (s *Stop) Read(addr uint64, buf []byte) (int, unix.Errno) {
	return s.mem.Read(s.Tid, untag(addr), buf)
}

// ReadFull is Read that needs the whole buffer.
func (s *Stop) ReadFull(addr uint64, buf []byte) unix.Errno {
	n, e := s.Read(addr, buf)
	if e == 0 && n < len(buf) {
		return unix.EFAULT
	}
	return e
}

// Write copies buf to the memory of the tracee.
func (s *Stop) Write(addr uint64, buf []byte) unix.Errno {
	return s.mem.Write(s.Tid, untag(addr), buf, false)
}

// stringChunk is how much of a string is read at once; most paths are shorter.
const stringChunk = 256

// ReadString reads a NUL-terminated string into buf and returns it without the
// NUL. ENAMETOOLONG: there is no NUL in the first len(buf) bytes. EFAULT: the
// string runs into memory that cannot be read. buf must not be empty.
func (s *Stop) ReadString(addr uint64, buf []byte) ([]byte, unix.Errno) {
	for have := 0; have < len(buf); {
		n, e := s.Read(addr+uint64(have), buf[have:min(len(buf), have+stringChunk)])
		if e != 0 {
			return nil, e
		}
		if end := bytes.IndexByte(buf[have:have+n], 0); end >= 0 {
			return buf[:have+end], 0
		}
		have += n
	}
	return nil, unix.ENAMETOOLONG
}

// ReadWord reads an integer of the size of a pointer of the ABI.
func (s *Stop) ReadWord(addr uint64) (uint64, unix.Errno) {
	var word [8]byte
	if s.Arch == sysent.I386 {
		e := s.ReadFull(addr, word[:4])
		return uint64(binary.NativeEndian.Uint32(word[:])), e
	}
	e := s.ReadFull(addr, word[:])
	return binary.NativeEndian.Uint64(word[:]), e
}

// flatMemory is memory that starts at a base address.
type flatMemory struct {
	base uint64
	data []byte
}

func (m flatMemory) Read(_ int, addr uint64, buf []byte) (int, unix.Errno) {
	if addr < m.base || addr-m.base >= uint64(len(m.data)) {
		return 0, unix.EFAULT
	}
	return copy(buf, m.data[addr-m.base:]), 0
}

func (m flatMemory) Write(_ int, addr uint64, buf []byte, _ bool) unix.Errno {
	size := uint64(len(m.data))
	if addr < m.base || addr-m.base > size || uint64(len(buf)) > size-(addr-m.base) {
		return unix.EFAULT
	}
	copy(m.data[addr-m.base:], buf)
	return 0
}
