package record

import "strings"

// node is a name in a tree of paths, with what is kept about it. A tree makes the
// rename of a directory as cheap as that of a file.
type node[T any] struct {
	kids map[string]*node[T]
	v    T
}

// maxPath bounds the names of a tree, and with them its depth.
const maxPath = 64 << 10

// isPath reports whether a string is a path that can be in a tree.
func isPath(path string) bool { return strings.HasPrefix(path, "/") && len(path) <= maxPath }

// cutName splits the first name off a path; "" is no name.
func cutName(path string) (name, rest string) {
	path = strings.TrimLeft(path, "/")
	name, rest, _ = strings.Cut(path, "/")
	return name, rest
}

// find returns the node of a path, or nil.
func (n *node[T]) find(path string) *node[T] {
	for n != nil {
		name, rest := cutName(path)
		if name == "" {
			return n
		}
		n, path = n.kids[name], rest
	}
	return nil
}

// make returns the node of a path, which it makes if there is none.
func (n *node[T]) make(path string) *node[T] {
	for {
		name, rest := cutName(path)
		if name == "" {
			return n
		}
		kid := n.kids[name]
		if kid == nil {
			kid = &node[T]{}
			n.set(name, kid)
		}
		n, path = kid, rest
	}
}

func (n *node[T]) set(name string, kid *node[T]) {
	if n.kids == nil {
		n.kids = map[string]*node[T]{}
	}
	n.kids[name] = kid
}

// take removes the node of a path and what is below it, and returns it, or nil. Nodes
// above it stay only if they have others below them or keep says so.
func (n *node[T]) take(path string, keep func(T) bool) *node[T] {
	name, rest := cutName(path)
	kid := n.kids[name]
	if name == "" || kid == nil {
		return nil
	}
	if next, _ := cutName(rest); next == "" {
		delete(n.kids, name)
		return kid
	}
	taken := kid.take(rest, keep)
	if taken != nil && len(kid.kids) == 0 && !keep(kid.v) {
		delete(n.kids, name)
	}
	return taken
}

// put gives a node a path, in the place of what was there.
func (n *node[T]) put(path string, kid *node[T]) {
	path = strings.TrimRight(path, "/")
	dir, name := path[:strings.LastIndexByte(path, '/')+1], path[strings.LastIndexByte(path, '/')+1:]
	if name != "" {
		n.make(dir).set(name, kid)
	}
}

// walk calls f for the node and all below it, in no order.
func (n *node[T]) walk(path string, f func(path string, v *T)) {
	if path == "" {
		f("/", &n.v)
	} else {
		f(path, &n.v)
	}
	for name, kid := range n.kids {
		kid.walk(path+"/"+name, f)
	}
}
