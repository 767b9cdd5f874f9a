package tracer

import (
	"time"

	"golang.org/x/sys/unix"
)

// usageSum adds up what the processes used.
//
// The usage of a process that has ended includes that of the children it waited
// for (getrusage(2)), so only those count whose parent did not live to wait for
// them: the command itself, and daemons.
type usageSum struct {
	last  unix.Rusage // of the last wait
	total Usage
}

// add books the process that the last wait reported as ended.
func (u *usageSum) add(p *Process) {
	// ru_maxrss is in KiB (getrusage(2)).
	p.usage = Usage{User: time.Duration(u.last.Utime.Nano()), System: time.Duration(u.last.Stime.Nano()), MaxRSS: u.last.Maxrss * 1024}
	u.total.MaxRSS = max(u.total.MaxRSS, p.usage.MaxRSS)
	if p.parent != nil && !p.parent.dead {
		return
	}
	u.total.User += p.usage.User
	u.total.System += p.usage.System
}
