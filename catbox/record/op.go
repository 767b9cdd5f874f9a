package record

import (
	"fmt"
	"strconv"
)

// Op is what a process did with a path.
type Op uint8

// The operations. Each happened at least once, and did what it says; an attempt
// that failed is [OpMissing] or [OpFailed], and perhaps [OpSought].
const (
	OpRead        Op = iota // opened for reading, or a symbolic link that was read
	OpWritten               // opened for writing, truncated
	OpCreated               // it was not there before
	OpDeleted               // its name was removed
	OpRenamedFrom           // it has another name since, see File.To
	OpRenamedTo             // something else has this name since, see File.From
	OpExecuted              // execve(2), as a program or its interpreter
	OpListed                // a directory whose entries were read
	OpLookedAt              // stat, access and the like: it is there
	OpMissing               // looked for and not found: ENOENT, ENOTDIR
	OpFailed                // another error, see File.Errnos
	OpSought                // execve(2) did not find it; it is missing as well
	opCount
)

func opNames() [opCount]string {
	return [...]string{"read", "written", "created", "deleted", "renamed-from", "renamed-to",
		"executed", "listed", "looked-at", "missing", "failed", "sought"}
}

// String returns the name that the operation has in a record.
func (o Op) String() string {
	if o >= opCount {
		return "op " + strconv.Itoa(int(o))
	}
	return opNames()[o]
}

// OpSet is a set of operations.
type OpSet uint16

// OpsOf returns the set of the operations.
func OpsOf(ops ...Op) OpSet {
	var s OpSet
	for _, o := range ops {
		s |= 1 << o
	}
	return s
}

// Has reports whether one of the operations is in the set.
func (s OpSet) Has(ops ...Op) bool { return s&OpsOf(ops...) != 0 }

// Strings returns the names of the operations in the set.
func (s OpSet) Strings() []string {
	var names []string
	for o := range opCount {
		if s.Has(o) {
			names = append(names, o.String())
		}
	}
	return names
}

// Span is the first and the last time that something happened, in the sequence
// numbers of the run; they start with 1. The zero value is never.
type Span struct{ First, Last uint64 }

// Never reports whether it did not happen.
func (s Span) Never() bool { return s.First == 0 }

// add extends the span by another one.
func (s *Span) add(o Span) {
	switch {
	case o.Never():
	case s.Never():
		*s = o
	default:
		s.First, s.Last = min(s.First, o.First), max(s.Last, o.Last)
	}
}

// Ops says of each operation when it happened.
type Ops [opCount]Span

// Set returns those that happened.
func (o *Ops) Set() OpSet {
	var s OpSet
	for op := range opCount {
		if !o[op].Never() {
			s |= 1 << op
		}
	}
	return s
}

func (o *Ops) add(other *Ops) {
	for op := range opCount {
		o[op].add(other[op])
	}
}

// first returns the first time of any of the operations, or 0.
func (o *Ops) first(ops ...Op) uint64 {
	var s Span
	for _, op := range ops {
		s.add(o[op])
	}
	return s.First
}

// appendJSON appends an object with a member for each operation that happened.
func (o *Ops) appendJSON(b []byte) []byte {
	b = append(b, '{')
	names := opNames()
	first := true
	for op, span := range o {
		if span.Never() {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '"')
		b = append(b, names[op]...)
		b = append(b, `":[`...)
		b = strconv.AppendUint(b, span.First, 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, span.Last, 10)
		b = append(b, ']')
	}
	return append(b, '}')
}

// fromMap takes over what appendJSON has written; operations of a later version
// are left out.
func (o *Ops) fromMap(m map[string][2]uint64) error {
	known := 0
	for op, name := range opNames() {
		v, ok := m[name]
		if !ok {
			continue
		}
		known++
		if v[0] == 0 || v[1] < v[0] {
			return fmt.Errorf("%s: %v is no span", name, v)
		}
		o[op] = Span{v[0], v[1]}
	}
	if known == 0 && len(m) == 0 {
		return fmt.Errorf("a file without operations")
	}
	return nil
}
