package tools

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/catbox-go/catbox/catbox"
	"github.com/catbox-go/catbox/tests/harness"
)

// confined runs a shell script that may write below dir only. HOME and TMPDIR are
// inside.
func confined(t *testing.T, dir, script string) (string, *catbox.Result) {
	t.Helper()
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	box := catbox.Sandbox{Paths: []string{dir}, DefaultDevices: true}
	res, err := box.Run(context.Background(), &catbox.Command{
		Args: []string{"/bin/sh", "-ec", script}, Dir: dir, Stdout: &out, Stderr: &out,
		Env: append(os.Environ(), "HOME="+dir, "TMPDIR="+tmp, "XDG_CONFIG_HOME="+dir, "LC_ALL=C"),
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return out.String(), res
}

// clean fails the test unless the run succeeded and nothing was refused.
func clean(t *testing.T, out string, res *catbox.Result) {
	t.Helper()
	for i := range res.Violations {
		t.Errorf("refused: %s", res.Violations[i].String())
	}
	if res.ExitCode != 0 {
		t.Errorf("exit status %d, signal %v\n%s", res.ExitCode, res.Signal, out)
	}
}

func TestTools(t *testing.T) {
	tests := []struct {
		name, program, install, script, want string
	}{
		{"python", "python3", "python3", `
cat >script.py <<'EOF'
import os, subprocess, tempfile, threading, shutil
os.makedirs("d/e/f")
with tempfile.NamedTemporaryFile(mode="w") as f:
    f.write("x"); f.flush(); os.link(f.name, "d/linked")
threads = [threading.Thread(target=lambda i=i: open(f"d/{i}", "w").write(str(i))) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
os.rename("d/1", "d/e/1"); os.chmod("d/2", 0o600); os.utime("d/3", (1, 1)); os.symlink("/etc/passwd", "d/s")
print(subprocess.run(["cat", "d/e/1"], capture_output=True, text=True).stdout)
shutil.rmtree("d")
try:
    open("/etc/passwd", "r").close(); os.mkdir("/usr")
except FileExistsError:
    print("exists")
EOF
python3 script.py`, "1\nexists\n"},
		{"static binary", "gcc", "gcc libc6-dev", `
cat >s.c <<'EOF'
#include <stdio.h>
#include <sys/stat.h>
int main(void) { FILE *f = fopen("out", "w"); fprintf(f, "static\n"); fclose(f); return chmod("out", 0600); }
EOF
gcc -static -o s s.c && ./s && cat out`, "static\n"},
		{"make and gcc in parallel", "make", "make", `
for i in 1 2 3 4 5 6 7 8; do echo "int f$i(void) { return $i; }" >f$i.c; done
echo 'int main(void) { return 0; }' >main.c
printf 'OBJS = main.o f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o\nprog: $(OBJS)\n\tcc -o $@ $(OBJS)\nlib.a: $(OBJS)\n\tar rcs $@ $(OBJS)\n' >Makefile
make -s -j4 prog lib.a 2>&1 && ./prog && echo built`, "built\n"},
		{"tar, gzip, cp -a, find, sed -i, mv", "tar", "tar", `
mkdir -p src/sub && echo one >src/a && ln -s a src/l && ln src/a src/h && echo two >src/sub/b
tar -czf src.tgz src && mkdir out && tar -xzf src.tgz -C out && cp -a out/src copy && sed -i s/two/three/ copy/sub/b
mv copy moved && find moved -type f -exec touch -d @1 {} + && rm -r src out && cat moved/sub/b`, "three\n"},
		{"git", "git", "git", `
git init -q repo && cd repo && git config user.email a@b.invalid && git config user.name n
echo 1 >f && git add f && git commit -qm one && git branch side && git gc -q && git checkout -q side && git log --format=%s`, "one\n"},
		{"perl", "perl", "perl", `perl -e 'open(F, ">", "p") or die; print F "x"; close F; rename "p", "q" or die; print -s "q", "\n"'`, "1\n"},
		{"fifo, background jobs, here-documents", "sh", "dash", `
mkfifo p; (cat p >got) & echo through >p; wait; cat got; cat <<EOF
here
EOF`, "through\nhere\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			harness.Need(t, tt.program, tt.install)
			out, res := confined(t, t.TempDir(), tt.script)
			clean(t, out, res)
			if !strings.HasSuffix(out, tt.want) {
				t.Errorf("output %q, want %q at its end", out, tt.want)
			}
		})
	}
}

// TestGoBuild builds a program of this repository, and what it needs of Go's library,
// with a build cache of its own inside the list.
func TestGoBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a part of Go's library")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	goTool := filepath.Join(goEnv(t, "GOROOT"), "bin", "go")
	dir := t.TempDir()
	out, res := confined(t, dir, strings.Join([]string{
		"export GOCACHE=" + dir + "/cache GOMODCACHE=" + goEnv(t, "GOMODCACHE") + " GOFLAGS=-buildvcs=false GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0",
		"cd " + root, goTool + " build -o " + dir + "/without ./tests/without", dir + "/without getpid=EPERM -- echo built"}, "\n"))
	clean(t, out, res)
	if !strings.HasSuffix(out, "built\n") {
		t.Errorf("output %q of the program that was built", out)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// TestInstallRefused checks the main failure: a build that installs outside is
// refused, changes nothing, and is told why.
func TestInstallRefused(t *testing.T) {
	harness.Need(t, "make", "make")
	dir, outside := t.TempDir(), t.TempDir()
	makefile := "install:\n\tinstall -m 755 /bin/true " + outside + "/prog\n"
	if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte(makefile), 0o644); err != nil {
		t.Fatal(err)
	}
	out, res := confined(t, dir, "make install")
	if res.ExitCode != 2 {
		t.Errorf("exit status %d, want that of make, 2\n%s", res.ExitCode, out)
	}
	if len(res.Violations) != 1 {
		t.Fatalf("%d violations, want 1: %v", len(res.Violations), res.Violations)
	}
	v := res.Violations[0]
	if v.Canonical != outside+"/prog" || v.Rule == "" {
		t.Errorf("violation of %q with the rule %q", v.Canonical, v.Rule)
	}
	var chain []string
	for _, p := range v.Processes {
		chain = append(chain, filepath.Base(p.Argv[0]))
	}
	if got := strings.Join(chain, " "); got != "install make sh" {
		t.Errorf("process chain %q, want %q", got, "install make sh")
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 0 {
		t.Errorf("%s is not empty: %v", outside, entries)
	}
}
