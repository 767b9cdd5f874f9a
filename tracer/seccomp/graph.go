package seccomp

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/catbox-go/catbox/tracer/sysent"
)

// Offsets in struct seccomp_data (linux/seccomp.h) on a little endian machine.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
	offHigh   = 4 // of the high word in an argument
	sizeArg   = 8
)

// op is what a node does.
type op uint8

const (
	opAnswer op = iota // answers with the action k
	opEqual            // word & mask == k
	opLeast            // word >= k
	opAnyBit           // word & k != 0
)

// node is one step of the decision: an answer, or a test of one word of struct
// seccomp_data with the nodes that follow. Equal nodes are the same node.
type node struct {
	op      op
	off     uint32 // of the tested word
	mask, k uint32
	yes, no int32 // indices in graph.nodes
}

// keeps reports whether the tested word is still in the accumulator after the
// test.
func (n node) keeps() bool { return n.op != opEqual || n.mask == math.MaxUint32 }

// graph is a decision as an acyclic graph. Nodes come after those they lead to.
type graph struct {
	nodes []node
	index map[node]int32
	parts []part
}

// part is a range of numbers that have the same decision, up to the next part.
type part struct {
	first uint32
	node  int32
}

// build makes the graph of s and returns its root.
func (g *graph) build(s Spec) int32 {
	calls := 0
	for _, abi := range s.ABIs {
		calls += len(abi.Calls)
	}
	g.index = make(map[node]int32, 2*calls)
	root := g.answer(s.Foreign)
	for _, abi := range slices.Backward(s.ABIs) {
		root = g.add(node{op: opEqual, off: offArch, mask: math.MaxUint32, k: abi.Arch.Audit(), yes: g.abi(abi, s.Unknown), no: root})
	}
	return root
}

// add returns the index of n, which is new or known. A test that does not
// matter is no node.
func (g *graph) add(n node) int32 {
	if n.op != opAnswer && n.yes == n.no {
		return n.yes
	}
	if i, ok := g.index[n]; ok {
		return i
	}
	i := int32(len(g.nodes))
	g.nodes = append(g.nodes, n)
	g.index[n] = i
	return i
}

func (g *graph) answer(a Action) int32 {
	return g.add(node{op: opAnswer, k: uint32(a)})
}

// abi returns the node that decides about all numbers of an ABI.
func (g *graph) abi(a ABI, unknown Action) int32 {
	calls := slices.Clone(a.Calls)
	slices.SortFunc(calls, func(x, y Call) int { return cmp.Compare(x.Number, y.Number) })
	other := g.answer(unknown)
	g.parts = append(g.parts[:0], part{0, other})
	for _, call := range calls {
		g.part(call.Number, g.call(call.Chains, Allow))
		// A following call replaces this end of the range.
		g.part(call.Number+1, other)
	}
	return g.search(g.parts)
}

// part appends the decision for the numbers from first on.
func (g *graph) part(first uint32, n int32) {
	if last := &g.parts[len(g.parts)-1]; last.first == first {
		g.parts = g.parts[:len(g.parts)-1]
	}
	if len(g.parts) > 0 && g.parts[len(g.parts)-1].node == n {
		return
	}
	g.parts = append(g.parts, part{first, n})
}

// search returns the node that finds the part of a number by halving.
func (g *graph) search(parts []part) int32 {
	if len(parts) == 1 {
		return parts[0].node
	}
	half := len(parts) / 2
	return g.add(node{
		op: opLeast, off: offNumber, k: parts[half].first,
		yes: g.search(parts[half:]), no: g.search(parts[:half]),
	})
}

// call returns the node that decides about one call by chains, and answers end if none
// of them has refused or stopped it. It is built from the end: each step needs to know
// what follows.
func (g *graph) call(chains []Chain, end Action) int32 {
	if len(chains) == 0 {
		return g.answer(end)
	}
	after := g.call(chains[1:], end)
	next := after
	for _, rule := range slices.Backward(chains[0]) {
		target := after
		switch rule.Verb {
		case sysent.Allow:
		case sysent.Notify:
			target = g.call(chains[1:], Notify)
		default:
			target = g.answer(answer(rule))
		}
		for _, c := range slices.Backward(rule.When) {
			target = g.cond(c, target, next)
		}
		next = target
	}
	return next
}

// cond returns the node that goes on to yes if c holds, else to no.
func (g *graph) cond(c sysent.Cond, yes, no int32) int32 {
	if c.Not {
		yes, no = no, yes
	}
	off := uint32(offArgs + sizeArg*c.Arg)
	high := g.word(off+offHigh, uint32(c.Mask>>32), uint32(c.Value>>32), yes, no)
	return g.word(off, uint32(c.Mask), uint32(c.Value), high, no)
}

// word returns the node that tests word & mask == value.
func (g *graph) word(off, mask, value uint32, yes, no int32) int32 {
	switch {
	case mask == 0:
		return yes
	case mask == math.MaxUint32:
		return g.add(node{op: opEqual, off: off, mask: mask, k: value, yes: yes, no: no})
	case value == 0:
		return g.add(node{op: opAnyBit, off: off, k: mask, yes: no, no: yes})
	case value == mask && bits.OnesCount32(mask) == 1:
		return g.add(node{op: opAnyBit, off: off, k: mask, yes: yes, no: no})
	}
	return g.add(node{op: opEqual, off: off, mask: mask, k: value, yes: yes, no: no})
}
