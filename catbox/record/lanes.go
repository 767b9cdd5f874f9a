package record

import (
	"cmp"
	"slices"
	"time"
)

// Lane is where a process stands in a picture of all of them over time: in a lane,
// which it shares with processes before and after it and with those that it is within.
type Lane struct {
	Lane  int // from 0
	Depth int // of processes in this lane that it is within
}

// Lanes gives each process, in the order of Build.Processes, a place such that none
// overlaps with another one: those of the same lane follow each other or are within
// each other, the inner one a descendant of the outer one. There are as many lanes as
// processes ran side by side at most, about.
func (b *Build) Lanes() []Lane {
	order := make([]int, len(b.Processes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(b.Processes[x].Time, b.Processes[y].Time) })
	places := make([]Lane, len(b.Processes))
	l := lanes{of: map[*Process]int{}}
	for _, i := range order {
		p := b.Processes[i]
		places[i] = l.place(p, b.Stop(p))
	}
	return places
}

// lanes are the processes that run at a time, outermost first in each lane.
type lanes struct {
	open [][]slot
	of   map[*Process]int
}

type slot struct {
	p    *Process
	stop time.Duration
}

func (l *lanes) place(p *Process, stop time.Duration) Lane {
	at := -1
	if lane, ok := l.of[p.Parent]; ok {
		l.drop(lane, p.Time)
		if n := len(l.open[lane]); n > 0 && l.open[lane][n-1].p == p.Parent && l.open[lane][n-1].stop >= stop {
			at = lane
		}
	}
	for lane := 0; at < 0; lane++ {
		if lane == len(l.open) {
			l.open = append(l.open, nil)
		}
		if l.drop(lane, p.Time); len(l.open[lane]) == 0 {
			at = lane
		}
	}
	l.open[at] = append(l.open[at], slot{p, stop})
	l.of[p] = at
	return Lane{at, len(l.open[at]) - 1}
}

// drop takes those out of a lane that have ended.
func (l *lanes) drop(lane int, now time.Duration) {
	open := l.open[lane]
	for len(open) > 0 && open[len(open)-1].stop <= now {
		delete(l.of, open[len(open)-1].p)
		open = open[:len(open)-1]
	}
	l.open[lane] = open
}
