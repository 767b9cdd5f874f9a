package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/catbox/fakeroot"
	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tracer"
)

// verification is a second run of a recorded command, in which nothing exists but
// what the record names.
type verification struct {
	app    *app
	build  *record.Build
	hidden map[string]int // index in order
	order  []catbox.Hidden
}

// maxHidden bounds what is shown of the hidden paths that were looked for.
const maxHidden = 10

// verify runs the command of a record again. The exit status is 1 if that fails.
func (a *app) verify(ctx context.Context, b *record.Build) (err error) {
	ctx = begin(ctx)
	v := &verification{app: a, build: b, hidden: map[string]int{}}
	if err := v.possible(); err != nil {
		return err
	}
	box, err := v.sandbox()
	if err != nil {
		return err
	}
	tmp, err := newPrivateTmp()
	if err != nil {
		return err
	}
	defer func() {
		if !abandoned(err) {
			err = errors.Join(err, tmp.remove())
		}
	}()
	box.Paths = append(box.Paths, tmp.dir)
	box.OnlyPaths = append(box.OnlyPaths, tmp.dir+"/")
	env := tmp.export(os.Environ())
	v.compare(env)
	ctx, signals := watchSignals(ctx)
	defer signals.stop()
	box.Hooks.GroupStop = signals.groupStopped
	return v.run(ctx, box, &catbox.Command{Dir: b.Run.Dir, Env: env, Stdin: a.in, Stdout: a.out, Stderr: a.err})
}

// run runs the commands of the record one after the other, until one ends otherwise.
// What one has made is there for the next.
func (v *verification) run(ctx context.Context, box *catbox.Sandbox, template *catbox.Command) error {
	var made []string
	box.Hooks.Made = func(path string) error {
		made = append(made, path+"/")
		return nil
	}
	commands := v.build.Run.All()
	for i, argv := range commands {
		box.OnlyPaths, made = append(box.OnlyPaths, made...), nil
		cmd := *template
		cmd.Args = argv
		res, err := box.Run(ctx, &cmd)
		var launch *tracer.LaunchError
		switch {
		case errors.Is(err, catbox.ErrNotFound), errors.As(err, &launch), err != nil && isCommandError(err):
			return &taskError{err: fmt.Errorf("run the command of the record again: %w", err)}
		case err != nil:
			return err
		}
		if i == len(commands)-1 || res.ExitCode != 0 || res.Signal != 0 || res.Refused() > 0 {
			v.report(res, argv)
			return nil
		}
	}
	return nil
}

// possible refuses where a second run would say nothing.
func (v *verification) possible() error {
	b := v.build
	switch {
	case b.Run.Level == record.LevelExec:
		return &taskError{err: errors.New("the record knows of no files"), hint: "record with --record-level all"}
	case !b.End.Complete:
		return &taskError{err: errors.New("the record is not complete, so that a second run proves nothing")}
	case b.End.Code != 0:
		return &taskError{err: fmt.Errorf("the command of the record has failed: %s", outcome(b.End.Code, b.End.Signal))}
	case len(b.Roots()) != len(b.Run.All()):
		return &taskError{err: fmt.Errorf("the record has %s, and names %d", plural(len(b.Roots()), "command", "commands"), len(b.Run.All())),
			hint: "record it again with this version of catbox"}
	}
	for _, name := range b.Made() {
		if _, err := os.Lstat(name); err == nil {
			return &taskError{err: fmt.Errorf("%s is there already, which the build made", catbox.Printable(name)),
				hint: "remove what the build makes first, for example with make clean"}
		}
	}
	if b.Run.Level != record.LevelAll {
		v.app.message("%s the record has not what was only looked at, so that looks missing too; see --record-level all", v.app.style.note("note:"))
	}
	return nil
}

// sandbox is the policy of the record.
func (v *verification) sandbox() (*catbox.Sandbox, error) {
	run := &v.build.Run
	// The root is there anyway; as a rule it would stand for everything.
	found := slices.DeleteFunc(append(v.build.Found(), run.Dir), func(name string) bool { return strings.HasSuffix(name, "/") })
	// The record knows nothing of what the kernel makes up.
	box := &catbox.Sandbox{Paths: slices.Clone(run.Policy.Paths), DenyPaths: run.Policy.Deny, DefaultDevices: true, Grace: grace,
		OnlyPaths: append(found, "/proc/", "/sys/", "/dev/")}
	if err := newWord(&box.Network, networkWords()).Set(run.Policy.Network); err != nil {
		return nil, fmt.Errorf("the network of the record: %w", err)
	}
	if err := newWord(&box.OnViolation, actionWords()).Set(run.Policy.Action); err != nil {
		return nil, fmt.Errorf("the action of the record: %w", err)
	}
	if len(v.build.Owners) > 0 {
		box.Fakeroot = catbox.FakerootFull
		box.Ownership = fakeroot.New().Recorder() // of all commands
	}
	box.Hooks.Hidden = v.looked
	box.Hooks.Stalled = v.app.stalled
	return box, nil
}

// compare says which variables of the environment are not those of the record.
func (v *verification) compare(env []string) {
	var names []string
	for _, line := range env {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	say := func(what string, list, others []string) {
		list = slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(others, name) })
		if slices.Sort(list); len(list) > 0 {
			v.app.message("%s %s: %s", v.app.style.note("note:"), what, oneLine(strings.Join(list, " ")))
		}
	}
	say("variables that are not set and were then", v.build.Run.Env, names)
	say("variables that are set and were not then", names, v.build.Run.Env)
}

// looked is the hook for paths that look missing.
func (v *verification) looked(h catbox.Hidden) error {
	if _, ok := v.hidden[h.Path]; !ok && len(v.hidden) < maxLive {
		v.hidden[h.Path] = len(v.order)
		v.order = append(v.order, h)
	}
	return nil
}

// report says how it went, and leaves the exit status in app.status.
// argv is the command that has ended last.
func (v *verification) report(res *catbox.Result, argv []string) {
	a := v.app
	succeeds, what := "the command succeeds", "the command"
	if n := len(v.build.Run.All()); n > 1 {
		succeeds, what = fmt.Sprintf("the %d commands succeed", n), quoteAll(argv)
	}
	if res.ExitCode == 0 && res.Signal == 0 && res.Refused() == 0 {
		a.message("%s %s with nothing else than what the record names", a.style.good("verified:"), succeeds)
	} else {
		a.status = exitTask
		how := outcome(res.ExitCode, int(res.Signal))
		if res.Refused() > 0 {
			how += fmt.Sprintf(", %s refused", plural(res.Refused(), "call was", "calls were"))
		}
		a.message("%s with nothing else than what the record names %s ends otherwise: %s", a.style.bad("not verified:"), what, how)
	}
	if len(v.order) == 0 {
		return
	}
	a.message("%s these are there, were hidden and looked for, the first one first:", a.style.note("note:"))
	for _, h := range v.order[:min(len(v.order), maxHidden)] {
		line := h.Call + " " + catbox.Printable(h.Path)
		if len(h.Processes) > 0 {
			line += ", by " + commandLine(h.Processes[0])
		}
		a.message("  %s", line)
	}
	if more := len(v.order) - maxHidden; more > 0 {
		a.message("  and %d more", more)
	}
}

// outcome says how a command has ended.
func outcome(code, signal int) string {
	if signal != 0 {
		return "killed by " + unix.SignalName(unix.Signal(signal))
	}
	return fmt.Sprintf("exit status %d", code)
}
