package sysent

import "syscall"

// Arch is a system call ABI: a table of numbers and an argument width.
type Arch uint8

// The ABIs that have a column in the table.
const (
	AMD64 Arch = iota
	I386
	ARM64
	numArch
)

// Class says what kind of thing a call touches. Every number that the kernel
// knows has a class; a test fails for one that has none.
type Class uint8

// The classes of calls. The zero value marks a row that nobody classified.
const (
	Unclassified Class = iota
	Harmless           // no effect outside the process, or on open descriptors only
	Open               // opens or creates a file by path
	PathWrite          // changes a directory or a file by path
	Owner              // changes owner or mode by path
	Xattr              // changes extended attributes by path
	FDMeta             // changes metadata through a descriptor of any open mode
	FDWrite            // writes through a descriptor whose open was checked
	Stat               // reads the metadata of a file
	XattrRead          // reads extended attributes
	PathRead           // looks a path up without opening it
	Access             // asks whether an access would be permitted
	Cwd                // reads or changes the working directory
	Exec               // starts a program
	ID                 // reads or changes the identity of the process
	Net                // sockets
	Proc               // births, deaths and the plumbing of processes
	Trace              // looks into or controls another process
	Signal             // sends signals, or ends other processes by limits
	Limit              // priorities and limits
	Namespace          // enters or makes namespaces
	Mount              // changes what paths mean
	Bypass             // reaches files without a call that could be checked
	Admin              // administers the machine
	IPC                // System V and POSIX objects, keys, perf
	numClass
)

// Role says what one argument of a call is.
type Role uint8

// The roles of arguments. The zero value is an argument that the call does not
// take, or one whose value nobody needs.
const (
	Unused      Role = iota
	DirFD            // directory descriptor (AT_FDCWD allowed) of the next Path
	Path             // NUL-terminated path, see Entry.Last
	NewDirFD         // directory descriptor of NewPath
	NewPath          // second path of a two-path call; its last component is never followed
	LinkText         // text of a symbolic link, not looked up
	FD               // descriptor the call acts on
	OpenFlags        // O_* flags, 32 bits
	OpenHow          // pointer to struct open_how
	OpenHowSize      // its size
	AtFlags          // AT_* flags
	RenameFlags      // RENAME_* flags
	FileMode         // mode_t; for mknod it carries S_IFMT
	AccessMode       // R_OK, W_OK, X_OK
	Device           // dev_t of mknod
	UID
	GID
	Length     // file length
	LengthHigh // upper 32 bits of a Length that takes two registers
	XattrName  // NUL-terminated attribute name
	XattrValue // pointer to the value
	XattrSize  // its size
	XattrFlags // XATTR_CREATE, XATTR_REPLACE
	TimesArg   // pointer to times, see Entry.Times; NULL is now
	StatBuf    // pointer to what a call of the class Stat writes, see Entry.Stat
	EntryBuf   // pointer to the directory entries that are written (getdents(2))
	EntryBuf64 // the same, of struct linux_dirent64
	Sockaddr
	SockaddrLen
	Msghdr   // pointer to struct msghdr
	MsgVec   // pointer to an array of struct mmsghdr
	MsgCount // its length
	SockFamily
	SockType
	SockProtocol
	SocketcallArgs // i386 socketcall(2): pointer to the real arguments; argument 0 is the number
	PID            // target process or thread (0 and negative values as kill(2))
	SignalNumber
	PIDFD      // descriptor of the target process
	Command    // ioctl and fcntl command
	CommandArg // their argument
	numRole
)

// Op says what the call does to its path or descriptor: it selects the order in
// which the kernel checks for errors.
type Op uint8

// The operations. OpNone is every call that does nothing to a path.
const (
	OpNone     Op = iota
	OpOpen        // open flags decide
	OpTruncate    // changes a length
	OpMkdir
	OpRmdir
	OpUnlink // AT_REMOVEDIR makes it an OpRmdir
	OpRename
	OpLink
	OpSymlink
	OpMknod
	OpBind   // creates the file of a named socket
	OpSocket // makes a socket
	OpConnect
	OpList   // reads the entries of a directory
	OpAccess // asks for permission
	OpUmask

	// These change an object that is there, and no directory.
	OpChmod
	OpChown
	OpUtimes // see Entry.Times
	OpSetXattr
	OpRemoveXattr
	OpSetAttr // inode flags and the like
	numOp
)

