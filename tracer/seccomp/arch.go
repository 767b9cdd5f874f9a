package seccomp

import (
	"github.com/catbox-go/catbox/tracer/sysent"
)

// firstX32 is the first number that no ABI of a Spec can list: on x86-64 the bit
// __X32_SYSCALL_BIT (asm/unistd.h) begins here, and as unsigned words all
// negative numbers lie above.
const firstX32 = 0x40000000

// auditArch returns the AUDIT_ARCH_* value (linux/audit.h) that the kernel shows
// to filters, and the name of the ABI for messages.
func auditArch(a sysent.Arch) (arch uint32, name string, ok bool) {
	switch a {
	case sysent.AMD64:
		return 0xc000003e, "amd64", true
	case sysent.I386:
		return 0x40000003, "i386", true
	case sysent.ARM64:
		return 0xc00000b7, "arm64", true
	}
	return 0, "", false
}
