package compat

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/catbox-go/catbox/tests/packages"
)

// TestCompat runs the suites that CATBOX_TEST_COMPAT names as the users of
// CATBOX_COMPAT_USERS ("user", "root"), with the binary named by CATBOX. It
// prints one table, and leaves what was said in CATBOX_COMPAT_LOGS.
func TestCompat(t *testing.T) {
	names := strings.Fields(os.Getenv("CATBOX_TEST_COMPAT"))
	if len(names) == 0 {
		t.Skip("CATBOX_TEST_COMPAT names no suite; see make test-compat")
	}
	logs, catbox := os.Getenv("CATBOX_COMPAT_LOGS"), os.Getenv("CATBOX")
	if logs == "" || catbox == "" {
		t.Fatal("CATBOX names no binary, or CATBOX_COMPAT_LOGS no directory; see make test-compat")
	}
	if err := os.MkdirAll(logs, 0o755); err != nil {
		t.Fatal(err)
	}
	top := scratch(t)
	binary := filepath.Join(top, "catbox")
	if out, err := exec.Command("install", "-m", "0755", catbox, binary).CombinedOutput(); err != nil {
		t.Fatalf("install %s: %v\n%s", catbox, err, out)
	}

	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "suite\tuser\tmode\ttime\ttests\tpass\tskip\tfail\tother\tflaky\texplained\tunexplained\trefused")
	for _, name := range names {
		all := suites()
		i := slices.IndexFunc(all, func(s suite) bool { return s.name == name })
		if i < 0 {
			t.Fatalf("there is no suite %q", name)
		}
		for _, as := range accounts(t) {
			t.Run(name+"/"+as.name, func(t *testing.T) {
				p, err := newPlace(top, logs, binary, &all[i], as)
				if err != nil {
					t.Fatal(err)
				}
				(&trial{suite: &all[i], place: p, table: w, rows: readExplained(t)}).run(t)
				if err := removeAll(p.work); err != nil {
					t.Error(err)
				}
			})
		}
	}
	w.Flush()
	fmt.Printf("\n%s\n", table.String())
}

// scratch makes the directory that holds everything. Its name is short: suites
// make sockets, whose paths have 107 bytes at most.
func scratch(t *testing.T) string {
	t.Helper()
	top, err := os.MkdirTemp("/var/tmp", "compat.")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeAll(top); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	return top
}

// trial is a suite as one user, in each way.
type trial struct {
	suite *suite
	place *place
	table *tabwriter.Writer
	rows  []explanation
}

func (r *trial) run(t *testing.T) {
	t.Helper()
	r.prepare(t)
	first := r.mode(t, "native", nil)
	second := r.mode(t, "native-again", nil)
	_, flaky := steady(first.outcomes, second.outcomes)
	r.row(t, "native", first, &comparison{flaky: flaky})
	r.row(t, "again", second, &comparison{flaky: flaky})
	for _, mode := range []string{modeAllowed, modeConfined} {
		rows := selectRows(r.rows, r.suite.name, r.place.user.name, mode)
		inside := r.mode(t, mode, rows)
		c := compare(first.outcomes, second.outcomes, inside.outcomes, rows)
		r.row(t, mode, inside, &c)
		r.tell(t, mode, &c)
	}
}

// row adds a line to the table, and tells it at once to who waits for the next.
func (r *trial) row(t *testing.T, mode string, rep report, c *comparison) {
	t.Helper()
	o := rep.outcomes
	pass, skip, fail := o.count(passed), o.count(skipped), o.count(failed)
	t.Logf("%s: %d tests, %d passed, %.0f s", mode, len(o), pass, rep.took.Seconds())
	fmt.Fprintf(r.table, "%s\t%s\t%s\t%.0f s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n",
		r.suite.name, r.place.user.name, mode, rep.took.Seconds(), len(o), pass, skip, fail, len(o)-pass-skip-fail,
		len(c.flaky), len(c.explained), len(c.unexplained), rep.refused)
}

// report is what a suite said in one mode.
type report struct {
	*run
	outcomes outcomes
}

// mode runs the suite, and by themselves the tests that take others with them.
func (r *trial) mode(t *testing.T, mode string, rows []explanation) report {
	t.Helper()
	var solo []string
	for i := range rows {
		if rows[i].how == alone {
			if r.suite.alone == nil {
				t.Fatalf("explained.txt: line %d: %s cannot run a test alone", rows[i].line, r.suite.name)
			}
			solo = append(solo, strings.TrimSuffix(rows[i].test, "/..."))
		}
	}
	rep := r.sh(t, mode, r.suite.check(solo), mode)
	for i, test := range solo {
		by := r.sh(t, mode, r.suite.alone(test), fmt.Sprintf("%s-alone-%d", mode, i+1))
		for name, outcome := range by.outcomes {
			rep.outcomes[name] = outcome
		}
		rep.took += by.took
		rep.refused += by.refused
	}
	return rep
}