// Last says what the call does with a symbolic link in the last component of
// Path.
type Last uint8

// Treatments of the last component.
const (
	Follow       Last = iota // always followed
	NoFollow                 // never followed
	ByAtNoFollow             // followed unless AT_SYMLINK_NOFOLLOW is set
	ByAtFollow               // followed only if AT_SYMLINK_FOLLOW is set
	ByOpenFlags              // not followed with O_NOFOLLOW or O_CREAT|O_EXCL
)

// IDOp says what a call of the class ID reads or changes.
type IDOp uint8

// The operations on identities. NoID is every call of another class.
const (
	NoID IDOp = iota
	GetUID
	GetEUID
	GetGID
	GetEGID
	GetResUID
	GetResGID
	GetGroups
	CapGet

	// These change the identity of the calling thread.
	SetUID
	SetGID
	SetReUID
	SetReGID
	SetResUID
	SetResGID
	SetFSUID
	SetFSGID
	SetGroups
	CapSet

	Prctl // prctl(2), as far as it is about capabilities
	numID
)

// Changes reports whether the operation changes the identity.
func (o IDOp) Changes() bool { return o >= SetUID && o <= CapSet }

// TimeFormat is what a TimesArg points to: the time of the last access, then that
// of the last modification. A long has the size of a pointer of the ABI.
type TimeFormat uint8

// The formats of times.
const (
	NoTimes     TimeFormat = iota
	Utimbuf                // two longs: seconds (utime(2))
	Timevals               // two pairs of longs: seconds, microseconds
	Timespecs              // two pairs of longs: seconds, nanoseconds
	Timespecs64            // two pairs of 64-bit integers
)

// ChangesObject reports whether the operation changes the metadata of an object
// that is there.
func (o Op) ChangesObject() bool { return o >= OpChmod && o < numOp }

// TracerTGID stands, in the Value of a Cond, for the process id of the tracer,
// which is known only when a filter is built.
const TracerTGID = 0xfffffffffffffffe

// Cond is a condition on one argument register: (arg & Mask) == Value, or !=
// with Not.
//
// An argument that the kernel declares as int counts with its low 32 bits only;
// its Mask is at most 0xffffffff. A pointer or length has Mask ^uint64(0).
type Cond struct {
	Arg   int
	Mask  uint64
	Value uint64
	Not   bool
}

// Verb is what the filter does when a Rule matches.
type Verb uint8

// The verbs.
const (
	Allow  Verb = iota // the call runs, no stop
	Refuse             // the filter answers -Errno, no stop (Errno 0: the call returns 0)
	Stop               // the tracer decides
	Notify             // the tracer is told and may answer, but sees no end of the call
)

// Why says what a Rule refuses, where the class of the call does not say it.
type Why uint8

// What rules refuse. The zero value is what the class says.
const (
	ByClass   Why = iota
	OneTracer     // tracing, by somebody else than the tracer
	Untraced      // a child that its tracer does not see
)

// Rule is one step of a decision on registers: when all Conds hold, the answer
// is Verb. Rules are tried in order; if none matches, the call is allowed.
type Rule struct {
	When  []Cond
	Verb  Verb
	Errno syscall.Errno
	Why   Why // of a Refuse
}

// Entry is one system call. The table is shared by everybody: treat an entry
// and what it points to as constant.
type Entry struct {
	Name  string
	Class Class
	Op    Op
	Last  Last
	Args  [6]Role

	// AtMask holds the AT_* (or RENAME_*) flags that the kernel accepts;
	// any other is EINVAL.
	AtMask uint32

	// NullPath says that a NULL Path means the DirFD itself.
	NullPath bool

	// Times is the format of TimesArg.
	Times TimeFormat

	// IDs16 says that on i386 the call of this name takes ids of 16 bits, where
	// 0xffff means "leave it"; the call of the same name with 32 appended takes
	// the whole ones. See IDBits.
	IDs16 bool

	// ID is what a call of the class ID does, and prctl(2).
	ID IDOp

	// Stat is the format of StatBuf.
	Stat StatFormat

	// Confine decides the call under confinement with the network off. Empty:
	// always allowed, the cheapest answer the kernel has.
	Confine []Rule

	// Loopback decides in place of Confine where the loopback network is allowed.
	// Nil: as Confine.
	Loopback []Rule

	// Note says what is worth knowing about the call, for the reference page.
	Note string
}
