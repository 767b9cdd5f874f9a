package record

import (
	"cmp"
	"slices"
	"strings"
)

// Class says what a path was for the build; it may be several things.
type Class uint8

// The classes. What is below /proc, /sys and /dev has none, see [IsKernelPath].
const (
	// Input was there before and was used: read, executed, listed or looked at, before
	// anything was written to it.
	ClassInput Class = 1 << iota
	// Output is there in the end because of the build: it was made, changed or got
	// this name.
	ClassOutput
	// Temporary was made and removed. What only got another name is none.
	ClassTemporary
	// Missing was looked for, and neither found nor made.
	ClassMissing
	// Removed was there before and is no longer.
	ClassRemoved
)

// classifier finds the classes. It plays the changes again, in their order, on a tree
// of names, so that the rename of a directory takes along what is in it.
type classifier struct {
	build   *Build
	changes []change
	tree    node[state]
}

// change is one thing that happened to a name.
type change struct {
	seq  uint64
	op   Op // OpLookedAt for all that shows that it is there, OpRenamedTo for renames
	path *Path
	to   string
}

// presence says whether a name is there.
type presence uint8

const (
	unknown presence = iota // nothing has happened to it: as it was before
	there
	gone
)

// state is what is known of a name at some time.
type state struct {
	presence presence
	made     bool   // the build has made what is there
	changed  bool   // it was there before, but was written to or got another name
	was      string // its name when it was made or found
}

// file takes over the changes of an entry. Of what happened several times the first
// and the last are known, which is enough to tell what is left in the end.
func (c *classifier) file(p *Path, f *File) {
	if !isPath(p.Name) || IsKernelPath(p.Name) {
		return
	}
	for _, op := range []Op{OpCreated, OpWritten, OpDeleted} {
		if span := f.Ops[op]; !span.Never() {
			c.changes = append(c.changes, change{seq: span.First, op: op, path: p})
			if span.Last != span.First {
				c.changes = append(c.changes, change{seq: span.Last, op: op, path: p})
			}
		}
	}
	// A rename stands at both names; one of the two may be lost.
	for _, m := range f.To {
		c.changes = append(c.changes, change{seq: m.Seq, op: OpRenamedTo, path: p, to: m.Path})
	}
	for _, m := range f.From {
		c.changes = append(c.changes, change{seq: m.Seq, op: OpRenamedTo, path: c.build.path(m.Path), to: p.Name})
	}
}

func (c *classifier) classify() {
	for _, p := range c.build.Paths {
		first := p.Ops.first(OpRead, OpExecuted, OpListed, OpLookedAt)
		if first != 0 && isPath(p.Name) && !IsKernelPath(p.Name) {
			c.changes = append(c.changes, change{seq: first, op: OpLookedAt, path: p})
		}
	}
	slices.SortFunc(c.changes, func(x, y change) int {
		return cmp.Or(cmp.Compare(x.seq, y.seq), strings.Compare(x.path.Name, y.path.Name), strings.Compare(x.to, y.to), cmp.Compare(x.op, y.op))
	})
	c.changes = slices.Compact(c.changes)
	for i := 0; i < len(c.changes); i++ {
		e := &c.changes[i]
		switch e.op {
		case OpLookedAt:
			c.look(e.path.Name)
		case OpCreated:
			c.create(e.path.Name)
		case OpWritten:
			c.write(e.path.Name)
		case OpDeleted:
			c.remove(e.path)
		case OpRenamedTo:
			if next := i + 1; next < len(c.changes) && c.exchanged(e, &c.changes[next]) {
				c.exchange(e.path.Name, e.to)
				i = next
				continue
			}
			c.move(e.path.Name, e.to)
		}
	}
	c.finish()
}

func (c *classifier) exchanged(a, b *change) bool {
	return b.op == OpRenamedTo && a.seq == b.seq && a.path.Name == b.to && a.to == b.path.Name
}

