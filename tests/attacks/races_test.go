package attacks

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/catbox-go/catbox/catbox"
)

// raceLength is how long a race against a confinement is run. Most of those that
// can be won are won within milliseconds.
var raceLength = flag.Duration("race-length", 500*time.Millisecond, "how long each race is run")

// openRaces are races that confinement does not promise to win.
var openRaces = map[string]string{}

// TestRaces makes each attack that wins by changing memory, links or descriptors
// between the tracer's look at a call and the kernel's: without confinement it
// succeeds at once; confined it changes nothing, as often as it tries.
func TestRaces(t *testing.T) {
	program := guest(t)
	var s scores
	t.Cleanup(func() { t.Log(s.String()) })
	for _, a := range attacks(t, program) {
		if !a.race() {
			continue
		}
		for _, uid := range users() {
			t.Run(fmt.Sprintf("%s/%s/uid %d", a.group, a.name, uid), func(t *testing.T) {
				t.Parallel()
				runRace(t, a, uid, program, &s)
			})
		}
	}
}

func runRace(t *testing.T, a attack, uid int, program string, s *scores) {
	row := score{attack: a, uid: uid}
	defer s.add(&row)
	if row.native = cannot(a, uid); row.native != "" {
		t.Logf("not tried without confinement: %s", row.native)
	} else {
		effect, out := attempt(t, a, uid, program, false)
		if effect == "" {
			t.Errorf("has no effect without confinement:\n%s", out)
		}
		row.native = outcome(t, out)
	}
	if row.confined = openRaces[a.name]; row.confined != "" {
		t.Skipf("stays open: %s", row.confined)
	}
	effect, out := attempt(t, a, uid, program, true)
	row.confined = outcome(t, out)
	if effect != "" {
		row.confined += ", WON"
		t.Errorf("succeeds: %s\n%s\n%.4000s", row.confined, effect, out)
	} else if !strings.Contains(out, "done\n") {
		t.Errorf("did not come to its end:\n%.4000s", out)
	}
}

// furnishRace prepares what a race needs beside the tree.
func (w *world) furnishRace(t *testing.T, name string, k *task) {
	t.Helper()
	k.Length = *raceLength
	k.Args = []string{strconv.FormatInt(k.Length.Milliseconds(), 10)}
	if !strings.HasPrefix(name, "host_") {
		return
	}
	k.Network = catbox.NetworkLoopback
	ip := hostAddress(t)
	if err := w.ears.alsoAt(ip.As4()); err != nil {
		t.Fatal(err)
	}
	k.Args = append(k.Args, ip.String())
}

// hostAddress returns an address of this machine that is not a loopback one.
func hostAddress(t *testing.T) netip.Addr {
	t.Helper()
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && p.Addr().IsGlobalUnicast() {
			return p.Addr()
		}
	}
	t.Skip("this machine has no IPv4 address beside the loopback one")
	return netip.Addr{}
}

var (
	triesLine  = regexp.MustCompile(`(?m)^tries (\d+) ms (\d+)`)
	cannotLine = regexp.MustCompile(`(?m)^cannot: (.*)`)
)

// outcome says how often a race was tried.
func outcome(t *testing.T, out string) string {
	t.Helper()
	if m := triesLine.FindStringSubmatch(out); m != nil && m[1] != "0" {
		return fmt.Sprintf("%s tries in %s ms", m[1], m[2])
	}
	if m := cannotLine.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	t.Errorf("was not tried:\n%.4000s", out)
	return "not tried"
}

// score is one race: how it ended without confinement and with it.
type score struct {
	attack           attack
	uid              int
	native, confined string
}

// scores are the rows of the report, in the order in which races end.
type scores struct {
	mu   sync.Mutex
	rows []score
}

func (s *scores) add(row *score) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = append(s.rows, *row)
}

// String returns the report.
func (s *scores) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.rows, func(a, b score) int {
		return cmp.Or(cmp.Compare(a.attack.group, b.attack.group), cmp.Compare(a.attack.name, b.attack.name), cmp.Compare(a.uid, b.uid))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-20s %-6s %-26s %s\n", "race", "uid", "unconfined", "confined")
	for i := range s.rows {
		r := &s.rows[i]
		fmt.Fprintf(&b, "%-20s %-6s %-26s %s\n", r.attack.name, strconv.Itoa(r.uid), r.native, r.confined)
	}
	return b.String()
}
