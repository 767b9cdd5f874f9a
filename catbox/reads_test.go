package catbox

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadRules checks rules about reading and what looks missing.
func TestReadRules(t *testing.T) {
	const quiet = "exec 2>/dev/null; "
	tests := []struct {
		name       string
		box        func(w *world, box *Sandbox)
		script     string
		want       string
		violations []string
	}{
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
			`echo x >a/new && echo made; cat a/new || echo missing; ls a | grep "^new"`, "made\nmissing\nnew", nil},
	}
	for _, uid := range users() {
		w := newWorld(t, uid)
		for _, test := range tests {
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
	_, err := (&Sandbox{HidePaths: []string{"relative"}}).Run(t.Context(), &Command{Args: []string{"/bin/true"}})
	if err == nil || !strings.Contains(err.Error(), "relative") {
		t.Errorf("a rule that is none: %v", err)
	}
}
