package record

// Found returns the names of what was there before the build and that it had to do
// with, in any way: read, looked at, passed, changed or removed.
func (b *Build) Found() []string {
	var names []string
	for _, p := range b.Paths {
		if p.found() {
			names = append(names, p.Name)
		}
	}
	return names
}

// found reports whether it was there before, as far as is known. What was written to
// and neither made nor renamed to was.
func (p *Path) found() bool {
	if !isPath(p.Name) {
		return false
	}
	if p.Class&(ClassInput|ClassRemoved) != 0 {
		return true
	}
	ops := p.Ops.Set()
	return !ops.Has(OpCreated, OpRenamedTo) && ops&^OpsOf(OpMissing, OpSought) != 0
}

// Made returns the names of what the build made where nothing was before, and that is
// left or was removed by it.
func (b *Build) Made() []string {
	var names []string
	for _, p := range b.Paths {
		if p.Class&(ClassOutput|ClassTemporary) != 0 && p.Class&(ClassInput|ClassRemoved) == 0 && p.Ops.Set().Has(OpCreated) {
			names = append(names, p.Name)
		}
	}
	return names
}
