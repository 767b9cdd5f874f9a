package compat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// place is where one suite runs as one user.
type place struct {
	work     string // holds all of it
	dir      string // what a confined run may write
	build    string // where the scripts run, each time anew
	pristine string // what build is made from
	logs     string // what the scripts say
	catbox   string
	user     account
}

// account is a user to run as; cred is nil for the user of the test itself.
type account struct {
	name string
	cred *syscall.Credential
}

// The users and the modes of a run, as explained.txt names them.
const (
	ordinary     = "user"
	root         = "root"
	modeAllowed  = "allowed"
	modeConfined = "confined"
)

func newPlace(top, logs, catbox string, s *suite, user account) (*place, error) {
	work := filepath.Join(top, user.name, s.name)
	p := &place{
		work:     work,
		dir:      filepath.Join(work, "d"),
		pristine: filepath.Join(work, "pristine"),
		logs:     logs, catbox: catbox, user: user,
	}
	p.build = filepath.Join(p.dir, "build")
	for _, dir := range []string{p.pristine, p.build, p.sub("home"), p.sub("cache")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	return p, p.own(work)
}

func (p *place) sub(name string) string { return filepath.Join(p.dir, name) }

// own gives a tree to the user of the place.
func (p *place) own(tree string) error {
	if p.user.cred == nil {
		return nil
	}
	owner := fmt.Sprintf("%d:%d", p.user.cred.Uid, p.user.cred.Gid)
	if out, err := exec.Command("chown", "-R", owner, tree).CombinedOutput(); err != nil {
		return fmt.Errorf("chown %s: %w\n%s", tree, err, out)
	}
	return nil
}

// fresh puts the pristine tree where the scripts run, and empties the directory
// for temporary files.
func (p *place) fresh() error {
	for _, dir := range []string{p.build, p.sub("tmp")} {
		if err := removeAll(dir); err != nil {
			return err
		}
	}
	if err := os.Mkdir(p.sub("tmp"), 0o755); err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", p.pristine, p.build).CombinedOutput(); err != nil {
		return fmt.Errorf("cp: %w\n%s", err, out)
	}
	return p.own(p.sub("tmp"))
}

// removeAll removes a tree, also one whose directories a test suite has left
// without the right to write.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	if out, err := exec.Command("chmod", "-R", "u+rwx", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("chmod %s: %w\n%s", dir, err, out)
	}
	return os.RemoveAll(dir)
}

// run is one run of a script in a place.
type run struct {
	out     string // where its output is
	status  int
	refused int
	took    time.Duration
}

// prefixOf returns the words that make a command run in a mode.
func (p *place) prefixOf(s *suite, mode string) []string {
	words := []string{p.catbox, "run", "-q", "--violations", p.violations()}
	switch mode {
	case modeAllowed:
		return append(words, "-p", "/", "--network=host", "--")
	case modeConfined:
		return append(words, "-p", p.dir, "--network="+s.network, "--")
	}
	return nil
}

// violations is the file of what was refused in the last run inside catbox.
func (p *place) violations() string { return filepath.Join(p.work, "violations") }

// sh runs a script in the build directory behind the words of prefix. That it
// fails is no error: the report says which tests did.
func (p *place) sh(ctx context.Context, prefix []string, script, log string, env []string) (*run, error) {
	r := &run{out: filepath.Join(p.logs, log)}
	out, err := os.Create(r.out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	argv := append(append([]string(nil), prefix...), "sh", "-c", "umask 022\n"+script)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.build, out, out
	cmd.Env = append([]string{
		"LANG=C.UTF-8", "HOME=" + p.sub("home"), "TMPDIR=" + p.sub("tmp"), "XDG_CACHE_HOME=" + p.sub("cache"),
	}, env...)
	// A session of its own: a suite must not depend on the terminal of the test.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user.cred, Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	start := time.Now()
	err = cmd.Run()
	r.took = time.Since(start)
	var exit *exec.ExitError
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: took too long, see %s", script, r.out)
	}
	if err != nil && (!errors.As(err, &exit) || !exit.Exited()) {
		return nil, fmt.Errorf("%s: %w, see %s", script, err, r.out)
	}
	r.status = cmd.ProcessState.ExitCode()
	if prefix == nil {
		return r, nil
	}
	r.refused, err = refusals(p.violations())
	return r, err
}

// refusals reads how much was refused from the last line of the violations.
func refusals(file string) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	data = bytes.TrimSpace(data)
	var last struct {
		Summary *struct{ Refused int }
	}
	if err := json.Unmarshal(data[bytes.LastIndexByte(data, '\n')+1:], &last); err != nil || last.Summary == nil {
		return 0, fmt.Errorf("%s: no summary in the last line: %w", file, err)
	}
	return last.Summary.Refused, nil
}
