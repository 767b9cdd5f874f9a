package sysent

import "syscall"

// low32 is the mask of an argument that the kernel declares as int or unsigned
// int: the upper half of its register is legal garbage.
const low32 = 0xffffffff

// whole is the mask of a pointer or of an unsigned long.
const whole = ^uint64(0)

// Flags of open(2), the same on all three ABIs. An open that has none of
// openWrites neither writes nor creates; access mode 3 counts as a write, since
// it permits ioctl and fchmod. O_PATH switches all of them off.
const (
	openPath   = 0x200000
	openWrites = 0x3 | 0x40 | 0x200 | 0x400000 // O_ACCMODE|O_CREAT|O_TRUNC|__O_TMPFILE
)

// accessWrite is W_OK of access(2).
const accessWrite = 2

// limitCore is RLIMIT_CORE of setrlimit(2).
const limitCore = 4

// Flags of clone(2) and unshare(2).
const (
	cloneUntraced   = 0x00800000
	cloneNamespaces = 0x7e020000 // NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
	unshareTime     = 0x00000080 // CLONE_NEWTIME; part of the exit signal in clone(2)
)

// Answers that look at no register.
var (
	stop   = []Rule{{Verb: Stop}}
	eperm  = []Rule{{Verb: Refuse, Errno: syscall.EPERM}}
	enosys = []Rule{{Verb: Refuse, Errno: syscall.ENOSYS}}
)

// Open flags in argument 1 and in argument 2.
var (
	openFlags1 = []Rule{
		{When: []Cond{{Arg: 1, Mask: openPath, Not: true}}},
		{When: []Cond{{Arg: 1, Mask: openWrites}}},
		{Verb: Stop},
	}
	openFlags2 = []Rule{
		{When: []Cond{{Arg: 2, Mask: openPath, Not: true}}},
		{When: []Cond{{Arg: 2, Mask: openWrites}}},
		{Verb: Stop},
	}
)

// An access check that asks for writing, in argument 1 and in argument 2.
// Programs choose by it where to write: what would be refused must not be
// announced as possible.
var (
	accessMode1 = []Rule{{When: []Cond{{Arg: 1, Mask: accessWrite, Not: true}}, Verb: Stop}}
	accessMode2 = []Rule{{When: []Cond{{Arg: 2, Mask: accessWrite, Not: true}}, Verb: Stop}}
)

// fcntlOwner stops F_SETOWN and F_SETOWN_EX: together with F_SETSIG they send
// any signal, SIGKILL too, to any process of the user.
var fcntlOwner = []Rule{
	{When: []Cond{{Arg: 1, Mask: low32, Value: 8}}, Verb: Stop},
	{When: []Cond{{Arg: 1, Mask: low32, Value: 15}}, Verb: Stop},
}

// ioctlCommands decides ioctl(2) by its command. Commands that write through a
// descriptor of any open mode (FS_IOC_SETFLAGS and many more) have no common
// mark, so the list is one of harmless commands, those of terminals first
// because each stdio library asks for them. A mask with one bit missing stands
// for two commands.
var ioctlCommands = []Rule{
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5401}}},          // TCGETS
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x802c542a}}},      // TCGETS2
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5413}}},          // TIOCGWINSZ
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x541b}}},          // FIONREAD
	{When: []Cond{{Arg: 1, Mask: low32 &^ 8, Value: 0x5421}}},     // FIONBIO, TIOCGSID
	{When: []Cond{{Arg: 1, Mask: low32 &^ 1, Value: 0x5450}}},     // FIONCLEX, FIOCLEX
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x540f}}},          // TIOCGPGRP
	{When: []Cond{{Arg: 1, Mask: low32 &^ 1, Value: 0x5410}}},     // TIOCSPGRP, TIOCOUTQ
	{When: []Cond{{Arg: 1, Mask: low32 &^ 1, Value: 0x5402}}},     // TCSETS, TCSETSW
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5404}}},          // TCSETSF
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x402c542b}}},      // TCSETS2
	{When: []Cond{{Arg: 1, Mask: low32 &^ 1, Value: 0x402c542c}}}, // TCSETSW2, TCSETSF2
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x40049409}}},      // FICLONE: the destination is a writable descriptor
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x80086601}}},      // FS_IOC_GETFLAGS
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x80046601}}},      // FS_IOC32_GETFLAGS
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5409}}},          // TCSBRK
	{When: []Cond{{Arg: 1, Mask: low32 &^ 1, Value: 0x540a}}},     // TCXONC, TCFLSH
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5414}}},          // TIOCSWINSZ
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5422}}},          // TIOCNOTTY
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x80045430}}},      // TIOCGPTN
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x40045431}}},      // TIOCSPTLCK
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5441}}},          // TIOCGPTPEER
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5452}}},          // FIOASYNC
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x801c581f}}},      // FS_IOC_FSGETXATTR
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0xc020660b}}},      // FS_IOC_FIEMAP
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x4020940d}}},      // FICLONERANGE, as FICLONE
	{When: []Cond{{Arg: 1, Mask: low32 &^ 2, Value: 0x8910}}},     // SIOCGIFNAME, SIOCGIFCONF
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x8913}}},          // SIOCGIFFLAGS
	{When: []Cond{{Arg: 1, Mask: low32 &^ 2, Value: 0x8915}}},     // SIOCGIFADDR, SIOCGIFDSTADDR
	{When: []Cond{{Arg: 1, Mask: low32 &^ 2, Value: 0x8919}}},     // SIOCGIFBRDADDR, SIOCGIFNETMASK
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x8921}}},          // SIOCGIFMTU
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x8927}}},          // SIOCGIFHWADDR
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x8933}}},          // SIOCGIFINDEX
	// Typing into the terminal of the caller, and signals to a chosen process.
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x5412}}, Verb: Refuse, Errno: syscall.EPERM},      // TIOCSTI
	{When: []Cond{{Arg: 1, Mask: low32 &^ 1, Value: 0x541c}}, Verb: Refuse, Errno: syscall.EPERM}, // TIOCLINUX, TIOCCONS
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x8901}}, Verb: Refuse, Errno: syscall.EPERM},      // FIOSETOWN
	{When: []Cond{{Arg: 1, Mask: low32, Value: 0x8902}}, Verb: Refuse, Errno: syscall.EPERM},      // SIOCSPGRP
	{Verb: Stop},
}
