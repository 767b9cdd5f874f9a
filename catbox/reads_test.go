package catbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readTest is a policy about reading and what a script sees of it.
type readTest struct {
	name       string
	box        func(w *world, box *Sandbox)
	script     string
	want       string
	violations []string
}

func readTests() []readTest {
	return []readTest{
		{"denied", func(w *world, box *Sandbox) { box.DenyReadPaths = []string{w.root + "/f"} },
			"cat a/file && cat f/file || echo no; cat a/out || echo no; cat <f/dir/inner || echo no; stat -c %n f/file",
			"content of fileno\nno\nno\nf/file", []string{"openat ~/f/file (f/file)", "openat ~/f/file (a/out)", "openat ~/f/dir/inner (f/dir/inner)"}},
		{"allowed only", func(w *world, box *Sandbox) {
			box.ReadPaths = []string{"/bin", "/usr", "/lib", "/lib64", "/etc", "/proc", w.root + "/a"}
			box.DenyReadPaths = []string{"~/a/dir/"}
		}, "cat a/file a/dir/inner; cat f/file; cd f && cat file",
			"content of file", []string{"openat ~/a/dir/inner (a/dir/inner)", "openat ~/f/file (f/file)", "openat ~/f/file (file)"}},
		{"writing is not reading", func(w *world, box *Sandbox) { box.DenyReadPaths = []string{w.root + "/a"} },
			"echo x >a/new && echo ok; cat a/new || echo no", "ok\nno", []string{"openat ~/a/new (a/new)"}},
		{"execution", func(w *world, box *Sandbox) { box.DenyReadPaths = []string{w.root + "/a/prog"} },
			"printf '#!/bin/sh\necho ran\n' >a/prog; chmod +x a/prog; cp a/prog a/other; a/other; a/prog || echo no",
			"no", []string{"openat ~/a/prog (a/prog)", "execve ~/a/prog (a/prog)"}},
		{"hidden", func(w *world, box *Sandbox) { box.HidePaths = []string{w.root + "/a/file", w.root + "/a/dir"} },
			"cat a/file; test -e a/file || echo missing; stat a/file; cat a/in; test -L a/in && echo link; ls a/dir; cd a/dir; cat a/dir/inner; rm -f a/file; echo x >>a/file; echo end",
			"missing\nlink\nend", nil},
		{"hidden link", func(w *world, box *Sandbox) { box.HidePaths = []string{w.root + "/a/in"} },
			"cat a/in || echo missing; cat a/file", "missing\ncontent of file", nil},
		{"hidden interpreter", func(w *world, box *Sandbox) { box.HidePaths = []string{w.root + "/a/sh"} },
			"cp /bin/sh a/shell; printf '#!%s/a/sh\necho ran\n' $PWD >a/prog; chmod +x a/prog; a/prog || echo $?", "127", nil},
		{"hidden interpreter of another directory", func(w *world, box *Sandbox) { box.HidePaths = []string{w.root + "/a/sh"} },
			"cp /bin/true a/sh; printf '#!./sh\\n' >a/prog; chmod +x a/prog; cd a; ./prog || echo $?", "127", nil},
		{"hidden by an expression", func(w *world, box *Sandbox) { box.HidePaths = []string{`~/inner\z`} },
			"cat a/dir/inner || echo missing; cat a/file", "missing\ncontent of file", nil},
		{"a hidden name can be taken", func(w *world, box *Sandbox) { box.HidePaths = []string{w.root + "/a/new"} },
			`echo x >a/new && echo made; cat a/new || echo missing; ls a | grep "^new"`, "made\nmissing", nil},
		{"hidden names are in no list", func(w *world, box *Sandbox) {
			box.HidePaths = []string{w.root + "/a/file", w.root + "/a/dir/", `~/out[a-z]*\z`}
		}, "ls -A a; cd a && echo * && cat file || echo missing", "empty\nin\nempty in\nmissing", nil},
		{"hidden names that fill the list", func(w *world, box *Sandbox) { box.HidePaths = []string{`~/many/hidden-\d+\z`} },
			"mkdir a/many; cd a/many; touch first; seq -f hidden-%0200g 1 400 | xargs touch; touch last; ls -A; ls -f | sort -u", "first\nlast\n.\n..\nfirst\nlast", nil},
	}
}