// origin returns the name that what is now at a path had before the build, and whether
// it was made by the build.
func (c *classifier) origin(path string) (name string, made bool) {
	n, name := &c.tree, ""
	for rest := path; ; {
		var part string
		if part, rest = cutName(rest); part == "" {
			return cmp.Or(name, "/"), made
		}
		name += "/" + part
		if n != nil {
			n = n.kids[part]
		}
		if n == nil || n.v.presence != there {
			continue // as what it is in
		}
		made = n.v.made
		name = n.v.was
	}
}

// found notes that something was there, and returns its state.
func (c *classifier) found(path string) *state {
	name, made := c.origin(path)
	s := &c.tree.make(path).v
	if s.presence == unknown {
		s.presence, s.made, s.was = there, made, name
	}
	return s
}

// look is for what was used, and so there.
func (c *classifier) look(path string) {
	name, _ := c.origin(path)
	s := c.found(path)
	if s.presence == there && !s.made && !s.changed {
		c.build.path(name).Class |= ClassInput
	}
}

func (c *classifier) create(path string) {
	c.tree.make(path).v = state{presence: there, made: true, was: path}
}

func (c *classifier) write(path string) {
	s := c.found(path)
	if s.presence == gone {
		*s = state{presence: there, made: true, was: path}
	}
	s.changed = true
}

func (c *classifier) remove(p *Path) {
	n := c.tree.make(p.Name)
	s := c.found(p.Name)
	switch {
	case s.presence == gone:
	case s.made:
		p.Class |= ClassTemporary
	default:
		name, _ := c.origin(p.Name)
		c.build.path(name).Class |= ClassRemoved
	}
	*n = node[state]{v: state{presence: gone}}
}

// detach takes what is at a path away, with what is below it.
func (c *classifier) detach(path string) *node[state] {
	name, _ := c.origin(path)
	s := c.found(path)
	if s.presence == gone {
		// The record does not tell how it came here: take it as made.
		*s = state{presence: there, made: true, was: path}
	}
	if !s.made {
		c.build.path(name).Class |= ClassInput
	}
	s.changed = true
	return c.tree.take(path, func(s state) bool { return s.presence != unknown })
}

func (c *classifier) move(from, to string) {
	if !isPath(to) || IsKernelPath(to) || from == to {
		return
	}
	n := c.detach(from)
	if n == nil {
		return // the root
	}
	c.tree.make(from).v = state{presence: gone}
	if !n.v.made {
		c.build.path(n.v.was).Class |= ClassRemoved
	}
	c.tree.put(to, n)
}

func (c *classifier) exchange(a, b string) {
	if !isPath(a) || !isPath(b) || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/") {
		return
	}
	first, second := c.detach(a), c.detach(b)
	for _, m := range []struct {
		n  *node[state]
		to string
	}{{first, b}, {second, a}} {
		if m.n != nil {
			c.tree.put(m.to, m.n)
		}
	}
}

// finish tells what is left, and what never was.
func (c *classifier) finish() {
	c.tree.walk("", func(name string, s *state) {
		switch {
		case s.presence != there:
			return
		case s.made || s.changed:
			p := c.build.path(name)
			p.Class |= ClassOutput
			if s.was != name {
				p.Was = s.was
			}
		}
		if p := c.build.paths[name]; p != nil {
			p.Class &^= ClassTemporary | ClassRemoved
		}
	})
	for _, p := range c.build.Paths {
		if p.Ops.Set()&^OpsOf(OpFailed, OpSought) == OpsOf(OpMissing) && p.Class == 0 && isPath(p.Name) && !IsKernelPath(p.Name) {
			p.Class = ClassMissing
		}
	}
}

// With returns the paths of one of the classes, by name.
func (b *Build) With(class Class) []*Path {
	return filter(b.Paths, func(p *Path) bool { return p.Class&class != 0 })
}

// Strings returns the names of the classes.
func (c Class) Strings() []string {
	var names []string
	for i, name := range []string{"input", "output", "temporary", "missing", "removed"} {
		if c&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}
