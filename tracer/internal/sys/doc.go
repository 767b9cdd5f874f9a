// Package sys holds the raw system calls of the tracer: ptrace(2) requests,
// wait4(2) and access to the memory of a tracee.
//
// It is the only package of the engine that imports unsafe, and it decides
// nothing. Every ptrace request must be made from the thread that attached the
// tracee (ptrace(2)); ESRCH from any of them means that the tracee is gone or
// not stopped.
package sys
