package record

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLanes(t *testing.T) {
	b, err := Load(bytes.NewReader(encode(t, &Run{Version: Version},
		&Start{ID: 1, Time: 0}, &Start{ID: 2, Parent: 1, Time: 1}, &Start{ID: 3, Parent: 1, Time: 2},
		&Exit{Process: 2, Time: 3}, &Exit{Process: 3, Time: 4}, &Start{ID: 4, Parent: 1, Time: 5},
		&Exit{Process: 4, Time: 6}, &Exit{Process: 1, Time: 7}, &End{Time: 7})))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Lane{{0, 0}, {0, 1}, {1, 0}, {0, 1}}, b.Lanes()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestLanesDoNotOverlap looks at random builds.
func TestLanesDoNotOverlap(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		lines := []Event{&Run{Version: Version}}
		for id := 1; id <= 30; id++ {
			start := time.Duration(r.IntN(50))
			lines = append(lines, &Start{ID: id, Parent: r.IntN(id), Time: start},
				&Exit{Process: id, Time: start + time.Duration(1+r.IntN(20))})
		}
		b, err := Load(bytes.NewReader(encode(t, lines...)))
		if err != nil {
			t.Fatal(err)
		}
		places := b.Lanes()
		for i, p := range b.Processes {
			for j, q := range b.Processes[:i] {
				if places[i].Lane != places[j].Lane || b.Stop(p) <= q.Time || b.Stop(q) <= p.Time {
					continue
				}
				outer, inner := p, q
				if places[i].Depth > places[j].Depth {
					outer, inner = q, p
				}
				if places[i].Depth == places[j].Depth || inner.Time < outer.Time || b.Stop(inner) > b.Stop(outer) {
					t.Fatalf("seed %d: processes %d and %d overlap", seed, p.ID, q.ID)
				}
			}
		}
	}
}
