package sys

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Lock is a lock for threads that goroutines are locked to. A sync.Mutex that has to wait
// sends its goroutine through the scheduler, which wakes and stops three threads for it;
// this one waits in the kernel (futex(2)) and wakes one. The zero value is unlocked.
type Lock struct{ state atomic.Uint32 }

// States of a Lock.
const (
	unlocked = iota
	locked
	awaited // locked, and somebody may wait
)

// Operations of futex(2), with FUTEX_PRIVATE_FLAG.
const (
	futexWait = 0 | 128
	futexWake = 1 | 128
)

// Lock waits until the lock is free, and takes it.
func (l *Lock) Lock() {
	if l.state.CompareAndSwap(unlocked, locked) {
		return
	}
	for l.state.Swap(awaited) != unlocked {
		_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&l.state)), futexWait, awaited, 0, 0, 0)
	}
}

// Unlock gives the lock back.
func (l *Lock) Unlock() {
	if l.state.Swap(unlocked) == awaited {
		_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(&l.state)), futexWake, 1, 0, 0, 0)
	}
}
