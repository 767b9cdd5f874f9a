package fallback

import (
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/tracer/sysent"
)

func nativeABI() sysent.Arch {
	if runtime.GOARCH == "arm64" {
		return sysent.ARM64
	}
	return sysent.AMD64
}

// TestDescendantsOnly runs catbox where a process may only look into its
// descendants and into what it traces already, as with Yama's ptrace_scope 1, but
// root too. Whatever else it tried would be named.
func TestDescendantsOnly(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		p.rules = []string{"descendants"}
		for _, flags := range [][]string{nil, {"--network=loopback"}, {"--network=host"}} {
			if said := p.works(t, flags...); strings.Contains(said, "without: ") {
				t.Errorf("catbox looks into others:\n%s", said)
			}
		}
		o := p.run(t, append([]string{"run", "--network=loopback", "-p", "in", "--"}, helper(t, "serve")...)...)
		if strings.Contains(o.err, "without: ") || !strings.Contains(o.out, "loopback: <nil>") {
			t.Errorf("a server:\n%s%s", o.out, o.err)
		}
		if o = p.run(t, "doctor"); o.status != 0 || strings.Contains(o.err, "without: ") {
			t.Errorf("the doctor:\n%s%s", o.out, o.err)
		}
	})
}

// TestOthersAreRefused shows that this place is what it is said to be.
func TestOthersAreRefused(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		other := exec.Command("/bin/sleep", "1000")
		attr := p.attr
		other.SysProcAttr = &attr
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = other.Process.Kill(), other.Wait() }()
		attach := append(helper(t, "attach"), strconv.Itoa(other.Process.Pid))
		for _, rule := range []string{"", "descendants"} {
			words := attach
			if rule != "" {
				words = append([]string{without(t), rule, "--"}, attach...)
			}
			cmd := exec.Command(words[0], words[1:]...)
			attr := p.attr
			cmd.SysProcAttr = &attr
			out, err := cmd.CombinedOutput()
			if refused := strings.Contains(string(out), "operation not permitted"); err != nil || refused != (rule != "") {
				t.Errorf("rule %q: %v, %s", rule, err, out)
			}
		}
	})
}
