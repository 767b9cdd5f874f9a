package catbox

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// maxMade bounds the names that are remembered of what a run makes.
const maxMade = 1 << 20

// only is the rule that nothing exists but some paths, and what the run makes.
type only struct {
	names map[string]struct{} // that exist, and all directories above them
	trees map[string]struct{} // of which everything exists
	made  int                 // of trees, by the run
}

// newOnly returns nil without paths: everything exists that does. A path that ends in
// a slash is a directory with everything below it.
func newOnly(paths []string) (*only, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	o := &only{names: map[string]struct{}{"/": {}}, trees: map[string]struct{}{}}
	for _, name := range paths {
		if !filepath.IsAbs(name) {
			return nil, fmt.Errorf("%s is not an absolute path", Printable(name))
		}
		if tree := path.Clean(name); strings.HasSuffix(name, "/") {
			o.trees[tree] = struct{}{}
		}
		for at := path.Clean(name); ; at = path.Dir(at) {
			if _, ok := o.names[at]; ok {
				break
			}
			o.names[at] = struct{}{}
		}
	}
	return o, nil
}

// sees reports whether a canonical path may exist.
func (o *only) sees(name string) bool {
	if _, ok := o.names[name]; ok {
		return true
	}
	return o.below(name)
}

// below reports whether the path is in a tree of which everything exists.
func (o *only) below(name string) bool {
	for at := name; ; at = path.Dir(at) {
		if _, ok := o.trees[at]; ok {
			return true
		}
		if len(at) <= 1 {
			return false
		}
	}
}

// makes notes a name that the run is about to make, and which is not there yet, and
// reports whether it is a new one. That it may fail to does no harm: then it still is
// not there.
func (o *only) makes(name string) bool {
	if o.made >= maxMade || o.below(name) {
		return false
	}
	o.made++
	o.trees[strings.Clone(name)] = struct{}{}
	return true
}
