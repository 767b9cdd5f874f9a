package sysent

import "syscall"

// procCalls are births and deaths of processes, and what the kernel needs to
// run them.
var procCalls = []Entry{
	{
		Name: "clone", Class: Proc,
		Confine: []Rule{
			{When: []Cond{{Arg: 0, Mask: cloneUntraced, Not: true}}, Verb: Refuse, Errno: syscall.EPERM, Why: Untraced},
			{When: []Cond{{Arg: 0, Mask: cloneNamespaces, Not: true}}, Verb: Refuse, Errno: syscall.EPERM},
		},
		Note: "Namespaces and CLONE_UNTRACED are refused; LeakSanitizer uses the latter.",
	},
	{Name: "clone3", Class: Proc, Confine: enosys, Note: "The flags are in memory; callers fall back to clone."},
	{Name: "fork", Class: Proc},
	{Name: "vfork", Class: Proc},
	{Name: "exit", Class: Proc},
	{Name: "exit_group", Class: Proc},
	{Name: "personality", Class: Proc},
	{Name: "rt_sigreturn", Class: Proc},
	{Name: "sigreturn", Class: Proc},
	{Name: "restart_syscall", Class: Proc, Note: "Issued by the kernel itself after a stop signal."},
}

// traceCalls look into or control another process.
var traceCalls = []Entry{
	{
		Name: "ptrace", Class: Trace, Args: [6]Role{1: PID},
		Confine: []Rule{{Verb: Refuse, Errno: syscall.EPERM, Why: OneTracer}},
		Note:    "A process has one tracer only: debuggers and strace do not work inside.",
	},
	{
		Name: "prctl", Class: Trace, ID: Prctl,
		Confine: []Rule{
			{When: []Cond{{Arg: 0, Mask: low32, Value: 4}, {Arg: 1, Mask: whole}}, Verb: Refuse},
			{When: []Cond{{Arg: 0, Mask: low32, Value: 35}}, Verb: Refuse, Errno: syscall.EPERM},
		},
		Note: "PR_SET_DUMPABLE 0 would hide the arguments of calls from an unprivileged tracer: it is answered with success and does nothing. PR_SET_MM is refused.",
	},
	{
		Name: "seccomp", Class: Trace,
		Confine: []Rule{
			{When: []Cond{{Arg: 0, Mask: low32, Value: 1}, {Arg: 1, Mask: 8, Not: true}}, Verb: Refuse, Errno: syscall.EBUSY},
		},
		Note: "A listener (SECCOMP_FILTER_FLAG_NEW_LISTENER) would let calls pass that the tracer must see.",
	},
	{Name: "process_vm_readv", Class: Trace, Args: [6]Role{PID}, Confine: eperm},
	{Name: "process_vm_writev", Class: Trace, Args: [6]Role{PID}, Confine: eperm},
	{Name: "kcmp", Class: Trace, Args: [6]Role{PID, PID}},
	{Name: "pidfd_open", Class: Trace, Args: [6]Role{PID}},
	{
		Name: "pidfd_getfd", Class: Trace, Args: [6]Role{PIDFD}, Confine: eperm,
		Note: "Would fetch descriptors whose open nobody checked.",
	},
	{Name: "process_madvise", Class: Trace, Args: [6]Role{PIDFD}},
	{Name: "process_mrelease", Class: Trace, Args: [6]Role{PIDFD}},
}

// signalCalls send signals, or end other processes by limits.
var signalCalls = []Entry{
	{
		Name: "kill", Class: Signal, Args: [6]Role{PID, SignalNumber}, Confine: stop,
		Note: "The id of any thread names its process; 0 and negative values name groups.",
	},
	{Name: "tkill", Class: Signal, Args: [6]Role{PID, SignalNumber}, Confine: stop},
	{Name: "rt_sigqueueinfo", Class: Signal, Args: [6]Role{PID, SignalNumber}, Confine: stop},
	{Name: "pidfd_send_signal", Class: Signal, Args: [6]Role{PIDFD, SignalNumber}, Confine: stop},
	{Name: "tgkill", Class: Signal, Args: [6]Role{PID, PID, SignalNumber}, Confine: stop},
	{Name: "rt_tgsigqueueinfo", Class: Signal, Args: [6]Role{PID, PID, SignalNumber}, Confine: stop},
	{
		Name: "prlimit64", Class: Signal, Args: [6]Role{PID},
		Confine: []Rule{
			{When: []Cond{{Arg: 2, Mask: whole}}},
			{When: []Cond{{Arg: 1, Mask: low32, Value: limitCore}}, Verb: Refuse},
			{When: []Cond{{Arg: 0, Mask: low32}}},
			{Verb: Stop},
		},
		Note: "A limit of processor time ends another process. The limit of core files stays 0: changing it is answered with success and does nothing.",
	},
}

// otherProcess stops a call on a process other than the caller, which 0 stands for.
var otherProcess = []Rule{
	{When: []Cond{{Arg: 0, Mask: low32}}},
	{Verb: Stop},
}

// otherKind stops a call on a process, group or user other than the caller's own
// process or group; first is the number that stands for processes. All processes of
// a user are never reached.
func otherKind(first uint64) []Rule {
	return []Rule{
		{When: []Cond{{Arg: 0, Mask: low32, Value: first + 2}}, Verb: Refuse, Errno: syscall.EPERM},
		{When: []Cond{{Arg: 1, Mask: low32}}},
		{Verb: Stop},
	}
}

// scheduleCalls change how a process is scheduled and where its memory lies, which
// the kernel permits for every process of the user.
var scheduleCalls = []Entry{
	{Name: "setpriority", Class: Signal, Args: [6]Role{1: PID}, Confine: otherKind(0)},
	{Name: "ioprio_set", Class: Signal, Args: [6]Role{1: PID}, Confine: otherKind(1)},
	{Name: "sched_setparam", Class: Signal, Args: [6]Role{PID}, Confine: otherProcess},
	{Name: "sched_setscheduler", Class: Signal, Args: [6]Role{PID}, Confine: otherProcess},
	{Name: "sched_setattr", Class: Signal, Args: [6]Role{PID}, Confine: otherProcess},
	{Name: "sched_setaffinity", Class: Signal, Args: [6]Role{PID}, Confine: otherProcess},
	{Name: "migrate_pages", Class: Signal, Args: [6]Role{PID}, Confine: otherProcess},
	{Name: "move_pages", Class: Signal, Args: [6]Role{PID}, Confine: otherProcess},
}

// limitCalls change priorities and limits of the process.
var limitCalls = []Entry{
	{Name: "nice", Class: Limit},
	{
		Name: "setrlimit", Class: Limit,
		Confine: []Rule{
			{When: []Cond{{Arg: 0, Mask: low32, Value: limitCore}}, Verb: Refuse},
		},
		Note: "The kernel writes core files by itself: the limit for them is 0 from the start, and changing it is answered with success and does nothing.",
	},
}
