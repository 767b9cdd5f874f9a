package catbox

import (
	"hash/maphash"
	"sync/atomic"
)

// Progress counts what a run does while it runs. Its counters may be read at any time,
// by any goroutine: the tracer never waits for that. It is for one run at a time; the
// next one counts on.
type Progress struct {
	Processes  atomic.Int64 // that have been started
	Files      atomic.Int64 // different ones that were used, up to a million
	Violations atomic.Int64

	seed  maphash.Seed
	files map[uint64]struct{}
}

// maxProgress bounds the files that are told apart.
const maxProgress = 1 << 20

// started counts a process. It, used and refused are for the tracer's thread.
func (p *Progress) started() {
	if p != nil {
		p.Processes.Add(1)
	}
}

// used counts a file at its first use.
func (p *Progress) used(path string) {
	if p == nil {
		return
	}
	if p.files == nil {
		p.seed, p.files = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	sum := maphash.String(p.seed, path)
	if _, ok := p.files[sum]; ok || len(p.files) >= maxProgress {
		return
	}
	p.files[sum] = struct{}{}
	p.Files.Add(1)
}

// refused counts a violation.
func (p *Progress) refused() {
	if p != nil {
		p.Violations.Add(1)
	}
}
