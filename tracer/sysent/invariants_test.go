package sysent

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// undecided reports whether a call can pass the filter unseen: no rule without
// conditions refuses or stops it.
func undecided(e *Entry) bool {
	return len(e.Confine) == 0 || len(e.Confine[len(e.Confine)-1].When) > 0
}

// hasVerb reports whether some rule has verb v.
func hasVerb(e *Entry, v Verb) bool {
	return slices.ContainsFunc(e.Confine, func(r Rule) bool { return r.Verb == v })
}

// next returns the role behind argument i.
func next(e *Entry, i int) Role {
	if i+1 == len(e.Args) {
		return Unused
	}
	return e.Args[i+1]
}

func TestInvariants(t *testing.T) {
	writing := []Class{Open, PathWrite, Owner, Xattr}
	tests := []struct {
		name  string
		check func(e *Entry) string // what is wrong, or ""
	}{
		{"a directory descriptor stands before its path", checkDirFD},
		{"a role other than an id or a process occurs once", checkRepeated},
		{"flags have a mask", func(e *Entry) string {
			if flags := e.Arg(AtFlags) >= 0 || e.Arg(RenameFlags) >= 0; flags != (e.AtMask != 0) {
				return fmt.Sprintf("AtMask is %#x", e.AtMask)
			}
			return ""
		}},
		{"the last component follows flags that are there", checkLast},
		{"a class that writes by path has an operation on a path and lets nothing pass", func(e *Entry) string {
			switch {
			case !slices.Contains(writing, e.Class):
			case e.Op == OpNone:
				return "Op is none"
			case e.Arg(Path) < 0:
				return "no path"
			case undecided(e):
				return "some calls pass without a stop"
			}
			return ""
		}},
		{"a write that the tracer never sees answers what makes callers fall back", func(e *Entry) string {
			if slices.Contains(writing, e.Class) && !hasVerb(e, Stop) && e.Confine[0].Errno != syscall.ENOSYS {
				return "neither stops nor answers ENOSYS"
			}
			return ""
		}},
		{"metadata through a descriptor stops", func(e *Entry) string {
			if e.Class == FDMeta && (e.Args[0] != FD || !hasVerb(e, Stop)) {
				return "no descriptor, or never stops"
			}
			return ""
		}},
		{"a metadata operation on a descriptor lets nothing pass", func(e *Entry) string {
			if e.Class == FDMeta && e.Op != OpNone && undecided(e) {
				return "some calls pass without a stop"
			}
			return ""
		}},
		{"an address or a message stops", func(e *Entry) string {
			for _, r := range []Role{Sockaddr, Msghdr, MsgVec} {
				if e.Arg(r) >= 0 && !hasVerb(e, Stop) {
					return "never stops"
				}
			}
			return ""
		}},
		{"a class that nobody checks is refused or stopped", func(e *Entry) string {
			if slices.Contains([]Class{Namespace, Mount, Bypass}, e.Class) && !hasVerb(e, Refuse) {
				return "never refused"
			}
			return ""
		}},
		{"a class that reads is always allowed", func(e *Entry) string {
			reading := []Class{Harmless, FDWrite, Stat, XattrRead, PathRead, Cwd, Exec, ID}
			if slices.Contains(reading, e.Class) && len(e.Confine) > 0 {
				return "has rules"
			}
			return ""
		}},
		{"an operation on a length has one", func(e *Entry) string {
			if (e.Op == OpTruncate) != (e.Arg(Length) >= 0) {
				return "Op and Length disagree"
			}
			return ""
		}},
		{"two paths mean two parents", func(e *Entry) string {
			two := e.Op == OpRename || e.Op == OpLink
			if e.Class == PathWrite && two != (e.Arg(NewPath) >= 0) {
				return "Op and NewPath disagree"
			}
			return ""
		}},
		{"the text of a link is no path", func(e *Entry) string {
			if (e.Op == OpSymlink) != (e.Arg(LinkText) == 0) {
				return "Op and LinkText disagree"
			}
			return ""
		}},
		{"a call with 16-bit ids has a 32-bit sister with the same roles", checkSister},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for e := range Entries() {
				if problem := tt.check(e); problem != "" {
					t.Errorf("%s: %s", e.Name, problem)
				}
			}
		})
	}
}

func checkDirFD(e *Entry) string {
	for i, r := range e.Args {
		if r == DirFD && next(e, i) != Path {
			return fmt.Sprintf("argument %d is a dirfd and the next one %v", i, next(e, i))
		}
		if r == NewDirFD && next(e, i) != NewPath {
			return fmt.Sprintf("argument %d is a newdirfd and the next one %v", i, next(e, i))
		}
	}
	if (e.Arg(NewDirFD) >= 0) && e.Arg(DirFD) < 0 {
		return "newdirfd without dirfd"
	}
	if strings.HasSuffix(e.Name, "at") && e.Class == PathWrite && e.Arg(DirFD) < 0 {
		return "a call relative to a descriptor has no dirfd"
	}
	return ""
}

func checkRepeated(e *Entry) string {
	seen := make(map[Role]bool)
	for _, r := range e.Args {
		if r >= numRole {
			return fmt.Sprintf("unknown role %v", r)
		}
		if seen[r] && !slices.Contains([]Role{Unused, UID, GID, PID}, r) {
			return fmt.Sprintf("role %v occurs twice", r)
		}
		seen[r] = true
	}
	return ""
}

func checkLast(e *Entry) string {
	at := e.Arg(AtFlags) >= 0
	switch e.Last {
	case ByAtNoFollow:
		if !at || e.AtMask&atNoFollow == 0 {
			return "no AT_SYMLINK_NOFOLLOW"
		}
	case ByAtFollow:
		if !at || e.AtMask&atFollow == 0 {
			return "no AT_SYMLINK_FOLLOW"
		}
	case ByOpenFlags:
		if e.Arg(OpenFlags) < 0 && e.Arg(OpenHow) < 0 {
			return "no open flags"
		}
	case NoFollow, Follow:
		if e.AtMask&(atNoFollow|atFollow) != 0 {
			return "a flag says whether the link is followed"
		}
	}
	if e.Last != Follow && e.Arg(Path) < 0 {
		return "no path"
	}
	return ""
}

func checkSister(e *Entry) string {
	sister := ByName(e.Name + "32")
	if e.IDs16 != (sister != nil) {
		return "IDs16 and the existence of " + e.Name + "32 disagree"
	}
	if sister == nil {
		return ""
	}
	if sister.Args != e.Args || sister.Class != e.Class || sister.Op != e.Op || sister.Last != e.Last {
		return "differs from " + sister.Name
	}
	return ""
}
