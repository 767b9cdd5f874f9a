package sysent

// FileCommand describes a command of ioctl(2) that changes an inode through a
// descriptor of any open mode.
type FileCommand struct {
	Command uint32
	Native  uint32 // the same command of a 64-bit program
	Size    int    // of what the argument points to; it is only read
}

// fileCommands are the commands that have an argument of a known size without
// pointers in it, so that somebody else can give them in the place of a program.
var fileCommands = []FileCommand{
	{0x40086602, 0x40086602, 4},  // FS_IOC_SETFLAGS, whose argument is an int in spite of its number
	{0x40046602, 0x40086602, 4},  // FS_IOC32_SETFLAGS
	{0x401c5820, 0x401c5820, 28}, // FS_IOC_FSSETXATTR
	{0x40087602, 0x40087602, 4},  // FS_IOC_SETVERSION
	{0x40047602, 0x40087602, 4},  // FS_IOC32_SETVERSION
}

// FindFileCommand returns the description of a command of ioctl(2), or nil.
func FindFileCommand(command uint32) *FileCommand {
	for i := range fileCommands {
		if fileCommands[i].Command == command {
			return &fileCommands[i]
		}
	}
	return nil
}

// fileSystemTypes are the types (ioctl(2), bits 8 to 15 of a command) under which
// file systems have commands: generic and ext4, versions, XFS, btrfs, f2fs, ceph.
const fileSystemTypes = "fvX\x94\xf5\x97"

// OfFileSystem reports whether a command of ioctl(2) may be one that a file
// system understands and carries out through a descriptor open for reading.
func OfFileSystem(command uint32) bool {
	for i := range len(fileSystemTypes) {
		if byte(command>>8) == fileSystemTypes[i] {
			return true
		}
	}
	return false
}
