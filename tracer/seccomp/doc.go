// Package seccomp turns a Spec, the data of what each system call of each ABI is
// answered, into a classic BPF program for SECCOMP_SET_MODE_FILTER.
//
// The package is pure: it makes no system call and can be used and tested on any
// machine, in the virtual machine of golang.org/x/net/bpf.
//
// What does not belong here: which call deserves which answer (package sysent
// and the handlers of package tracer), and loading the program (package tracer).
package seccomp
