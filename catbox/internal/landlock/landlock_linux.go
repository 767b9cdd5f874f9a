// Package landlock makes Landlock rulesets (landlock(7)) that forbid writing
// everywhere but below given paths. It only makes them: a ruleset is enforced by
// the process that is to be held to it, never by the caller.
//
// It knows no rule of a policy and decides about no call. What Landlock does not
// cover stays outside of it: metadata, reading, datagram sockets.
package landlock

import (
	"errors"
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// The versions of the kernel's interface that bring something that is used here.
const (
	Create   = 1 // Linux 5.13: creating, removing and opening for writing
	Refer    = 2 // Linux 5.19: renames and links from one directory to another
	Truncate = 3 // Linux 6.2
	TCP      = 4 // Linux 6.7: TCP addresses
	Ioctl    = 5 // Linux 6.10: commands of devices
	Scope    = 6 // Linux 6.12: signals and abstract sockets
)

// Newest is the newest version of the interface that New makes use of.
const Newest = Scope

// ABI returns the version of the kernel's interface, at most Newest, or 0 where
// Landlock is absent, switched off or refused by a filter. Ask once for each run:
// a filter may change the answer.
func ABI() int {
	version, err := syscall.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return min(version, Newest)
}

// What says what a Grant allows.
type What uint8

// The kinds of grants.
const (
	Tree    What = iota // everything, for a directory and all below it
	Write               // open for writing, truncate and command what is there
	Command             // command a device that is open for reading
)

// Grant allows something at a path, which is followed if it is a link. The
// object that is there when New is called has the right, not the name.
type Grant struct {
	Path string
	What What
}

// Limits are restrictions without a path. The zero value has none.
type Limits struct {
	NoTCP      bool // no TCP address is connected or bound; from TCP on
	OwnSignals bool // signals reach processes of the domain only; from Scope on
	OwnNames   bool // abstract sockets of the domain only; from Scope on
}

// Rights on files, and the version that brought each of the later ones. Before
// Refer renames and links from one directory to another are refused as a whole.
const (
	onFiles = syscall.AccessFSWriteFile
	onTrees = onFiles | syscall.AccessFSRemoveDir | syscall.AccessFSRemoveFile | syscall.AccessFSMakeChar |
		syscall.AccessFSMakeDir | syscall.AccessFSMakeReg | syscall.AccessFSMakeSock | syscall.AccessFSMakeFifo |
		syscall.AccessFSMakeBlock | syscall.AccessFSMakeSym
)

// handled returns the rights of a grant that version abi of the interface knows.
func handled(what What, abi int) uint64 {
	rights := uint64(onTrees)
	switch what {
	case Tree:
		if abi >= Refer {
			rights |= syscall.AccessFSRefer
		}
	case Write:
		rights = onFiles
	case Command:
		rights = 0
	}
	if abi >= Truncate && what != Command {
		rights |= syscall.AccessFSTruncate
	}
	if abi >= Ioctl {
		rights |= syscall.AccessFSIoctlDev
	}
	return rights
}

// New makes a ruleset for version abi of the interface. A path of a grant that
// does not exist or may not be looked at is left out: there is nothing to allow.
//
// The ruleset has the flag close-on-exec. Its enforcement takes no_new_privs.
func New(abi int, grants []Grant, limits Limits) (*os.File, error) {
	attr := syscall.RulesetAttr{HandledAccessFS: handled(Tree, abi)}
	if abi >= TCP && limits.NoTCP {
		attr.HandledAccessNet = syscall.AccessNetBindTCP | syscall.AccessNetConnectTCP
	}
	if abi >= Scope && limits.OwnSignals {
		attr.Scoped |= syscall.ScopeSignal
	}
	if abi >= Scope && limits.OwnNames {
		attr.Scoped |= syscall.ScopeAbstractUnixSocket
	}
	fd, err := syscall.LandlockCreateRuleset(&attr, 0)
	if err != nil {
		return nil, fmt.Errorf("landlock_create_ruleset: %w", err)
	}
	ruleset := os.NewFile(uintptr(fd), "landlock ruleset")
	for _, g := range grants {
		if err := add(fd, abi, g); err != nil {
			_ = ruleset.Close()
			return nil, fmt.Errorf("landlock_add_rule %s: %w", g.Path, err)
		}
	}
	return ruleset, nil
}

func add(ruleset, abi int, g Grant) error {
	rights := handled(g.What, abi)
	if rights == 0 {
		return nil
	}
	fd, err := unix.Open(g.Path, unix.O_PATH|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EACCES), errors.Is(err, unix.ELOOP):
		return nil
	case err != nil:
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR { // rights on directories are an error for a file
		rights &= handled(Write, abi)
	}
	attr := syscall.PathBeneathAttr{AllowedAccess: rights, ParentFd: fd}
	return syscall.LandlockAddPathBeneathRule(ruleset, &attr, 0)
}
