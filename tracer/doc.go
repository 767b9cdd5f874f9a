// Package tracer runs a command and everything it starts under ptrace(2) and
// seccomp(2), and lets handlers decide about the system calls they asked for.
//
// # Vocabulary
//
// The tracer is one goroutine locked to one operating system thread for the
// whole run; a tracee is a thread that it traces. A tid names a thread, a pid
// the process (thread group) it belongs to. Stops have the names of ptrace(2):
//
//   - seccomp-stop: a call that a [Handler] trapped; the call has not run yet.
//   - syscall-exit-stop: the end of a call whose result a handler asked for.
//   - signal-delivery-stop: a signal is about to be delivered; it always is.
//   - group-stop: job control stopped the process; it stays stopped and still
//     listens for SIGCONT.
//   - trap: the first stop of a newborn, or the end of a group-stop.
//   - notification: no ptrace-stop, but a call that waits for the listener of the filter
//     (seccomp_unotify(2)). The way of such calls is the notify lane.
//
// A [Stop] is what a handler may read of a seccomp-stop, syscall-exit-stop or
// notification, a [Verdict] what it wants to happen to the call.
//
// # The thread rule
//
// Every ptrace request must come from the thread that attached the tracee, so
// handlers run on the tracer's thread, one stop at a time, and a handler that
// blocks stops the whole tree. Notifications need no ptrace request: a second thread
// serves them, and handlers still run one at a time. wait4(2) is called with __WNOTHREAD: several runs
// and os/exec can be active in one program, and none reaps the children of
// another. When the thread ends, the kernel kills what is left
// (PTRACE_O_EXITKILL), so a tracee never outlives its tracer.
//
// A run sets SA_NOCLDSTOP on the action of SIGCHLD of the program, for good:
// os/signal no longer reports stops of children, only their ends. Otherwise each
// stop would be a signal for the Go runtime, which makes it a third dearer.
//
// # Kernels
//
// Linux 5.10 or newer with seccomp filters, and permission to trace one's own
// children. The notify lane is used from 6.6 on, on amd64. amd64 (64-bit and 32-bit programs) and arm64; other architectures do
// not compile, because a tracer that traces nothing is worse than none.
//
// What does not belong here: paths, rules, and what a call is allowed to do.
package tracer
