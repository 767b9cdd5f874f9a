package catbox_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
)

// scratch returns a new directory, without links in its name.
func scratch() string {
	dir, err := os.MkdirTemp("", "catbox-example-")
	if err != nil {
		panic(err)
	}
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		panic(err)
	}
	return dir
}

func Example() {
	dir := scratch()
	defer os.RemoveAll(dir)
	box := catbox.Sandbox{Paths: []string{dir}, DefaultDevices: true}
	res, err := box.Run(context.Background(), &catbox.Command{
		Args: []string{"/bin/sh", "-c", "echo hello > inside; mkdir /usr/outside"}, Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, v := range res.Violations {
		fmt.Println(v.Call, v.Canonical, v.Reason)
	}
	text, _ := os.ReadFile(dir + "/inside")
	fmt.Print(string(text))
	// Output:
	// mkdir /usr/outside outside the allowed paths
	// hello
}

func ExampleSandbox() {
	// The zero value allows nothing, not even the null device.
	var box catbox.Sandbox
	res, err := box.Run(context.Background(), &catbox.Command{Args: []string{"/bin/sh", "-c", "echo x > /dev/null"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.ExitCode != 0, res.Violations[0].Canonical)
	// Output: true /dev/null
}

func ExampleSandbox_Run() {
	box := catbox.Sandbox{DefaultDevices: true}
	res, err := box.Run(context.Background(), &catbox.Command{Args: []string{"/bin/sh", "-c", "exit 3"}})
	fmt.Println(res.ExitCode, res.Refused(), err)
	// Output: 3 0 <nil>
}

func ExampleCommand() {
	var box catbox.Sandbox
	_, err := box.Run(context.Background(), &catbox.Command{
		Args:   []string{"/bin/sh", "-c", "echo $GREETING from $PWD"},
		Dir:    "/",
		Env:    []string{"GREETING=hello"},
		Stdout: os.Stdout,
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: hello from /
}

func ExampleResult() {
	var box catbox.Sandbox
	res, err := box.Run(context.Background(), &catbox.Command{Args: []string{"/bin/sh", "-c", "kill -TERM $$"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.ExitCode, res.Signal, len(res.Violations))
	// Output: -1 terminated 0
}

func ExampleViolation() {
	v := catbox.Violation{Call: "openat", Path: "../log", Canonical: "/var/log", Reason: "outside the allowed paths",
		Processes: []catbox.ProcessInfo{{PID: 42, Argv: []string{"make", "install"}}}}
	fmt.Println(v.String())
	// Output: openat /var/log (passed as ../log): outside the allowed paths, by make install (pid 42)
}

func ExampleHooks() {
	box := catbox.Sandbox{Hooks: catbox.Hooks{
		ChildInitialized: func(int) error { fmt.Println("started"); return nil },
		Violation:        func(v catbox.Violation) error { fmt.Println("refused:", v.Target()); return nil },
		ChildDied: func(_ int, status unix.WaitStatus) error {
			fmt.Println("ended with", status.ExitStatus())
			return nil
		},
	}}
	_, err := box.Run(context.Background(), &catbox.Command{Args: []string{"/bin/sh", "-c", "umask 0; : > /usr/new; exit 0"}})
	fmt.Println(err)
	// Output:
	// started
	// refused: /usr/new
	// ended with 2
	// <nil>
}

func ExampleNetwork() {
	for _, n := range []catbox.Network{catbox.NetworkNone, catbox.NetworkLoopback, catbox.NetworkHost} {
		fmt.Println(n)
	}
	// Output:
	// none
	// loopback
	// host
}

func ExampleAction() {
	dir := scratch()
	defer os.RemoveAll(dir)
	box := catbox.Sandbox{OnViolation: catbox.Report}
	res, err := box.Run(context.Background(), &catbox.Command{Args: []string{"/bin/mkdir", dir + "/new"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = os.Stat(dir + "/new")
	fmt.Println(res.Violations[0].Call, res.Violations[0].Allowed, err)
	// Output: mkdir true <nil>
}

func ExampleCanonical() {
	dir := scratch()
	defer os.RemoveAll(dir)
	if err := os.Symlink("/usr/bin/../lib", dir+"/link"); err != nil {
		fmt.Println(err)
		return
	}
	entry, _ := catbox.Canonical(dir+"/./link", catbox.CanonicalOptions{})
	target, _ := catbox.Canonical(dir+"/link", catbox.CanonicalOptions{Follow: true})
	fmt.Println(filepath.Base(entry), target)
	// Output: link /usr/lib
}

func ExampleInterrupt() {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	box := catbox.Sandbox{Hooks: catbox.Hooks{ChildInitialized: func(int) error {
		cancel(catbox.Interrupt{Signal: unix.SIGTERM})
		return nil
	}}}
	res, err := box.Run(ctx, &catbox.Command{Args: []string{"/bin/cat", "/dev/zero"}})
	fmt.Println(res.Signal != 0, err != nil)
	// Output: true true
}
