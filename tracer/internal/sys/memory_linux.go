package sys

import (
	"encoding/binary"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// pageSize bounds each remote segment: process_vm_readv(2) copies whole segments
// up to the first that fails, so no segment may cross a page.
const pageSize = 4096

// Access is a way to reach the memory of a tracee.
type Access uint8

// The ways, best first. ByVM needs process_vm_readv(2), which some container
// profiles refuse; ByFile needs /proc; ByWord works wherever ptrace does.
const (
	ByVM Access = iota
	ByFile
	ByWord
)

// Memory reads and writes the memory of tracees through reused buffers. It is
// not safe for concurrent use. The zero value is ready.
type Memory struct {
	access Access
	local  [1]unix.Iovec
	remote [2]unix.RemoteIovec
}

// Force makes m begin with a given way instead of the best.
func (m *Memory) Force(a Access) { m.access = a }

// ByVM reports whether process_vm_readv(2) reaches the thread tid, which it does from
// any thread of this process; addr must be readable there.
func (m *Memory) ByVM(tid int, addr uint64) bool {
	var buf [1]byte
	n, e := m.transfer(unix.ProcessVMReadv, tid, addr, buf[:], 1)
	return m.access == ByVM && n == 1 && e == 0
}

// Read copies from addr in the thread tid to buf and returns how many bytes were
// readable. The errno is zero if at least one byte was.
func (m *Memory) Read(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	done := 0
	for done < len(buf) {
		n, e := m.readSome(tid, addr+uint64(done), buf[done:])
		if e != 0 {
			if done > 0 {
				return done, 0
			}
			return 0, e
		}
		done += n
	}
	return done, 0
}

// readSome reads at most to the end of the page after the one of addr.
func (m *Memory) readSome(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	first := min(uint64(len(buf)), pageSize-addr%pageSize)
	rest := min(uint64(len(buf))-first, pageSize)
	if m.access == ByVM {
		n, e := m.transfer(unix.ProcessVMReadv, tid, addr, buf[:first+rest], first)
		if e != unix.EPERM && e != unix.ENOSYS {
			return n, e
		}
	}
	if m.access <= ByFile {
		n, e := readFile(tid, addr, buf[:first])
		if e != unix.EPERM && e != unix.EACCES && e != unix.ENOENT {
			return n, e
		}
	}
	return peekBytes(tid, addr, buf[:first])
}

// Write copies buf to addr. Without force it respects the protection of the
// pages; with force it also writes private pages that the tracee cannot.
func (m *Memory) Write(tid int, addr uint64, buf []byte, force bool) unix.Errno {
	for done := uint64(0); done < uint64(len(buf)); {
		at := addr + done
		part := buf[done:min(uint64(len(buf)), done+pageSize-at%pageSize)]
		if m.access == ByVM && !force {
			n, e := m.transfer(unix.ProcessVMWritev, tid, at, part, uint64(len(part)))
			if e == 0 && n == len(part) {
				done += uint64(len(part))
				continue
			}
			if e != unix.EPERM && e != unix.ENOSYS {
				return unix.EFAULT
			}
		}
		if e := pokeBytes(tid, at, part); e != 0 {
			return e
		}
		done += uint64(len(part))
	}
	return 0
}

type vmCall func(pid int, local []unix.Iovec, remote []unix.RemoteIovec, flags uint) (int, error)

func (m *Memory) transfer(call vmCall, tid int, addr uint64, buf []byte, first uint64) (int, unix.Errno) {
	m.local[0].Base = &buf[0]
	m.local[0].SetLen(len(buf))
	m.remote[0] = unix.RemoteIovec{Base: uintptr(addr), Len: int(first)}
	m.remote[1] = unix.RemoteIovec{Base: uintptr(addr + first), Len: len(buf) - int(first)}
	segments := 1
	if m.remote[1].Len > 0 {
		segments = 2
	}
	n, err := call(tid, m.local[:], m.remote[:segments], 0)
	m.local[0].Base = nil
	return n, Errno(err)
}

func readFile(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	f, err := os.Open("/proc/" + strconv.Itoa(tid) + "/mem")
	if err != nil {
		return 0, Errno(err)
	}
	defer f.Close()
	n, _ := f.ReadAt(buf, int64(addr))
	if n > 0 {
		return n, 0
	}
	return 0, unix.EFAULT
}

func peekBytes(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	var word [8]byte
	for done := 0; done < len(buf); {
		at := addr + uint64(done)
		skip := at % 8
		w, e := Peek(tid, uintptr(at-skip))
		if e != 0 {
			if done > 0 {
				return done, 0
			}
			return 0, e
		}
		binary.NativeEndian.PutUint64(word[:], w)
		done += copy(buf[done:], word[skip:])
	}
	return len(buf), 0
}

func pokeBytes(tid int, addr uint64, buf []byte) unix.Errno {
	var word [8]byte
	for len(buf) > 0 {
		skip := addr % 8
		if skip != 0 || len(buf) < 8 {
			w, e := Peek(tid, uintptr(addr-skip))
			if e != 0 {
				return e
			}
			binary.NativeEndian.PutUint64(word[:], w)
		}
		n := copy(word[skip:], buf)
		if e := Poke(tid, uintptr(addr-skip), binary.NativeEndian.Uint64(word[:])); e != 0 {
			return e
		}
		addr += uint64(n)
		buf = buf[n:]
	}
	return 0
}
