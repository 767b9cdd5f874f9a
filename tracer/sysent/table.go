package sysent

import (
	"iter"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./gen/numbers
//go:generate go run ./gen/page

// families returns every row of the table.
func families() [][]Entry {
	return [][]Entry{
		openCalls, pathCalls, ownerCalls, xattrCalls, fdMetaCalls, fdWriteCalls,
		statCalls, xattrReadCalls, lookupCalls, cwdCalls, execCalls,
		idCalls, netCalls, procCalls, traceCalls, signalCalls, scheduleCalls, limitCalls,
		namespaceCalls, mountCalls, bypassCalls, adminCalls, ipcCalls,
		ioCalls, socketIOCalls, memoryCalls, timeCalls, processCalls,
		signalMaskCalls, messageCalls, narrowCalls, goneCalls,
	}
}

// none marks an ABI that has no number for a call.
const none = -1

// callNumbers is one row of the generated file: a name and its number in each
// ABI, or none.
type callNumbers struct {
	name   string
	number [numArch]int16
}

// index joins the rows with their numbers.
type index struct {
	entries    []*Entry // parallel to numbers, so sorted by name; nil for a name without a row
	byNumber   [numArch][]*Entry
	socketcall []*Entry
}

// calls returns the index. It is built at the first use, so that a program that
// only imports the package pays nothing at its start.
var calls = sync.OnceValue(newIndex)

func newIndex() *index {
	rows := make(map[string]*Entry, len(numbers))
	for _, family := range families() {
		for i := range family {
			rows[family[i].Name] = &family[i]
		}
	}
	x := &index{entries: make([]*Entry, len(numbers))}
	for a := range x.byNumber {
		x.byNumber[a] = make([]*Entry, maxNumber+1)
	}
	for i, c := range numbers {
		e := rows[c.name]
		x.entries[i] = e
		for a, nr := range c.number {
			if nr != none {
				x.byNumber[a][nr] = e
			}
		}
	}
	x.socketcall = make([]*Entry, len(socketcallNames))
	for n, name := range socketcallNames {
		x.socketcall[n] = rows[name]
	}
	return x
}

// Lookup returns the call that number nr is in this ABI, or nil when the table
// does not know it, as is the case for every x32 number. It allocates nothing
// after the first use of the package.
//
// The kernel looks at the low 32 bits of the number register only; that is what
// nr must be.
func (a Arch) Lookup(nr uint32) *Entry {
	if a >= numArch {
		return nil
	}
	t := calls().byNumber[a]
	if nr >= uint32(len(t)) {
		return nil
	}
	return t[nr]
}

// Entries yields every call of the table in the order of their names.
func Entries() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for _, e := range calls().entries {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// ByName returns the call of that name, or nil. The name is the one of the
// kernel's table, without a prefix, as in "openat". A name is not the same call
// in each ABI: see Entry.IDs16.
func ByName(name string) *Entry {
	i, ok := findNumbers(name)
	if !ok {
		return nil
	}
	return calls().entries[i]
}

// Number returns the number of the call in ABI a, and false when the ABI does
// not have the call.
func (e *Entry) Number(a Arch) (uint32, bool) {
	i, ok := findNumbers(e.Name)
	if !ok || a >= numArch || numbers[i].number[a] == none {
		return 0, false
	}
	return uint32(numbers[i].number[a]), true
}

func findNumbers(name string) (int, bool) {
	return slices.BinarySearchFunc(numbers[:], name, func(c callNumbers, name string) int {
		return strings.Compare(c.name, name)
	})
}

// Arg returns the index of the first argument of that role, or -1.
func (e *Entry) Arg(r Role) int {
	return slices.Index(e.Args[:], r)
}

// IDBits returns how wide the user and group ids of the call are in ABI a: 16
// or 32 bits. Of a wider register only these count; all of them set means
// "leave it". See chown(2), "C library/kernel differences".
func (e *Entry) IDBits(a Arch) int {
	if a == I386 && e.IDs16 {
		return 16
	}
	return 32
}
