package formats

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/catbox-go/catbox/catbox/record"
	"github.com/catbox-go/catbox/tests/harness"
)

// browse opens a page in a browser and returns the document when its scripts have run.
func browse(t *testing.T, page string) string {
	t.Helper()
	chromium := harness.Need(t, "chromium", "chromium")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--enable-logging=stderr", "--dump-dom", "file://"+page)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, complaints.String())
	}
	// Errors of scripts, and whatever the page wanted to load and may not.
	for line := range strings.Lines(complaints.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the browser complains: %s", line)
		}
	}
	return out.String()
}

// TestBrowser looks at the report with a browser: its scripts run, what is hostile in
// names is text, and nothing is loaded.
func TestBrowser(t *testing.T) {
	dir := t.TempDir()
	b := load(t)
	hostile := `</script><script>document.title="broken"</script><img src=x onerror='document.title="broken"'>`
	b.Run.Argv = append(b.Run.Argv, hostile)
	b.Processes[3].Execs[0].Argv[1] = hostile
	b.Network[0].Address = hostile
	b.Violations[0].Path, b.Violations[0].Canonical = "", hostile
	u := usage()
	u.Unowned = append(u.Unowned, hostile)
	name := filepath.Join(dir, "report.html")
	file, err := os.Create(name)
	if err == nil {
		err = WriteHTML(file, b, u)
		file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	dom := browse(t, name)
	for _, want := range []string{`data-ready="4"`, "<title>make -j2 &lt;/script&gt;", "exit 2", "libc6-dev 2.36", "gawk",
		"/home/me/hello/hello.o", "outside the allowed paths", "ENETUNREACH"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if n := strings.Count(dom, "<img") + strings.Count(dom, "<script>") - 1; n != 0 {
		t.Errorf("%d elements come from names", n)
	}
}

// TestNothingExternal holds that the page names no other file.
func TestNothingExternal(t *testing.T) {
	for _, bad := range []string{"src=", "url(", "@import", "http:", "https:", "fetch(", "XMLHttpRequest"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

// TestManyProcesses bounds the report of a large build.
func TestManyProcesses(t *testing.T) {
	var lines strings.Builder
	lines.WriteString(`{"type":"run","version":1}` + "\n")
	const count = 20_000
	for i := 1; i <= count; i++ {
		fmt.Fprintf(&lines, `{"type":"process","id":%d,"pid":1,"parent":%d,"time":%d}`+"\n", i, min(i-1, 1), i*1000)
		fmt.Fprintf(&lines, `{"type":"files","process":%d,"entries":[{"path":"/in/%d","ops":{"read":[%d,%d]}}]}`+"\n", i, i, i, i)
		if i > 1 {
			fmt.Fprintf(&lines, `{"type":"exit","process":%d,"code":0,"time":%d,"user":0,"system":0}`+"\n", i, i*1000+5000)
		}
	}
	b, err := record.Load(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	r := newReport(b, nil)
	if len(r.Bars) != maxBars || r.Hidden != count-maxBars || len(r.Inputs[0].Files) != maxNames || r.Inputs[0].Count() != count {
		t.Errorf("%d bars, %d hidden, %d files of %d", len(r.Bars), r.Hidden, len(r.Inputs[0].Files), r.Inputs[0].Count())
	}
	if err := WriteHTML(&lines, b, nil); err != nil {
		t.Error(err)
	}
}
