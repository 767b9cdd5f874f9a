package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// op is what a call does to its path.
func (r *recorder) op(k *call) record.Op {
	switch k.entry.Class {
	case sysent.Exec:
		return record.OpExecuted
	case sysent.Open:
		switch {
		case k.flags&unix.O_PATH != 0:
			return record.OpLookedAt
		case k.flags&unix.O_ACCMODE != unix.O_RDONLY || k.flags&unix.O_TRUNC != 0:
			return record.OpWritten
		case k.flags&unix.O_DIRECTORY != 0:
			return record.OpListed
		}
		return record.OpRead
	case sysent.Stat, sysent.Access, sysent.XattrRead, sysent.PathRead:
		return record.OpLookedAt
	}
	switch {
	case makesName(k):
		return record.OpCreated
	case removes(k):
		return record.OpDeleted
	}
	return record.OpWritten
}

// creates reports whether the call may create a name.
func creates(k *call) bool {
	if k.entry.Class == sysent.Open {
		return k.flags&unix.O_CREAT != 0
	}
	return k.newPath >= 0 || makesName(k)
}

// makesName reports whether the call creates the name that is its path.
func makesName(k *call) bool {
	switch k.entry.Op {
	case sysent.OpMkdir, sysent.OpMknod, sysent.OpSymlink, sysent.OpBind:
		return true
	}
	return false
}

// removes reports whether the call takes a name away.
func removes(k *call) bool {
	return k.entry.Op == sysent.OpUnlink || k.entry.Op == sysent.OpRmdir
}

// looksOnly reports whether the call only asks about a path.
func looksOnly(k *call) bool {
	switch k.entry.Class {
	case sysent.Stat, sysent.Access, sysent.XattrRead, sysent.PathRead:
		return true
	}
	return false
}
