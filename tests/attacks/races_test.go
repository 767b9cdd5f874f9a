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
	"github.com/catbox-go/catbox/tests/harness"
)

// raceLength is how long a race against a confinement is run, if it is not won
// before. With less than fullLength only the ordinary user races.
var raceLength = flag.Duration("race-length", 500*time.Millisecond, "how long each race against a confinement is run")

const fullLength = 3 * time.Second

// openRaces are races that docs/threat-model.md leaves open, and why. They are run
// without confinement only.
var openRaces = map[string]string{
	"deny_race_open":      denied,
	"deny_race_unlink":    denied,
	"pattern_race_open":   patterned,
	"pattern_race_unlink": patterned,
	"unix_sendto":         datagram,
	"unix_sendmmsg":       datagram,
	"host_sendto":         datagram,
	"host_sendmsg":        datagram,
	"own_proc_file":       "files below /proc of the user's other processes",
}

const (
	denied    = "the kernel knows no deny rule inside of an allowed directory"
	patterned = "the kernel knows only the directory that a pattern begins with"
	datagram  = "the address of a datagram is checked by the tracer alone"
)

// TestRaces makes each attack that wins by changing memory, links or descriptors
// between the tracer's look at a call and the kernel's: without confinement it
// succeeds at once; confined it changes nothing, as often as it is tried.
func TestRaces(t *testing.T) {
	program := guest(t)
	uids := users()
	if *raceLength < fullLength {
		uids = uids[len(uids)-1:]
	}
	var s scores
	t.Cleanup(func() { fmt.Print(s.String()) })
	for _, a := range attacks(t, program) {
		if !a.race() {
			continue
		}
		for _, uid := range uids {
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
	if level, err := catbox.ParseLevel(harness.RaceLevel(a.name)); err != nil {
		t.Fatal(err)
	} else if catbox.MachineLevel() < level {
		row.confined = fmt.Sprintf("needs Linux %v", level)
		t.Skip(row.confined)
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

// furnishRace prepares what a race needs beside the tree. Without confinement the
// length is only a bound.
func (w *world) furnishRace(t testing.TB, name string, k *task) {
	t.Helper()
	k.Length = patience / 2
	if k.Confined {
		k.Length = *raceLength
	}
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
func hostAddress(t testing.TB) netip.Addr {
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

// scores are the rows of the report.
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
	fmt.Fprintf(&b, "%-20s %-6s %-26s %s\n", "race", "uid", "unconfined", "confined")
	for i := range s.rows {
		r := &s.rows[i]
		fmt.Fprintf(&b, "%-20s %-6d %-26s %s\n", r.attack.name, r.uid, r.native, r.confined)
	}
	return b.String()
}

// BenchmarkRaces says how many tries a race makes in a second when it goes on
// after it has won. A race with few of them proves little.
func BenchmarkRaces(b *testing.B) {
	program := guest(b)
	uid := users()[len(users())-1]
	for _, a := range attacks(b, program) {
		for _, confined := range []bool{false, true} {
			if !a.race() || cannot(a, uid) != "" {
				continue
			}
			b.Run(fmt.Sprintf("%s/confined=%v", a.name, confined), func(b *testing.B) {
				var tries, ms float64
				for b.Loop() {
					w := newWorld(b, uid, program, a.name)
					k := &task{Confined: confined}
					w.furnishRace(b, a.name, k)
					k.Args[0] = strconv.FormatInt((*raceLength).Milliseconds(), 10) + "+"
					out, err := w.run(b, a.name, k)
					w.victim.report()
					m := triesLine.FindStringSubmatch(out)
					if err != nil || m == nil && !confined {
						b.Fatalf("%v\n%s", err, out)
					} else if m == nil {
						b.Skip(out)
					}
					n, _ := strconv.ParseFloat(m[1], 64)
					length, _ := strconv.ParseFloat(m[2], 64)
					tries, ms = tries+n, ms+length
				}
				b.ReportMetric(tries/ms*1000, "tries/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
