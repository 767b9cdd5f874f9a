package seccomp

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/net/bpf"
)

const (
	// maxProgram is the greatest number of instructions that the kernel
	// accepts (BPF_MAXINSNS in linux/bpf_common.h).
	maxProgram = 4096

	// maxSkip is the farthest that a conditional jump reaches: its distances
	// are bytes (struct sock_filter in linux/filter.h).
	maxSkip = 255
)

// Compile returns the program that answers as s says, for
// SECCOMP_SET_MODE_FILTER of a little endian machine.
//
// It refuses a Spec in which Foreign or Unknown is missing, an architecture or a
// number stands twice, a number is out of range, a rule has an unknown verb or
// error number, a condition has a bad argument index, an empty mask or a value
// that its mask can never give, or waits for Substitute; and one whose program
// would be longer than the 4096 instructions of the kernel. The error names the
// architecture, the number, and the rule.
func (s Spec) Compile() ([]bpf.RawInstruction, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("compile filter: %w", err)
	}
	var g graph
	root := g.build(s)
	code := newEmitter(&g).emit(root)
	if len(code) > maxProgram {
		return nil, fmt.Errorf("compile filter: %d instructions, the kernel accepts %d", len(code), maxProgram)
	}
	raw, err := bpf.Assemble(code)
	if err != nil {
		return nil, fmt.Errorf("compile filter: %w", err)
	}
	return raw, nil
}

// emitter writes a graph as instructions. It works from the end of the program
// to its start, so that whatever an instruction jumps to is already written:
// jumps of BPF go forward only. Positions count from the end.
type emitter struct {
	g    *graph
	code []bpf.Instruction // in reverse
	at   []int             // position of the first instruction of each node, -1: not yet written
	load []bool            // for each node: it must load its word, a way to it does not bring it
	near map[int]int       // position → position of its newest trampoline
}

func newEmitter(g *graph) *emitter {
	e := &emitter{
		g:    g,
		code: make([]bpf.Instruction, 0, 2*len(g.nodes)),
		at:   make([]int, len(g.nodes)),
		load: make([]bool, len(g.nodes)),
		near: make(map[int]int),
	}
	for i := range e.at {
		e.at[i] = -1
	}
	return e
}

// emit returns the program that starts with root.
func (e *emitter) emit(root int32) []bpf.Instruction {
	e.findLoads()
	// No node leads to the root: nothing is loaded yet.
	e.load[root] = true
	e.node(root)
	slices.Reverse(e.code)
	return e.code
}

// findLoads finds the nodes that are reached with something else in the
// accumulator than the word they test.
func (e *emitter) findLoads() {
	for _, n := range e.g.nodes {
		if n.op == opAnswer {
			continue
		}
		for _, next := range [...]int32{n.yes, n.no} {
			if !e.brings(n, next) {
				e.load[next] = true
			}
		}
	}
}

// brings reports whether n leaves in the accumulator what its successor needs.
func (e *emitter) brings(n node, next int32) bool {
	return n.keeps() && n.off == e.g.nodes[next].off
}

// node writes a node and all that follow it.
func (e *emitter) node(i int32) {
	if e.at[i] >= 0 {
		return
	}
	n := e.g.nodes[i]
	if n.op == opAnswer {
		e.at[i] = e.put(bpf.RetConstant{Val: n.k})
		return
	}
	e.node(n.yes)
	e.node(n.no)
	e.test(n)
	if n.op == opEqual && n.mask != math.MaxUint32 {
		e.put(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: n.mask})
	}
	if e.load[i] {
		e.put(bpf.LoadAbsolute{Off: n.off, Size: 4})
	}
	e.at[i] = len(e.code) - 1
}

// test writes the conditional jump of n.
func (e *emitter) test(n node) {
	yes, no := e.entry(n, n.yes), e.entry(n, n.no)
	// Each trampoline moves the jump away from the other target.
	for {
		if y := e.reach(yes); y != yes {
			yes = y
			continue
		}
		if y := e.reach(no); y != no {
			no = y
			continue
		}
		break
	}
	jump := bpf.JumpIf{Val: n.k, SkipTrue: uint8(e.skip(yes)), SkipFalse: uint8(e.skip(no))}
	switch n.op {
	case opEqual:
		jump.Cond = bpf.JumpEqual
	case opLeast:
		jump.Cond = bpf.JumpGreaterOrEqual
	default:
		jump.Cond = bpf.JumpBitsSet
	}
	e.put(jump)
}

// entry returns the position at which n enters its successor: behind the load
// where n brings the word.
func (e *emitter) entry(n node, next int32) int {
	if e.load[next] && e.brings(n, next) && e.g.nodes[next].op != opAnswer {
		return e.at[next] - 1
	}
	return e.at[next]
}

// reach returns pos if a conditional jump written now reaches it, else the
// position of a trampoline to it: an instruction that does the same.
func (e *emitter) reach(pos int) int {
	if e.skip(pos) <= maxSkip {
		return pos
	}
	if near, ok := e.near[pos]; ok && e.skip(near) <= maxSkip {
		return near
	}
	if ret, ok := e.code[pos].(bpf.RetConstant); ok {
		e.near[pos] = e.put(ret)
	} else {
		e.near[pos] = e.put(bpf.Jump{Skip: uint32(e.skip(pos))})
	}
	return e.near[pos]
}

// skip returns how many instructions lie between pos and one written now.
func (e *emitter) skip(pos int) int { return len(e.code) - pos - 1 }

// put writes an instruction and returns its position.
func (e *emitter) put(i bpf.Instruction) int {
	e.code = append(e.code, i)
	return len(e.code) - 1
}
