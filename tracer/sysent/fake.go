package sysent

import "syscall"

// Options of prctl(2) about capabilities: PR_GET_KEEPCAPS, PR_SET_KEEPCAPS,
// PR_CAPBSET_READ, PR_CAPBSET_DROP.
const (
	PrGetKeepCaps = 7
	PrSetKeepCaps = 8
	PrCapBSetRead = 23
	PrCapBSetDrop = 24
)

var (
	fakePrctl = []Rule{
		{When: []Cond{{Arg: 0, Mask: low32, Value: PrGetKeepCaps}}, Verb: Stop},
		{When: []Cond{{Arg: 0, Mask: low32, Value: PrSetKeepCaps}}, Verb: Stop},
		{When: []Cond{{Arg: 0, Mask: low32, Value: PrCapBSetRead}}, Verb: Stop},
		{When: []Cond{{Arg: 0, Mask: low32, Value: PrCapBSetDrop}}, Verb: Stop},
	}
	fakeSocketcall = []Rule{{When: []Cond{{Arg: 0, Mask: low32, Value: callBind}}, Verb: Stop}}
	// A umask that takes permissions from the owner himself.
	fakeUmask = []Rule{{When: []Cond{{Arg: 0, Mask: 0o700, Not: true}}, Verb: Stop}}
)

// Fake decides the call where ownership is faked: it stops what shows or changes
// owners, modes, device numbers and identities, and what makes and removes files.
// What stops for confinement anyway keeps its conditions.
func (e *Entry) Fake() []Rule {
	switch {
	case e.ID == Prctl:
		return fakePrctl
	case e.Op == OpUmask:
		return fakeUmask
	case e.Class == Stat && e.Stat == StatOld:
		return enosys
	case e.Class == XattrRead && e.AtMask != 0: // libraries fall back
		return enosys
	case e.Class == Stat, e.Class == XattrRead, e.Class == ID, e.Op == OpList:
		return stop
	case e.Op == OpAccess: // whether a file is there shows no permission
		return []Rule{{When: []Cond{{Arg: e.Arg(AccessMode), Mask: low32}}}, {Verb: Stop}}
	case e.Args[1] == SocketcallArgs:
		return fakeSocketcall
	}
	switch e.Op {
	case OpOpen, OpTruncate, OpMkdir, OpRmdir, OpUnlink, OpRename, OpLink, OpSymlink, OpMknod, OpBind:
		return e.Confine
	}
	return nil
}

// fakeZero answers a call with 0 and does nothing: id 0, or success.
var fakeZero = []Rule{{Verb: Refuse, Errno: syscall.Errno(0)}}

// Lie decides the call where ownership is only pretended to be changed, and
// identities to be root's: the filter answers 0, the tracer never knows. Calls that
// write an answer to memory are left alone.
func (e *Entry) Lie() []Rule {
	if e.Op == OpChown || e.ID.Changes() {
		return fakeZero
	}
	switch e.ID {
	case GetUID, GetEUID, GetGID, GetEGID:
		return fakeZero
	}
	return nil
}
