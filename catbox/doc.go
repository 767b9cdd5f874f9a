// Package catbox runs a command that may write only where you allow it.
//
// A [Sandbox] is the policy: path rules (see package pathrules), what to do with
// the network, and what to do with a call that the policy refuses. [Sandbox.Run]
// runs a [Command] and everything it starts under that policy, as any user,
// without privileges, namespaces or a daemon, and returns a [Result]:
//
//	box := catbox.Sandbox{Paths: []string{"/home/me/build"}, DefaultDevices: true}
//	res, err := box.Run(ctx, &catbox.Command{Args: []string{"make", "-j2"}, Dir: "/home/me/build"})
//
// Three outcomes are kept apart: the exit status or signal of the command
// (Result.ExitCode, Result.Signal), what the policy refused (Result.Violations),
// and an error for machinery that failed.
//
// # What is confined
//
// Every call that changes the file system by a path or through a descriptor, and
// every call that reaches the network, of every descendant of the command, for
// 64-bit and 32-bit programs, static or not. Reading is not confined. A call that
// would have failed without any effect returns the kernel's own error and is no
// violation; a call that would have had an effect outside the rules fails with
// EACCES and is one.
//
// The zero Sandbox is the strictest: nothing can be written, not even /dev/null,
// and there is no network.
//
// # Requirements
//
// Linux 5.10 or newer on amd64 or arm64, and permission to trace one's own
// children. A program inside cannot be traced by somebody else: strace, gdb and
// another catbox do not work there, and set-user-ID programs run without their
// privilege.
//
// # Levels
//
// Decisions are made on strings and objects that a hostile program can change
// between check and use. The kernel stands behind them as far as its version and
// the rules permit: [Sandbox.Assess] says how far, [Sandbox.Require] insists on a
// [Level]. Below Linux 5.13, and where a rule is a regular expression or does not
// exist yet, a program that is written to win that race can write outside.
package catbox
