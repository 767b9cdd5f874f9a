package record

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Build is a whole record, put in order.
type Build struct {
	Run        Run
	Processes  []*Process // by ID
	Paths      []*Path    // by name
	Network    []Network
	Violations []Violation
	Owners     []Owner
	Hashes     []Hash
	End        End

	processes map[int]*Process
	paths     map[string]*Path
}

// Process is a process of a build.
type Process struct {
	Start
	Execs    []Exec // none if it only ran the program of its parent
	Exit     *Exit  // nil if the record does not know of it
	Parent   *Process
	Children []*Process // by ID
	// Self is how long the process ran while none of its children did.
	Self time.Duration
	// Used and Changed are how many files it used, and how many of those it changed.
	Used, Changed int
}

// Path is what all processes together did with a path.
type Path struct {
	Name  string
	Ops   Ops
	Users []Use // by Process
	Class Class
	// Link is set for a symbolic link that was passed on the way to something.
	Link bool
	// Dir is set for what is known to be a directory: it was listed, or something in it
	// is in the record. An empty directory is not known to be one.
	Dir bool
	// Was is the name under which an output was made or found, if it had another one.
	Was string
}

// Needed reports whether the content of an input was used: it is a file that was read or
// executed, or a symbolic link on the way to something.
func (p *Path) Needed() bool {
	return p.Class&ClassInput != 0 && !p.Dir && (p.Link || p.Ops.Set().Has(OpRead, OpExecuted, OpRenamedFrom))
}

// Use is what one process did with a path.
type Use struct {
	Process int32
	Ops     OpSet
}

// Load reads a record to its end.
func Load(r io.Reader) (*Build, error) {
	b := &Build{processes: map[int]*Process{}, paths: map[string]*Path{}}
	c := &classifier{build: b}
	for e, err := range Read(r) {
		if err != nil {
			return nil, err
		}
		if err := b.add(e, c); err != nil {
			return nil, err
		}
	}
	b.link()
	b.count()
	c.classify()
	b.finish()
	return b, nil
}

// add takes an event over. What names a process that has no line is kept, as far as it
// makes sense without: lines may be missing in an incomplete record.
func (b *Build) add(e Event, c *classifier) error {
	switch e := e.(type) {
	case *Run:
		b.Run = *e
	case *Start:
		if b.processes[e.ID] != nil {
			return fmt.Errorf("process %d starts twice", e.ID)
		}
		p := &Process{Start: *e}
		b.processes[e.ID] = p
		b.Processes = append(b.Processes, p)
	case *Exec:
		if p := b.processes[e.Process]; p != nil {
			p.Execs = append(p.Execs, *e)
		}
	case *Exit:
		if p := b.processes[e.Process]; p != nil {
			p.Exit = e
		}
	case *Files:
		for i := range e.Entries {
			b.file(e.Process, &e.Entries[i], c)
		}
	case *Network:
		b.Network = append(b.Network, *e)
	case *Violation:
		b.Violations = append(b.Violations, *e)
	case *Owner:
		b.Owners = append(b.Owners, *e)
	case *Hash:
		b.Hashes = append(b.Hashes, *e)
	case *End:
		b.End = *e
	}
	return nil
}

func (b *Build) file(process int, f *File, c *classifier) {
	p := b.path(f.Path)
	p.Ops.add(&f.Ops)
	p.use(process, f.Ops.Set())
	c.file(p, f)
	for _, link := range f.Links {
		l := b.path(link.Path)
		l.Link = true
		if link.Seq != 0 {
			l.Ops[OpLookedAt].add(Span{link.Seq, link.Seq})
		}
		l.use(process, OpsOf(OpLookedAt))
	}
}

// path returns what is known of a path.
func (b *Build) path(name string) *Path {
	p := b.paths[name]
	if p == nil {
		p = &Path{Name: name}
		b.paths[name] = p
		b.Paths = append(b.Paths, p)
	}
	return p
}

// use adds what a process did. The entries of a process mostly follow each other.
func (p *Path) use(process int, ops OpSet) {
	at := len(p.Users)
	if at > 0 && p.Users[at-1].Process >= int32(process) {
		var found bool
		at, found = slices.BinarySearchFunc(p.Users, int32(process), func(u Use, id int32) int { return cmp.Compare(u.Process, id) })
		if found {
			p.Users[at].Ops |= ops
			return
		}
	}
	p.Users = slices.Insert(p.Users, at, Use{int32(process), ops})
}

