package sysent

import "fmt"

// Values of AUDIT_ARCH_*, from linux/audit.h.
const (
	auditAMD64 = 0xc000003e
	auditI386  = 0x40000003
	auditARM64 = 0xc00000b7
)

// Audit returns the AUDIT_ARCH_* value that seccomp(2) and
// PTRACE_GET_SYSCALL_INFO show for the ABI, and 0 for a value that is none of
// the constants.
func (a Arch) Audit() uint32 {
	switch a {
	case AMD64:
		return auditAMD64
	case I386:
		return auditI386
	case ARM64:
		return auditARM64
	}
	return 0
}

// ArchOf returns the ABI of an AUDIT_ARCH_* value, and false when it has no
// column in the table. x32 shares the value of AMD64 and differs by its
// numbers, which Lookup does not know.
func ArchOf(audit uint32) (Arch, bool) {
	switch audit {
	case auditAMD64:
		return AMD64, true
	case auditI386:
		return I386, true
	case auditARM64:
		return ARM64, true
	}
	return 0, false
}

// PointerSize returns the bytes of a pointer and of a long in the ABI: 4 or 8.
func (a Arch) PointerSize() int {
	if a == I386 {
		return 4
	}
	return 8
}

// String returns the name of the ABI as Go spells it, except for "i386".
func (a Arch) String() string {
	switch a {
	case AMD64:
		return "amd64"
	case I386:
		return "i386"
	case ARM64:
		return "arm64"
	}
	return fmt.Sprintf("arch(%d)", uint8(a))
}

// Arches returns the ABIs of the table in the order of their constants.
func Arches() []Arch {
	return []Arch{AMD64, I386, ARM64}
}
