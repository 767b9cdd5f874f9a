package fallback

import (
	"bufio"
	"context"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMissingCalls takes system calls away that catbox has something instead of.
func TestMissingCalls(t *testing.T) {
	memory := []string{"process_vm_readv=EPERM", "process_vm_writev=EPERM"}
	tests := []struct {
		name  string
		rules []string
		note  string // that catbox prints
	}{
		{"no Landlock", []string{"landlock_create_ruleset=ENOSYS"}, "the kernel does not guard the rules itself"},
		{"Landlock switched off", []string{"landlock_create_ruleset=EOPNOTSUPP"}, "the kernel does not guard the rules itself"},
		{"memory by file", memory, ""},
		{"memory by file, on an old kernel", []string{"process_vm_readv=ENOSYS", "process_vm_writev=ENOSYS"}, ""},
		{"memory by word", append(memory, "/proc/*/mem=EACCES"), ""},
		{"no openat2", []string{"openat2=ENOSYS"}, ""},
		{"openat2 refused", []string{"openat2=EPERM"}, ""},
		{"no close_range", []string{"close_range=ENOSYS"}, ""},
		{"close_range refused", []string{"close_range=EPERM"}, ""},
		{"no pidfds", []string{"pidfd_open=ENOSYS", "pidfd_send_signal=ENOSYS", "pidfd_getfd=ENOSYS"}, ""},
		{"pidfds refused", []string{"pidfd_open=EPERM", "pidfd_send_signal=EPERM", "pidfd_getfd=EPERM"}, ""},
		{"no faccessat2", []string{"faccessat2=ENOSYS"}, ""},
		{"faccessat2 refused", []string{"faccessat2=EPERM"}, ""},
		{"limits refused", []string{"prlimit64=EPERM"}, ""},
		{"the bounding set is fixed", []string{"prctl(24)=EPERM"}, ""}, // PR_CAPBSET_DROP
		{"waitid refused", []string{"waitid=EPERM"}, ""},
		{"no listeners", []string{"seccomp(1,&8)=EBUSY"}, ""},
		{"all of it", append(memory, "/proc/*/mem=EACCES", "openat2=ENOSYS", "close_range=ENOSYS", "pidfd_open=EPERM", "faccessat2=EPERM",
			"landlock_create_ruleset=ENOSYS", "clone3=ENOSYS"), "the kernel does not guard the rules itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			forUsers(t, func(t *testing.T, p *place) {
				p.rules = tt.rules
				if said := p.works(t); !strings.Contains(said, tt.note) {
					t.Errorf("it does not say %q:\n%s", tt.note, said)
				}
			})
		})
	}
}

// TestNeededCalls takes system calls away that there is no confinement without.
func TestNeededCalls(t *testing.T) {
	tests := []struct{ name, rule, message, hint string }{
		{"ptrace refused", "ptrace=EPERM", "trace: PTRACE_TRACEME", "refuses ptrace: allow it in the profile of the container"},
		{"no ptrace", "ptrace=ENOSYS", "trace: PTRACE_TRACEME", "refuses ptrace: allow it in the profile of the container"},
		{"PTRACE_TRACEME refused", "ptrace(0)=EPERM", "trace: PTRACE_TRACEME", "refuses ptrace: allow it"},
		{"PTRACE_SEIZE refused", "ptrace(0x4206)=EPERM", "seize: PTRACE_SEIZE: operation not permitted", "refuses ptrace: allow it"},
		{"no PTRACE_GET_SYSCALL_INFO", "ptrace(0x420e)=EIO", "PTRACE_GET_SYSCALL_INFO, Linux 5.3", "refuses ptrace: allow it"},
		{"seccomp refused", "seccomp=EPERM", "confine: seccomp: operation not permitted", "refuses seccomp: allow it in the profile"},
		{"no seccomp", "seccomp=ENOSYS", "confine: seccomp: function not implemented", "seccomp is not there: use a newer kernel"},
		{"no filters", "seccomp(1)=EINVAL", "confine: seccomp: invalid argument", "CONFIG_SECCOMP_FILTER"},
		{"PR_SET_NO_NEW_PRIVS refused", "prctl(38)=EPERM", "PR_SET_NO_NEW_PRIVS: operation not permitted", "refuses prctl: allow it in the profile"},
		{"capset refused", "capset=EPERM", "confine: capset: operation not permitted", "refuses capset: allow it in the profile"},
		{"statx refused", "statx=EPERM", "statx(2), which tells mounts apart, is refused here", "catbox doctor says what is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			forUsers(t, func(t *testing.T, p *place) {
				p.rules = []string{tt.rule}
				p.says(t, statusError, "catbox: error: ", tt.message, "catbox: hint: ", tt.hint)
				o := p.run(t, "doctor")
				name, _, _ := strings.Cut(strings.TrimSuffix(tt.rule, "=EPERM"), "(")
				if o.status != 1 || !strings.Contains(o.out, tt.message) || !strings.Contains(o.out, "-> ") || !strings.Contains(o.out, "catbox does not work here") {
					t.Errorf("the doctor does not speak of %s, exit status %d:\n%s%s", name, o.status, o.out, o.err)
				}
			})
		})
	}
}

// TestDoctorNamesFallbacks asks the doctor where something is done in another way.
func TestDoctorNamesFallbacks(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		p.rules = []string{"process_vm_readv=EPERM", "openat2=ENOSYS", "pidfd_getfd=EPERM", "close_range=ENOSYS", "landlock_create_ruleset=ENOSYS"}
		o := p.run(t, "doctor")
		for _, line := range []string{"warn  process_vm_readv", "warn  openat2", "warn  pidfd_getfd", "warn  close_range", "warn  landlock", "warn  notify lane",
			"-> allow it in the seccomp profile of the container", "catbox works here"} {
			if !strings.Contains(o.out, line) || o.status != 0 {
				t.Errorf("it does not say %q, exit status %d:\n%s", line, o.status, o.out)
			}
		}
	})
}

// TestSignalsWithoutPidfds ends a run by a signal to catbox.
func TestSignalsWithoutPidfds(t *testing.T) {
	for _, rules := range [][]string{{"pidfd_open=EPERM"}, {"pidfd_open=ENOSYS"}, {"pidfd_send_signal=EPERM"}} {
		t.Run(rules[0], func(t *testing.T) {
			forUsers(t, func(t *testing.T, p *place) {
				p.rules = rules
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				cmd := p.command(t, ctx, "run", "--", "/bin/sh", "-c", "trap 'echo ended; exit 7' TERM; echo began; sleep 1000 & wait")
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewScanner(out)
				if !lines.Scan() || lines.Text() != "began" {
					t.Fatalf("got %q", lines.Text())
				}
				// Without rules about files tests/without has become catbox itself.
				if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
					t.Fatal(err)
				}
				if !lines.Scan() || lines.Text() != "ended" {
					t.Errorf("got %q", lines.Text())
				}
				err = cmd.Wait()
				if ctx.Err() != nil || cmd.ProcessState.ExitCode() != 128+int(unix.SIGTERM) {
					t.Errorf("%v, %v", err, cmd.ProcessState)
				}
			})
		})
	}
}
