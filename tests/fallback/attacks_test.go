package fallback

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/tests/harness"
)

// TestAttacksWithoutMemory makes attacks where the tracer reads the memory of
// programs word by word. (All of tests/attacks can be run so, by tests/without.)
func TestAttacksWithoutMemory(t *testing.T) {
	program, from := harness.Tests(t, programDir(), "tests/attacks")
	uid := users()[len(users())-1]
	cmd := exec.CommandContext(t.Context(), without(t), "process_vm_readv=EPERM", "process_vm_writev=EPERM", "/proc/*/mem=EACCES", "--",
		program, "-test.v", fmt.Sprintf("-test.run=^TestAttacks$/^(files|links|net)$/./^uid_%d$", uid))
	cmd.Dir, cmd.Env = from, os.Environ()
	out, err := cmd.CombinedOutput()
	const many = 40
	if n := strings.Count(string(out), "--- PASS: TestAttacks/"); err != nil || n < many {
		t.Errorf("%v, %d attacks\n%s", err, n, out)
	}
}
