package attacks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
)

// patience bounds one attack; only a test that fails takes so long.
const patience = 20 * time.Second

// runnerVariable holds, as JSON, what a process of this test binary is to run
// instead of the tests.
const runnerVariable = "CATBOX_ATTACKS_RUN"

// task is one attack. It runs below a process of its own, which belongs to the
// user of the attack as the command line would, and may be killed.
type task struct {
	Confined bool
	Args     []string
	Dir      string
	Stdin    string // file to open for reading
	Leak     []string
	Allow    []string
	Deny     []string
	Network  catbox.Network
	Length   time.Duration // of a race
	Fakeroot bool          // the program believes to be root
	OnTracer bool          // the process of the task is what the attack aims at
}

func TestMain(m *testing.M) {
	if text := os.Getenv(runnerVariable); text != "" {
		os.Exit(runTask(text))
	}
	unix.Umask(0o022)
	code := m.Run()
	_ = os.RemoveAll(programDir())
	os.Exit(code)
}

func runTask(text string) int {
	if err := os.Unsetenv(runnerVariable); err != nil {
		return 3
	}
	var k task
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return 4
	}
	if k.OnTracer {
		k.Args[3] = strconv.Itoa(os.Getpid())
	}
	for _, path := range k.Leak {
		flags := unix.O_RDWR
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			flags = unix.O_RDONLY
		}
		if _, err := unix.Open(path, flags, 0); err != nil { // without O_CLOEXEC
			fmt.Println(err)
			return 5
		}
	}
	var out bytes.Buffer
	err := k.run(&out)
	fmt.Print(out.String())
	if err != nil {
		fmt.Println(err)
		return 6
	}
	return 0
}

func (k *task) run(out *bytes.Buffer) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience+k.Length, errors.New("attack took too long"))
	defer cancel()
	stdin, err := os.Open(k.Stdin)
	if err != nil {
		return err
	}
	defer stdin.Close()
	if !k.Confined {
		cmd := exec.CommandContext(ctx, k.Args[0], k.Args[1:]...)
		cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = k.Dir, stdin, out, out, patience
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			return err
		}
		return nil
	}
	box := &catbox.Sandbox{Paths: k.Allow, DenyPaths: k.Deny, DefaultDevices: true, Network: k.Network}
	if k.Fakeroot {
		box.Fakeroot = catbox.FakerootFull
	}
	res, err := box.Run(ctx, &catbox.Command{Args: k.Args, Dir: k.Dir, Stdin: stdin, Stdout: out, Stderr: out})
	if err != nil {
		return err
	}
	for i := range res.Violations {
		fmt.Fprintln(out, "refused:", res.Violations[i].String())
	}
	return nil
}
