package fallback

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/catbox-go/catbox/tests/harness"
	"github.com/catbox-go/catbox/tracer/sysent"
)

// containerRules are what the default profile of container engines refuses to
// programs without further capabilities.
func containerRules(t testing.TB) []string {
	t.Helper()
	rules := []string{
		"clone(&0x7e020000)=EPERM", "clone3=ENOSYS", "socket(40)=EPERM", // namespaces, AF_VSOCK
		"personality(0x40000)=EPERM", // ADDR_NO_RANDOMIZE
	}
	for _, name := range strings.Fields(`acct add_key bpf clock_settime delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick
		get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl
		lookup_dcookie mbind migrate_pages mount mount_setattr move_mount move_pages open_by_handle_at open_tree perf_event_open
		pidfd_getfd pivot_root process_madvise quotactl quotactl_fd reboot request_key set_mempolicy set_mempolicy_home_node
		setdomainname sethostname setns settimeofday swapoff swapon syslog sysfs umount2 unshare uselib userfaultfd ustat vhangup`) {
		entry := sysent.ByName(name)
		if entry == nil {
			t.Fatalf("no system call %q", name)
		}
		if _, ok := entry.Number(nativeABI()); ok {
			rules = append(rules, name+"=EPERM")
		}
	}
	return rules
}

// containerCapabilities are what root in a container has.
var containerCapabilities = []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FSETID, unix.CAP_FOWNER, unix.CAP_MKNOD, unix.CAP_NET_RAW,
	unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SETFCAP, unix.CAP_SETPCAP, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_CHROOT, unix.CAP_KILL,
	unix.CAP_AUDIT_WRITE}

// container makes p one without user namespaces.
func (p *place) container(t testing.TB) {
	t.Helper()
	p.rules = containerRules(t)
	if p.uid == 0 {
		p.rules = append(p.rules, "capabilities="+strings.Join(strings.Fields(strings.Trim(fmt.Sprint(containerCapabilities), "[]")), ","))
	}
}

func TestContainer(t *testing.T) {
	forUsers(t, func(t *testing.T, p *place) {
		p.container(t)
		p.works(t)
		o := p.run(t, "doctor")
		if o.status != 0 || !strings.Contains(o.out, "catbox works here") || !strings.Contains(o.out, "warn  pidfd_getfd") {
			t.Errorf("the doctor, exit status %d:\n%s%s", o.status, o.out, o.err)
		}
		if p.uid != 0 {
			return
		}
		want := uint64(0)
		for _, n := range containerCapabilities {
			mine, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(n), 0, 0, 0)
			if err == nil && mine == 1 && n != unix.CAP_NET_RAW { // the network is off
				want |= 1 << n
			}
		}
		if o := p.run(t, "run", "--", "/bin/grep", "CapEff", "/proc/self/status"); o.out != fmt.Sprintf("CapEff:\t%016x\n", want) {
			t.Errorf("root has %s, want %#x", o.out, want)
		}
	})
}

// TestContainerBuild builds the project of the demo, and lets its installation be
// refused.
func TestContainerBuild(t *testing.T) {
	for _, tool := range []string{"gcc", "make"} {
		harness.Need(t, tool, tool)
	}
	forUsers(t, func(t *testing.T, p *place) {
		p.container(t)
		var script strings.Builder
		script.WriteString("#!/bin/sh\nexec")
		for _, word := range slices.Concat([]string{without(t)}, p.rules, []string{"--", catbox(t)}) {
			script.WriteString(" '" + word + "'")
		}
		script.WriteString(` "$@"` + "\n")
		install(t, filepath.Join(p.root, "catbox"), strings.NewReader(script.String()))
		if err := os.CopyFS(filepath.Join(p.root, "demo"), os.DirFS("../demo")); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "/bin/sh", filepath.Join(p.root, "demo", "run"))
		cmd.Dir, cmd.Env = p.root, append(p.env, "CATBOX="+filepath.Join(p.root, "catbox"))
		attr := p.attr
		cmd.SysProcAttr = &attr
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "catbox: refused: ") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// TestServers lets servers listen, where descriptors can be copied and where they
// cannot.
func TestServers(t *testing.T) {
	const eacces = "permission denied"
	all := []string{"path: <nil>", "abstract: <nil>"}
	loopback := append(all[:2:2], "loopback: <nil>", "loopback 6: <nil>", "unbound: "+eacces, "everywhere: bind: "+eacces, "everywhere: "+eacces,
		"failed bind: bind: address already in use", "failed bind: "+eacces)
	none := append(all[:2:2], "loopback: bind: "+eacces, "loopback: "+eacces, "loopback 6: bind: "+eacces, "loopback 6: "+eacces, "unbound: "+eacces,
		"everywhere: bind: "+eacces, "everywhere: "+eacces, "failed bind: bind: "+eacces, "failed bind: "+eacces)
	for _, tt := range []struct {
		network string
		want    []string
	}{{"none", none}, {"loopback", loopback}} {
		for _, rule := range []string{"", "pidfd_getfd=EPERM", "pidfd_getfd=ENOSYS", "pidfd_open=EPERM"} {
			t.Run(tt.network+" "+rule, func(t *testing.T) {
				forUsers(t, func(t *testing.T, p *place) {
					if rule != "" {
						p.rules = []string{rule}
					}
					o := p.run(t, append([]string{"run", "--network=" + tt.network, "-p", "in", "--"}, helper(t, "serve")...)...)
					if diff := cmp.Diff(strings.Join(tt.want, "\n")+"\n", o.out); diff != "" {
						t.Errorf("servers (-want +got):\n%s\n%s", diff, o.err)
					}
					if says := strings.Contains(o.err, "where it is bound cannot be read (pidfd_getfd: "); says != (rule != "" && tt.network == "loopback") {
						t.Errorf("it says that it cannot read where a socket is bound: %t\n%s", says, o.err)
					}
				})
			})
		}
	}
}
