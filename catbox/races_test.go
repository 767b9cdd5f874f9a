package catbox

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
)

// elsewhere are races that tests/attacks runs alone: what they aim at is there.
var elsewhere = regexp.MustCompile(`^(deny|pattern|host|unix|type)_|own_proc`)

// TestRacesAtLevels runs the races of tests/attacks, briefly, with the oldest
// version of Landlock that is said to close each of them. Without confinement they
// succeed: tests/attacks sees to that.
func TestRacesAtLevels(t *testing.T) {
	program := harness.Attacker(t, programDir())
	list, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	versions := abis(t)
	for line := range strings.Lines(string(list)) {
		group, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		level, err := ParseLevel(harness.RaceLevel(name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(group, "races") || elsewhere.MatchString(name) || level > Level62 {
			continue
		}
		abi := 0
		for levelOf(abi) < level {
			abi++
		}
		t.Run(fmt.Sprintf("ABI %d/%s", abi, name), func(t *testing.T) {
			t.Parallel()
			if abi > versions[len(versions)-1] {
				t.Skipf("needs Linux %v", level)
			}
			raceAt(t, abi, program, name, port)
		})
	}
}

func raceAt(t *testing.T, abi int, program, name, port string) {
	const ms = "200"
	w := newWorld(t, users()[len(users())-1])
	marked := w.root + "/f/marked"
	err := os.WriteFile(marked, nil, 0o644)
	if err == nil {
		err = unix.Setxattr(marked, "user.mark", []byte("1"), 0)
	}
	if err == nil {
		err = os.Chown(marked, w.uid, w.uid)
	}
	if err != nil {
		t.Fatal(err)
	}
	box := w.box()
	box.maxABI = &abi
	before := w.snapshot(t, "f")
	out, _ := w.run(t, box, program, name, w.root, "0", port, ms)
	if diff := cmp.Diff(before, w.snapshot(t, "f")); diff != "" {
		t.Errorf("changed the forbidden tree (-want +got):\n%s", diff)
	}
	if strings.Contains(out, " won") || strings.Contains(out, "success") || !strings.HasSuffix(out, "done") {
		t.Error(out)
	}
}