func (r *trial) sh(t *testing.T, mode, script, log string) report {
	t.Helper()
	// A backstop: the slowest suite takes a third of it.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	p := r.place
	if err := p.fresh(); err != nil {
		t.Fatal(err)
	}
	ran, err := p.sh(ctx, p.prefixOf(r.suite, mode), script, r.log(log), environment())
	if err != nil {
		t.Fatal(err)
	}
	from := ran.out
	if r.suite.report != "" {
		from = filepath.Join(p.build, r.suite.report)
	}
	f, err := os.Open(from)
	if err != nil {
		t.Fatalf("%s left no report: %v, see %s", r.suite.name, err, ran.out)
	}
	defer f.Close()
	got, err := r.suite.parse(f)
	if err != nil {
		t.Fatalf("%v, see %s", err, ran.out)
	}
	return report{run: ran, outcomes: got}
}

func (r *trial) log(what string) string {
	return fmt.Sprintf("%s.%s.%s.log", r.suite.name, r.place.user.name, what)
}

// prepare unpacks the source and builds it, without catbox.
func (r *trial) prepare(t *testing.T) {
	t.Helper()
	p, s := r.place, r.suite
	if s.source != "" {
		src, err := packages.Fetch(t.Context(), s.source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(p.pristine); err != nil {
			t.Fatal(err)
		}
		if err := src.Extract(t.Context(), p.pristine); err != nil {
			t.Fatal(err)
		}
		if err := p.own(p.pristine); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.fresh(); err != nil {
		t.Fatal(err)
	}
	ran, err := p.sh(t.Context(), nil, s.prepare, r.log("prepare"), environment())
	if err != nil {
		t.Fatal(err)
	}
	if ran.status != 0 {
		t.Fatalf("%s: status %d, see %s", s.prepare, ran.status, ran.out)
	}
	t.Logf("prepared in %.0f s", ran.took.Seconds())
	// What was built is what each run starts from.
	if err := removeAll(p.pristine); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(p.build, p.pristine); err != nil {
		t.Fatal(err)
	}
}

// tell reports a comparison.
func (r *trial) tell(t *testing.T, mode string, c *comparison) {
	t.Helper()
	for _, list := range []struct {
		title string
		tests []string
		wrong bool
	}{
		{"left out, since the runs without catbox disagree", c.flaky, false},
		{"different, and explained", c.explained, false},
		{"explained, but not so on this machine", c.elsewhere, false},
		{"different, and explained nowhere", c.unexplained, true},
		{"explained, but not different any more", c.stale, true},
	} {
		if len(list.tests) == 0 {
			continue
		}
		// A test that ends its process takes hundreds of others with it.
		some := list.tests[:min(len(list.tests), 40)]
		text := fmt.Sprintf("%s, %s, %s: %d tests, %s:\n  %s", r.suite.name, r.place.user.name, mode,
			len(list.tests), list.title, strings.Join(some, "\n  "))
		if list.wrong {
			t.Error(text)
		} else {
			t.Log(text)
		}
	}
}

// environment is what the scripts get besides the directories of a place.
func environment() []string {
	path := "/usr/local/bin:/usr/bin:/bin"
	if tool, err := exec.LookPath("go"); err == nil {
		path = filepath.Dir(tool) + ":" + path
	}
	return []string{"PATH=" + path, "GOTOOLCHAIN=local", "GOENV=off", "GOFLAGS=-mod=mod"}
}

func readExplained(t *testing.T) []explanation {
	t.Helper()
	f, err := os.Open("explained.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := parseExplained(f)
	if err != nil {
		t.Fatalf("explained.txt: %v", err)
	}
	return rows
}

// accounts returns the users of CATBOX_COMPAT_USERS. The ordinary one is the user
// of the test, or nobody where that is root.
func accounts(t *testing.T) []account {
	t.Helper()
	var as []account
	for _, name := range strings.Fields(os.Getenv("CATBOX_COMPAT_USERS")) {
		switch {
		case name == ordinary && os.Getuid() != 0:
			as = append(as, account{name: ordinary})
		case name == ordinary:
			as = append(as, account{name: ordinary, cred: nobody(t)})
		case name == root && os.Getuid() == 0:
			as = append(as, account{name: root})
		default:
			t.Fatalf("cannot run as %q", name)
		}
	}
	if len(as) == 0 {
		t.Fatal("CATBOX_COMPAT_USERS names no user; see make test-compat")
	}
	return as
}

func nobody(t *testing.T) *syscall.Credential {
	t.Helper()
	who, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}