// link makes a tree of the processes.
func (b *Build) link() {
	slices.SortFunc(b.Processes, func(x, y *Process) int { return cmp.Compare(x.ID, y.ID) })
	for _, p := range b.Processes {
		if p.Parent = b.processes[p.Start.Parent]; p.Parent != nil {
			p.Parent.Children = append(p.Parent.Children, p)
		}
	}
	for _, p := range b.Processes {
		p.Self = b.self(p)
	}
}

// count counts the files of each process.
func (b *Build) count() {
	used := OpsOf(OpRead, OpWritten, OpCreated, OpDeleted, OpRenamedFrom, OpRenamedTo, OpExecuted, OpListed)
	for _, path := range b.Paths {
		for _, u := range path.Users {
			p := b.processes[int(u.Process)]
			if p == nil || u.Ops&used == 0 {
				continue
			}
			p.Used++
			if u.Ops.Has(OpWritten, OpCreated, OpDeleted, OpRenamedFrom, OpRenamedTo) {
				p.Changed++
			}
		}
	}
}

// Process returns the process with an ID, or nil.
func (b *Build) Process(id int) *Process { return b.processes[id] }

// Path returns what was done with a path, or nil for nothing.
func (b *Build) Path(name string) *Path { return b.paths[name] }

// Roots returns the processes that no other process of the build started.
func (b *Build) Roots() []*Process {
	return filter(b.Processes, func(p *Process) bool { return p.Parent == nil })
}

// Stop returns when the process ended, or the end of the record if that is not known.
func (b *Build) Stop(p *Process) time.Duration {
	if p.Exit != nil {
		return max(p.Exit.Time, p.Time)
	}
	return max(b.Duration(), p.Time)
}

// Duration is how long the build took. For a record that was cut short it is the time
// of the last thing that it tells.
func (b *Build) Duration() time.Duration {
	last := b.End.Time
	if b.End.Cut {
		for _, p := range b.Processes {
			last = max(last, p.Time)
			for i := range p.Execs {
				last = max(last, p.Execs[i].Time)
			}
			if p.Exit != nil {
				last = max(last, p.Exit.Time)
			}
		}
	}
	return last
}

// self is the time of a process less the times in which it had children.
func (b *Build) self(p *Process) time.Duration {
	stop := b.Stop(p)
	left, from := time.Duration(0), p.Time
	kids := slices.SortedFunc(slices.Values(p.Children), func(x, y *Process) int { return cmp.Compare(x.Time, y.Time) })
	for _, kid := range kids {
		if kid.Time > from {
			left += min(kid.Time, stop) - min(from, stop)
		}
		from = max(from, b.Stop(kid))
	}
	return left + max(stop-from, 0)
}

// Exec returns the last program of the process, or the one that it had from its
// parent, or nil.
func (p *Process) Exec() *Exec {
	for q := p; q != nil; q = q.Parent {
		if n := len(q.Execs); n > 0 {
			return &q.Execs[n-1]
		}
	}
	return nil
}

// Argv returns the arguments of the program, see Exec.
func (p *Process) Argv() []string {
	if e := p.Exec(); e != nil {
		return e.Argv
	}
	return nil
}

// Chain returns the process, its parent, and so on up to the command.
func (p *Process) Chain() []*Process {
	var chain []*Process
	for ; p != nil; p = p.Parent {
		chain = append(chain, p)
	}
	return chain
}

// Slowest returns the n processes that themselves took longest, longest first.
func (b *Build) Slowest(n int) []*Process {
	list := slices.Clone(b.Processes)
	slices.SortStableFunc(list, func(x, y *Process) int { return cmp.Compare(y.Self, x.Self) })
	return list[:min(n, len(list))]
}

// finish sorts the paths, to which renames of directories have added some that nobody
// used, and finds the directories.
func (b *Build) finish() {
	slices.SortFunc(b.Paths, func(x, y *Path) int { return strings.Compare(x.Name, y.Name) })
	for _, p := range b.Paths {
		if !p.Ops[OpListed].Never() {
			p.Dir = true
		}
		if p.Class == ClassMissing {
			continue
		}
		for name := p.Name; len(name) > 1 && len(name) <= maxPath; {
			name = name[:max(strings.LastIndexByte(name, '/'), 0)]
			dir := b.paths[name]
			if dir != nil && dir.Dir {
				break
			}
			if dir != nil {
				dir.Dir = true
			}
		}
	}
}

func filter[T any](list []T, keep func(T) bool) []T {
	var kept []T
	for _, v := range list {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
