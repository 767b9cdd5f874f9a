package main

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// rules are what is refused.
type rules struct {
	calls       []call
	files       []file
	descendants bool
	keep        []int // capabilities; nil keeps all
}

// call is a system call that fails.
type call struct {
	number uint32
	args   []condition
	errno  unix.Errno // 0: the supervisor decides
}

// condition is one on the lower half of an argument.
type condition struct {
	arg  uint32
	bits bool // any of them
	k    uint32
}

// file is a pattern of files that cannot be opened.
type file struct {
	pattern string
	errno   unix.Errno
}

// asks reports whether somebody must be asked about some calls.
func (w *rules) asks() bool { return len(w.files) > 0 || w.descendants }

func parse(words []string) (*rules, error) {
	w := &rules{}
	for _, word := range words {
		if word == "descendants" {
			w.descendants = true
			continue
		}
		what, name, ok := strings.Cut(word, "=")
		if what == "capabilities" {
			for number := range strings.SplitSeq(name, ",") {
				n, err := strconv.Atoi(number)
				if err != nil {
					return nil, fmt.Errorf("rule %q: %w", word, err)
				}
				w.keep = append(w.keep, n)
			}
			continue
		}
		errno := errnoNamed(name)
		if !ok || errno == 0 {
			return nil, fmt.Errorf("rule %q: not of the form WHAT=ERRNO", word)
		}
		if strings.HasPrefix(what, "/") {
			if _, err := path.Match(what, ""); err != nil {
				return nil, fmt.Errorf("rule %q: %w", word, err)
			}
			w.files = append(w.files, file{what, errno})
			continue
		}
		c, err := parseCall(what)
		if err != nil {
			return nil, fmt.Errorf("rule %q: %w", word, err)
		}
		c.errno = errno
		w.calls = append(w.calls, c)
	}
	return w, w.ask()
}

func parseCall(text string) (call, error) {
	name, list, limited := strings.Cut(text, "(")
	c, err := named(name)
	if err != nil || !limited {
		return c, err
	}
	list, ok := strings.CutSuffix(list, ")")
	words := strings.Split(list, ",")
	if !ok || len(words) > 6 {
		return c, fmt.Errorf("arguments %q", list)
	}
	for i, word := range words {
		if word == "_" {
			continue
		}
		digits, bits := strings.CutPrefix(word, "&")
		k, err := strconv.ParseUint(digits, 0, 32)
		if err != nil {
			return c, err
		}
		c.args = append(c.args, condition{uint32(i), bits, uint32(k)})
	}
	return c, nil
}

// named returns a call by its name.
func named(name string) (call, error) {
	entry := sysent.ByName(name)
	if entry == nil {
		return call{}, fmt.Errorf("no system call %q", name)
	}
	number, ok := entry.Number(native())
	if !ok {
		return call{}, fmt.Errorf("this machine has no %s", name)
	}
	return call{number: number}, nil
}

func native() sysent.Arch {
	if runtime.GOARCH == "arm64" {
		return sysent.ARM64
	}
	return sysent.AMD64
}

func errnoNamed(name string) unix.Errno {
	if name == "EOPNOTSUPP" {
		return unix.EOPNOTSUPP // known as ENOTSUP
	}
	const last = unix.EHWPOISON
	for errno := unix.Errno(1); errno <= last; errno++ {
		if name != "" && unix.ErrnoName(errno) == name {
			return errno
		}
	}
	return 0
}

// program returns the filter. The first rule that fits decides.
func (w *rules) program() ([]bpf.RawInstruction, error) {
	const offNumber, offArch, offArgs = 0, 4, 16 // struct seccomp_data
	code := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: native().Audit(), SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	}
	for _, c := range w.calls {
		answer := uint32(unix.SECCOMP_RET_USER_NOTIF)
		if c.errno != 0 {
			answer = unix.SECCOMP_RET_ERRNO | uint32(c.errno)
		}
		block := []bpf.Instruction{bpf.RetConstant{Val: answer}}
		for i := len(c.args) - 1; i >= 0; i-- {
			jump := bpf.JumpIf{Cond: bpf.JumpEqual, Val: c.args[i].k, SkipFalse: uint8(len(block))}
			if c.args[i].bits {
				jump.Cond = bpf.JumpBitsSet
			}
			block = append([]bpf.Instruction{bpf.LoadAbsolute{Off: offArgs + 8*c.args[i].arg, Size: 4}, jump}, block...)
		}
		code = append(code, bpf.LoadAbsolute{Off: offNumber, Size: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: c.number, SkipFalse: uint8(len(block))})
		code = append(code, block...)
	}
	return bpf.Assemble(append(code, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}))
}

// dropCapabilities takes those that are not kept from the bounding set: the next
// execve(2) of root gives no others (capabilities(7)).
func (w *rules) dropCapabilities() error {
	for n := 0; w.keep != nil && n < 64; n++ {
		if slices.Contains(w.keep, n) {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(n), 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EINVAL) { // no such capability
			return fmt.Errorf("drop capability %d: %w", n, err)
		}
	}
	return nil
}

// install gives the filter to the kernel for the calling thread. Without the
// privilege to do so the thread gives up gaining others (seccomp(2)).
func install(program []bpf.RawInstruction, flags uintptr) (int, error) {
	filter := make([]unix.SockFilter, len(program))
	for i, r := range program {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	for range 2 {
		n, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, reflect.ValueOf(prog).Pointer())
		runtime.KeepAlive(prog)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EACCES:
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				return 0, fmt.Errorf("set no_new_privs: %w", err)
			}
		default:
			return 0, fmt.Errorf("install the filter: %w", errno)
		}
	}
	return 0, fmt.Errorf("install the filter: %w", unix.EACCES)
}
