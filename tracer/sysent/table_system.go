package sysent

import "syscall"

// openTreeMask holds the flags of open_tree(2): OPEN_TREE_CLONE and
// OPEN_TREE_CLOEXEC beside AT_* ones.
const openTreeMask = 0x1 | 0x80000 | atNoFollow | atNoMount | atEmptyPath | atRecursive

// namespaceCalls enter or make namespaces.
var namespaceCalls = []Entry{
	{
		Name: "unshare", Class: Namespace,
		Confine: []Rule{
			{When: []Cond{{Arg: 0, Mask: cloneNamespaces | unshareTime, Not: true}}, Verb: Refuse, Errno: syscall.EPERM},
		},
		Note: "CLONE_FS and CLONE_FILES are legal: a thread may have its own working directory and descriptors.",
	},
	{Name: "setns", Class: Namespace, Args: [6]Role{FD}, Confine: eperm},
}

// mountCalls change what paths mean.
var mountCalls = []Entry{
	{Name: "chroot", Class: Mount, Args: [6]Role{Path}, Confine: eperm},
	{Name: "pivot_root", Class: Mount, Args: [6]Role{Path}, Confine: eperm},
	{Name: "mount", Class: Mount, Args: [6]Role{1: Path}, Confine: eperm},
	{Name: "umount", Class: Mount, Args: [6]Role{Path}, Confine: eperm},
	{Name: "umount2", Class: Mount, Args: [6]Role{Path}, Confine: eperm},
	{
		Name: "open_tree", Class: Mount, Last: ByAtNoFollow,
		Args: [6]Role{DirFD, Path, AtFlags}, AtMask: openTreeMask,
		Confine: []Rule{
			// OPEN_TREE_CLONE, and bit 1, which newer kernels call
			// OPEN_TREE_NAMESPACE.
			{When: []Cond{{Arg: 2, Mask: 0x3, Not: true}}, Verb: Refuse, Errno: syscall.EPERM},
		},
		Note: "Without OPEN_TREE_CLONE it is an open with O_PATH.",
	},
	{
		Name: "open_tree_attr", Class: Mount, Last: ByAtNoFollow,
		Args: [6]Role{DirFD, Path, AtFlags}, AtMask: openTreeMask,
		Confine: eperm, Note: "Since Linux 6.15.",
	},
	{
		Name: "move_mount", Class: Mount, Last: NoFollow,
		Args: [6]Role{DirFD, Path, NewDirFD, NewPath}, Confine: eperm,
		Note: "MOVE_MOUNT_F_SYMLINKS and MOVE_MOUNT_T_SYMLINKS follow the last components.",
	},
	{Name: "fsopen", Class: Mount, Confine: eperm},
	{Name: "fsconfig", Class: Mount, Args: [6]Role{FD}, Confine: eperm},
	{Name: "fsmount", Class: Mount, Args: [6]Role{FD}, Confine: eperm},
	{Name: "fspick", Class: Mount, Args: [6]Role{DirFD, Path}, Confine: eperm},
	{
		Name: "mount_setattr", Class: Mount, Last: ByAtNoFollow,
		Args:   [6]Role{DirFD, Path, AtFlags},
		AtMask: atNoFollow | atNoMount | atEmptyPath | atRecursive, Confine: eperm,
	},
}

