package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	lib "github.com/catbox-go/catbox/catbox"
)

// TestMain lets the test binary be catbox: the scripts find it under that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"catbox": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"absent": absent,
		},
		Condition: func(cond string) (bool, error) { return condition(t, cond) },
	})
}

// status runs a program and compares its exit status with the first argument.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N program [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = fmt.Sprint(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

// absent fails if one of the patterns names a file.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	for _, pattern := range args {
		files, err := filepath.Glob(ts.MkAbs(pattern))
		ts.Check(err)
		if neg == (len(files) == 0) {
			ts.Fatalf("%s: found %v", pattern, files)
		}
	}
}

// condition knows [missing:PROGRAM], true if the program is missing: the script
// skips, unless the environment is CI, which must have it.
func condition(t *testing.T, cond string) (bool, error) {
	if cond == "landlock" { // Linux 6.12 or newer, with Landlock
		return lib.MachineLevel() == lib.Level612, nil
	}
	if cond == "root" {
		return os.Geteuid() == 0, nil
	}
	name, ok := strings.CutPrefix(cond, "missing:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	if _, err := exec.LookPath(name); err == nil {
		return false, nil
	}
	if os.Getenv("CI") == "true" {
		t.Errorf("%s is missing; install the package that has it", name)
	}
	return true, nil
}

// nobody is the user that the scripts run as once more when the tests are run by
// root.
const nobody = 65534

func TestScriptsAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("TestScripts has run as an ordinary user")
	}
	// Neither the test binary nor the sources need be readable for that user.
	dir, err := os.MkdirTemp("", "catbox-user-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	binary := filepath.Join(dir, "catbox.test")
	data, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(binary, data, 0o755)
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS("testdata"))
	}
	if err == nil {
		err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(path, nobody, nobody)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run=^(TestScripts|TestSignals|TestJobControl)$", "-test.v")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir,
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") // no directory of root
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
