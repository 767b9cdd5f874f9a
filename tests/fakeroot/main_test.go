package fakeroot

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// What is tried can be changed, to look for more than each run of the tests does:
//
//	make test-model SEED=7 SEQUENCES=20000
var (
	seed      = flag.Uint64("seed", 1, "where the random sequences begin")
	sequences = flag.Int("sequences", 800, "how many sequences are tried; a quarter of them with -short")
	who       = flag.Int("who", nobody, "the user who is told to be root")
	reported  = flag.Int("reported", 5, "how many sequences that differ are cut down and reported")
)

// nobody is the ordinary user.
const nobody = 65534

func TestMain(m *testing.M) {
	unix.Umask(0o022)
	flag.Parse()
	code := m.Run()
	_ = os.RemoveAll(programDir())
	os.Exit(code)
}

// programDir returns the directory of the programs of this test run, which everybody
// may execute.
var programDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "catbox-fakeroot-")
	if err != nil {
		panic(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		panic(err)
	}
	return dir
})

// matter are the capabilities that what the guest does depends on: all that concern
// files and identities.
const matter = 1<<(unix.CAP_SETPCAP+1) - 1 | 1<<unix.CAP_SYS_CHROOT | 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_MKNOD | 1<<unix.CAP_SETFCAP

// needKernel skips a test on kernels that take set-id bits away by other rules than
// those that are faked: they became what they are with Linux 6.2.
func needKernel(t testing.TB) {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	release := unix.ByteSliceToString(name.Release[:])
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		t.Fatalf("the release of the kernel is %q: %v", release, err)
	}
	if major < 6 || major == 6 && minor < 2 {
		t.Skipf("needs Linux 6.2 or newer; this is %s", release)
	}
}

// needRoot skips a test that root has to be the measure of, and returns root's
// capabilities.
func needRoot(t testing.TB) (capabilities uint64) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to see what root sees")
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
	capabilities = uint64(sets[0].Effective) | uint64(sets[1].Effective)<<32
	if missing := matter &^ capabilities; missing != 0 {
		t.Skipf("needs root with capabilities that this one lacks: %#x (capabilities(7))", missing)
	}
	return capabilities
}