// bypassCalls reach files without a call that could be checked.
var bypassCalls = []Entry{
	{Name: "uselib", Class: Bypass, Args: [6]Role{Path}, Confine: enosys},
	{
		Name: "acct", Class: Bypass, Args: [6]Role{Path}, Confine: eperm,
		Note: "The kernel appends to the file.",
	},
	{Name: "swapon", Class: Bypass, Args: [6]Role{Path}, Confine: eperm},
	{Name: "swapoff", Class: Bypass, Args: [6]Role{Path}, Confine: eperm},
	{Name: "quotactl", Class: Bypass, Args: [6]Role{1: Path}, Confine: eperm},
	{Name: "quotactl_fd", Class: Bypass, Args: [6]Role{FD}, Confine: eperm},
	{
		Name: "fanotify_init", Class: Bypass, Confine: eperm,
		Note: "Events carry descriptors open for writing.",
	},
	{
		Name: "fanotify_mark", Class: Bypass, Args: [6]Role{FD}, Confine: eperm,
		Note: "The mask takes two registers on i386, so the path moves.",
	},
	{
		Name: "open_by_handle_at", Class: Bypass, Args: [6]Role{FD, Unused, OpenFlags}, Confine: eperm,
		Note: "Opens a file without a path.",
	},
	{Name: "bpf", Class: Bypass, Confine: eperm, Note: "BPF_OBJ_PIN creates a file."},
	{
		Name: "userfaultfd", Class: Bypass, Confine: eperm,
		Note: "Stalls whoever reads the memory, the tracer too.",
	},
	{
		Name: "io_uring_setup", Class: Bypass, Confine: enosys,
		Note: "Reaches files and sockets without a system call; callers fall back.",
	},
	{Name: "io_uring_enter", Class: Bypass, Confine: enosys},
	{Name: "io_uring_register", Class: Bypass, Confine: enosys},
	{
		Name: "memfd_secret", Class: Bypass, Confine: enosys,
		Note: "Memory that the kernel reads for the caller and the tracer can not read.",
	},
}

// noteKernelDecides marks calls whose reading half must stay: registers do not
// tell the halves apart, and the writing half needs a capability.
const noteKernelDecides = "Reading must work; changing is left to the kernel, which asks for a capability."

// adminCalls administer the machine.
var adminCalls = []Entry{
	{Name: "syslog", Class: Admin, Note: noteKernelDecides},
	{Name: "adjtimex", Class: Admin, Note: noteKernelDecides},
	{Name: "clock_adjtime", Class: Admin, Note: noteKernelDecides},
	{Name: "clock_adjtime64", Class: Admin, Note: noteKernelDecides},
	{Name: "settimeofday", Class: Admin, Confine: eperm},
	{Name: "stime", Class: Admin, Confine: eperm},
	{Name: "clock_settime", Class: Admin, Confine: eperm},
	{Name: "clock_settime64", Class: Admin, Confine: eperm},
	{Name: "vhangup", Class: Admin, Confine: eperm},
	{Name: "reboot", Class: Admin, Confine: eperm},
	{Name: "sethostname", Class: Admin, Confine: eperm},
	{Name: "setdomainname", Class: Admin, Confine: eperm},
	{Name: "iopl", Class: Admin, Confine: eperm},
	{Name: "ioperm", Class: Admin, Confine: eperm},
	{Name: "init_module", Class: Admin, Confine: eperm},
	{Name: "finit_module", Class: Admin, Args: [6]Role{FD}, Confine: eperm},
	{Name: "delete_module", Class: Admin, Confine: eperm},
	{Name: "kexec_load", Class: Admin, Confine: eperm},
	{Name: "kexec_file_load", Class: Admin, Args: [6]Role{FD}, Confine: eperm},
	{Name: "lookup_dcookie", Class: Admin, Confine: enosys, Note: "Gone since Linux 6.7."},
}

// noteOutlives says why System V objects are not harmless.
const noteOutlives = "The object outlives the process and is visible outside."

// ipcCalls work on System V and POSIX objects, keys and performance counters.
var ipcCalls = []Entry{
	{Name: "shmget", Class: IPC, Note: noteOutlives},
	{Name: "shmctl", Class: IPC},
	{Name: "semget", Class: IPC, Note: noteOutlives},
	{Name: "semctl", Class: IPC},
	{Name: "msgget", Class: IPC, Note: noteOutlives},
	{Name: "msgsnd", Class: IPC},
	{Name: "msgctl", Class: IPC},
	{Name: "ipc", Class: IPC, Note: "Argument 0 is the number of the real System V call."},
	{Name: "mq_open", Class: IPC, Note: "The name is one of the message queue file system."},
	{Name: "mq_unlink", Class: IPC, Note: "As mq_open."},
	{Name: "add_key", Class: IPC, Confine: enosys},
	{Name: "request_key", Class: IPC, Confine: enosys, Note: "May start a program outside."},
	{Name: "keyctl", Class: IPC, Confine: enosys},
	{Name: "perf_event_open", Class: IPC, Args: [6]Role{1: PID}, Confine: eperm},
}
