package sysent

// StatFormat is the structure that a call of the class Stat writes.
type StatFormat uint8

// The formats. NoStat is every call of another class.
const (
	NoStat     StatFormat = iota
	StatNative            // struct stat of the ABI
	Stat64                // struct stat64 of the ABI
	Statx                 // struct statx, the same everywhere
	StatOld               // struct __old_kernel_stat: too small for today's inode numbers
)

// Field is where a number stands in a structure: offset and size in bytes.
type Field struct{ At, Size int }

// StatLayout says where what is faked stands in a structure. Rdev and Dev are one
// number each (major and minor as makedev(3) joins them), or with Split two numbers
// of 32 bits, the major one first.
type StatLayout struct {
	Size                           int // of the structure, as far as it is needed
	Dev, Ino, Mode, UID, GID, Rdev Field
	Split                          bool
}

// Layout returns the layout of a format in an ABI; ok is false for those that
// cannot be faked. The numbers are from the kernel's headers: asm/stat.h of each
// architecture, linux/stat.h for statx(2).
func (f StatFormat) Layout(arch Arch) (l StatLayout, ok bool) {
	switch {
	case f == Statx:
		return StatLayout{Size: 144, UID: Field{20, 4}, GID: Field{24, 4}, Mode: Field{28, 2}, Ino: Field{32, 8},
			Rdev: Field{128, 8}, Dev: Field{136, 8}, Split: true}, true
	case f == StatNative && arch == AMD64:
		return StatLayout{Size: 48, Dev: Field{0, 8}, Ino: Field{8, 8}, Mode: Field{24, 4}, UID: Field{28, 4}, GID: Field{32, 4},
			Rdev: Field{40, 8}}, true
	case f == StatNative && arch == ARM64:
		return StatLayout{Size: 40, Dev: Field{0, 8}, Ino: Field{8, 8}, Mode: Field{16, 4}, UID: Field{24, 4}, GID: Field{28, 4},
			Rdev: Field{32, 8}}, true
	case f == StatNative && arch == I386:
		return StatLayout{Size: 20, Dev: Field{0, 4}, Ino: Field{4, 4}, Mode: Field{8, 2}, UID: Field{12, 2}, GID: Field{14, 2},
			Rdev: Field{16, 4}}, true
	case f == Stat64 && arch == I386:
		return StatLayout{Size: 96, Dev: Field{0, 8}, Ino: Field{88, 8}, Mode: Field{16, 4}, UID: Field{24, 4}, GID: Field{28, 4},
			Rdev: Field{32, 8}}, true
	}
	return l, false
}
