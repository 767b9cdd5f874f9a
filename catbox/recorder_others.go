package catbox

import (
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer"
)

// network writes down an attempt to reach somebody.
func (r *recorder) network(k *call, errno unix.Errno) {
	buf := r.first.raw[:]
	if k.sockaddr < 0 || k.addrLen < 2 || int(k.addrLen) > len(buf) || k.stop.ReadFull(k.word(k.args[k.sockaddr]), buf[:k.addrLen]) != 0 {
		return
	}
	r.w.Network(r.id(k.stop.Process()), k.entry.Name, decodeAddress(buf[:k.addrLen]).name, errno)
}

// violation writes down a call that the policy refused.
func (r *recorder) violation(s *tracer.Stop, v *Violation) {
	if r == nil {
		return
	}
	out := record.Violation{Process: r.id(s.Process()), Call: v.Call, Path: v.Path, Canonical: v.Canonical, Address: v.Address,
		Reason: v.Reason, Errno: record.ErrnoName(v.Errno), Allowed: v.Allowed, Rule: v.Rule, Count: v.Count}
	for _, p := range v.Processes {
		out.Processes = append(out.Processes, record.ProcessInfo{PID: p.PID, Argv: p.Argv})
	}
	r.w.Violation(out)
}

// refused counts a violation, equal ones included.
func (r *recorder) refused() {
	if r != nil {
		r.count.refused()
	}
}

// owner writes down faked ownership.
func (r *recorder) owner(path string, uid, gid, mode uint32, rdev uint64) {
	if r == nil {
		return
	}
	o := record.Owner{Path: path, UID: &uid, GID: &gid, Mode: &mode}
	if fakeroot.IsDevice(mode) {
		o.Rdev = &rdev
	}
	r.w.Owner(o)
}
