package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// The scratch page set of a process: one slot for each thread that is inside a
// call with a rewritten string. It is mapped on demand, by running mmap in place
// of the call and then the call again. The pages are read-only for the tracee;
// the tracer writes them as a debugger writes program text.
const (
	slotSize  = PathMax
	slotCount = 64
)

// rewrite lets the call at the seccomp-stop of t run with another string.
func (r *run) rewrite(t *tracee, s *Stop, number uint32, v Verdict, interested uint64) {
	if len(v.text) >= slotSize-1 {
		r.answer(t, -int64(unix.ENAMETOOLONG))
		return
	}
	call := pending{active: true, handlers: interested, arch: s.Arch, entry: s.Call,
		number: number, args: s.Args, rewrote: int8(v.arg)}
	e := r.regs.load(t.tid)
	if e == 0 && t.proc.scratch == 0 {
		call.mapping = true
		e = r.mapScratch(t, s.Arch)
	} else if e == 0 {
		slot, free := r.acquire(t.proc, t.tid)
		if !free {
			r.answer(t, -int64(unix.ENOMEM))
			return
		}
		at := t.proc.scratch + uint64(slot)*slotSize
		r.text = append(append(r.text[:0], v.text...), 0)
		if e = r.mem.Write(t.tid, at, r.text, true); e == 0 {
			r.regs.setArg(s.Arch, int(v.arg), at)
			e = r.regs.store(t.tid)
		}
	}
	if e == unix.EIO || e == unix.EFAULT { // the tracee unmapped the page: it gets no call
		r.release(t.proc, t.tid)
		r.answer(t, -int64(unix.EFAULT))
		return
	}
	if e != 0 {
		r.vanished(t, "rewrite an argument", e)
		return
	}
	t.call = call
	r.resume(t, unix.PTRACE_SYSCALL, 0)
}

// mapScratch turns the call into one that maps the pages.
func (r *run) mapScratch(t *tracee, arch sysent.Arch) unix.Errno {
	number, ok := callNumber(mapCall(arch), arch)
	if !ok {
		return unix.ENOSYS
	}
	return r.regs.replace(t.tid, arch, number, [6]uint64{0, slotSize * slotCount,
		unix.PROT_READ, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, ^uint64(0), 0})
}

// mapped handles the end of that mapping: the original call runs again, and its
// stop finds the pages. If there is no memory, the call fails.
func (r *run) mapped(t *tracee, call *pending, value int64) unix.Errno {
	if e := r.regs.load(t.tid); e != 0 {
		return e
	}
	if value < 0 && value >= -4095 {
		for i, v := range call.args {
			r.regs.restoreArg(call.arch, i, v)
		}
		r.regs.setResult(-int64(unix.ENOMEM))
		return r.regs.store(t.tid)
	}
	t.proc.scratch = uint64(value)
	return r.regs.rewind(t.tid, call.arch, call.number, call.args)
}

// acquire finds a free slot for a thread. Slots of threads that ended inside a
// call are free again.
func (r *run) acquire(p *Process, tid int) (int, bool) {
	for slot, owner := range p.slots {
		if owner != 0 && owner != tid && r.table.byTid[owner] != nil {
			continue
		}
		p.slots[slot] = tid
		return slot, true
	}
	if len(p.slots) == slotCount {
		return 0, false
	}
	p.slots = append(p.slots, tid)
	return len(p.slots) - 1, true
}

func (r *run) release(p *Process, tid int) {
	for slot, owner := range p.slots {
		if owner == tid {
			p.slots[slot] = 0
		}
	}
}
