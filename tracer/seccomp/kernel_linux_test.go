package seccomp_test

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/seccomp"
)

// checker asks the kernel whether it would take a program, without installing it.
//
// With SECCOMP_FILTER_FLAG_TSYNC the kernel checks the program as always and then
// wants to give it to every thread. One thread here has a filter that the caller
// has not, so that this ends there: the answer is the id of that thread
// (seccomp(2)), and an errno only for a program that the kernel does not take.
type checker struct {
	mu      sync.Mutex
	program chan []bpf.RawInstruction
	answer  chan error
}

// newChecker starts two threads that end with the test.
func newChecker(t testing.TB) *checker {
	t.Helper()
	c := &checker{program: make(chan []bpf.RawInstruction), answer: make(chan error)}
	end, ready := make(chan struct{}), make(chan error)
	t.Cleanup(func() { close(end) })
	go func() { // the thread that cannot follow; locked, it ends with the goroutine
		runtime.LockOSThread()
		allow := []bpf.RawInstruction{{Op: unix.BPF_RET | unix.BPF_K, K: uint32(seccomp.Allow)}}
		_, err := load(allow, 0)
		ready <- err
		<-end
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	go func() {
		runtime.LockOSThread()
		for {
			select {
			case program := <-c.program:
				thread, err := load(program, unix.SECCOMP_FILTER_FLAG_TSYNC)
				if err == nil && thread == 0 {
					err = fmt.Errorf("the program was installed")
				}
				c.answer <- err
			case <-end:
				return
			}
		}
	}()
	return c
}

// check returns why the kernel does not take the program.
func (c *checker) check(program []bpf.RawInstruction) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.program <- program
	return <-c.answer
}

// load gives a program to the kernel for the calling thread.
func load(program []bpf.RawInstruction, flags uintptr) (uintptr, error) {
	filter := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("set no_new_privs: %w", err)
	}
	n, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, reflect.ValueOf(prog).Pointer())
	runtime.KeepAlive(prog)
	if errno != 0 {
		return 0, fmt.Errorf("install filter: %w", errno)
	}
	return n, nil
}

// TestChecker shows that the kernel tells good programs from bad ones that way.
func TestChecker(t *testing.T) {
	c := newChecker(t)
	_, good := compile(t, confining())
	ret := bpf.RawInstruction{Op: unix.BPF_RET | unix.BPF_K}
	tests := []struct {
		name    string
		program []bpf.RawInstruction
		ok      bool
	}{
		{"a confined build", good, true},
		{"no end", good[:len(good)-1], false},
		{"an unaligned word", []bpf.RawInstruction{{Op: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 2}, ret}, false},
		{"behind the data", []bpf.RawInstruction{{Op: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 64}, ret}, false},
		{"a jump too far", []bpf.RawInstruction{{Op: unix.BPF_JMP | unix.BPF_JA, K: 1}, ret}, false},
		{"a half word", []bpf.RawInstruction{{Op: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS}, ret}, false},
		{"too long", append(make([]bpf.RawInstruction, 4096), ret), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := c.check(test.program); (err == nil) != test.ok {
				t.Errorf("the kernel says %v", err)
			}
		})
	}
}
