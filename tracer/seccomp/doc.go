// Package seccomp turns a Spec, the data of what each system call of each ABI is
// answered, into a classic BPF program for SECCOMP_SET_MODE_FILTER.
//
// The package is pure: it makes no system call and can be used and tested on any
// machine, in the virtual machine of golang.org/x/net/bpf.
//
// # What a compiled program does
//
// The program loads the architecture once and compares it with those of the
// Spec in their order, so the ABI that most calls use belongs first. Within an
// ABI it finds the number by binary search over ranges of equal answers; from
// 0x40000000 up, where x32 calls and negative numbers are, it answers
// Spec.Unknown for every ABI.
//
// A number whose answer does not depend on arguments is answered before any
// argument is loaded. Since Linux 5.11 the kernel finds such numbers when the
// filter is installed (seccomp_is_const_allow in kernel/seccomp.c emulates loads
// of the number and of the architecture only) and, if they are allowed, answers
// them from a bitmap without running the filter at all.
//
// Conditions look at the low word of an argument when their Mask fits into 32
// bits, for the kernel itself ignores the high word of an int, and at both words
// otherwise. Decisions that are equal exist once in the program, whichever
// numbers share them.
//
// What does not belong here: which call deserves which answer (package sysent
// and the handlers of package tracer), and loading the program (package tracer).
package seccomp