// TestReadRules checks rules about reading and what looks missing.
func TestReadRules(t *testing.T) {
	const quiet = "exec 2>/dev/null; "
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, test := range readTests() {
			t.Run(fmt.Sprintf("%s/uid %d", test.name, uid), func(t *testing.T) {
				w.build(t)
				box := w.box()
				test.box(w, box)
				got, res := w.run(t, box, "/bin/sh", "-c", quiet+test.script)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.violations, w.report(res)); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
			})
		}
	}
	if _, err := (&Sandbox{HidePaths: []string{"relative"}}).Assess(); err != nil {
		t.Errorf("Assess looks at what it need not: %v", err)
	}
	for _, box := range []*Sandbox{{OnlyPaths: []string{"relative"}}, {OnlyPaths: []string{""}}} {
		if _, err := box.Run(t.Context(), &Command{Args: []string{"/bin/true"}}); err == nil {
			t.Errorf("no error with %q", box.OnlyPaths)
		}
	}
	_, err := (&Sandbox{HidePaths: []string{"relative"}}).Run(t.Context(), &Command{Args: []string{"/bin/true"}})
	if err == nil || !strings.Contains(err.Error(), "relative") {
		t.Errorf("a rule that is none: %v", err)
	}
}

// TestOnlyPaths checks that nothing exists but what is listed and what the run makes.
func TestOnlyPaths(t *testing.T) {
	const quiet = "exec 2>/dev/null; "
	tests := []struct {
		name, script, want string
		only, hidden       []string
	}{
		{"listed", "cat a/file a/dir/inner; test -e a && cd a && echo in a", "content of filein a", []string{"a/file"}, []string{"openat a/dir/inner"}},
		{"all below", "cat a/dir/inner; test -d a/dir && echo dir; cat a/file", "content of filedir", []string{"a/dir/"}, []string{"openat a/file"}},
		{"links", "cat a/in; cat a/file", "content of file", []string{"a/file"}, []string{"openat a/file"}},
		{"made", "echo x >a/new; cat a/new; mkdir a/d && echo y >a/d/new && cat a/d/new; mv a/new a/other; cat a/other; ln a/other a/third && cat a/third",
			"x\ny\nx\nx", []string{"a/"}, nil},
		{"made in what is not listed", "echo x >a/new; cat a/new; mkdir a/d && echo y >a/d/new && cat a/d/new; mv a/new a/other; cat a/other; ln a/other a/third && cat a/third; ln -s third a/s && cat a/s",
			"x\ny\nx\nx\nx", []string{"a/file"}, nil},
		{"a hidden name is not replaced", "echo x >a/file; echo $?; unlink a/file; mkdir a/dir || echo no", "2\nno", []string{"a/none"}, []string{"openat a/file", "unlink a/file", "mkdir a/dir"}},
	}
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s/uid %d", test.name, uid), func(t *testing.T) {
				w.build(t)
				box := w.box()
				box.OnlyPaths = []string{"/usr/", "/lib64", "/lib", "/bin", "/etc/", "/dev/", "/proc/", w.root}
				for _, name := range test.only {
					box.OnlyPaths = append(box.OnlyPaths, w.root+"/"+name)
				}
				var hidden []string
				box.Hooks.Hidden = func(h Hidden) error {
					if name, ok := strings.CutPrefix(h.Path, w.root+"/"); ok && len(h.Processes) > 0 {
						hidden = append(hidden, h.Call+" "+name)
					}
					return nil
				}
				got, _ := w.run(t, box, "/bin/sh", "-c", quiet+test.script)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.hidden, hidden); diff != "" {
					t.Errorf("hidden (-want +got):\n%s", diff)
				}
			})
		}
	}
}
