// Attacks on metadata: by path, and through descriptors that are open for reading.
#include "guest.h"

static int reading(void) { return open(F("file"), O_RDONLY); }
static struct timespec then[2] = {{1, 0}, {1, 0}};

static void chmod_path(void) { syscall(SYS_chmod, F("file"), 0600); }
static void fchmodat_path(void) { syscall(SYS_fchmodat, AT_FDCWD, F("file"), 0600); }
static void fchmodat2_path(void) { syscall(452, AT_FDCWD, F("file"), 0600, 0); }
static void fchmodat2_empty(void) { syscall(452, reading(), "", 0600, AT_EMPTY_PATH); }
static void fchmodat2_opath(void) { syscall(452, open(F("file"), O_PATH), "", 0600, AT_EMPTY_PATH); }
static void fchmod_reading(void) { syscall(SYS_fchmod, reading(), 0600); }
static void fchmod_dir(void) { syscall(SYS_fchmod, open(F(""), O_RDONLY), 0700); }
static void fchmod_dup(void) { syscall(SYS_fchmod, dup2(reading(), 200), 0600); }
static void fchmod_highbits(void) { syscall(SYS_fchmod, (long)(reading() | 0xdeadbeef00000000ull), 0600); }
static void chown_path(void) { syscall(SYS_chown, F("file"), getuid(), getgid()); }
static void lchown_path(void) { syscall(SYS_lchown, F("link"), getuid(), getgid()); }
static void fchownat_path(void) { syscall(SYS_fchownat, AT_FDCWD, F("file"), getuid(), getgid(), 0); }
static void fchownat_empty(void) { syscall(SYS_fchownat, reading(), "", getuid(), getgid(), AT_EMPTY_PATH); }
static void fchown_reading(void) { syscall(SYS_fchown, reading(), getuid(), getgid()); }
static void utime_path(void) { syscall(SYS_utime, F("file"), NULL); }
static void utimes_path(void) { syscall(SYS_utimes, F("file"), NULL); }
static void futimesat_path(void) { syscall(SYS_futimesat, AT_FDCWD, F("file"), NULL); }
static void futimesat_null(void) { syscall(SYS_futimesat, reading(), NULL, NULL); }
static void utimensat_path(void) { utimensat(AT_FDCWD, F("file"), then, 0); }
static void utimensat_link(void) { utimensat(AT_FDCWD, F("link"), then, AT_SYMLINK_NOFOLLOW); }
static void utimensat_null(void) { futimens(reading(), then); }
static void utimensat_empty(void) { syscall(SYS_utimensat, reading(), "", then, AT_EMPTY_PATH); }
static void setxattr_path(void) { setxattr(F("file"), "user.x", "1", 1, 0); }
static void lsetxattr_path(void) { lsetxattr(F("file"), "user.x", "1", 1, 0); }
static void fsetxattr_reading(void) { fsetxattr(reading(), "user.x", "1", 1, 0); }
static void removexattr_path(void) { removexattr(F("marked"), "user.mark"); }
static void lremovexattr_path(void) { lremovexattr(F("marked"), "user.mark"); }
static void fremovexattr_reading(void) { fremovexattr(open(F("marked"), O_RDONLY), "user.mark"); }
struct xattr {
	uint64_t value;
	uint32_t size, flags;
};
static void setxattrat_path(void) {
	struct xattr args = {(uintptr_t) "1", 1, 0};
	syscall(463, AT_FDCWD, F("file"), 0, "user.x", &args, sizeof args);
}
static void setxattrat_empty(void) {
	struct xattr args = {(uintptr_t) "1", 1, 0};
	syscall(463, reading(), NULL, AT_EMPTY_PATH, "user.x", &args, sizeof args);
}
static void removexattrat_path(void) { syscall(466, AT_FDCWD, F("marked"), 0, "user.mark"); }
static void posix_acl(void) { // changes the mode
	static const uint16_t acl[] = {2, 0, 1, 6, 0xffff, 0xffff, 4, 4, 0xffff, 0xffff, 0x20, 0, 0xffff, 0xffff};
	fsetxattr(reading(), "system.posix_acl_access", acl, sizeof acl, 0);
}
static void ioctl_setflags(void) {
	int flags = FS_NODUMP_FL;
	ioctl(reading(), FS_IOC_SETFLAGS, &flags);
}
static void ioctl_setflags_highbits(void) {
	int flags = FS_NODUMP_FL;
	syscall(SYS_ioctl, reading(), (long)(0xdeadbeef00000000ull | FS_IOC_SETFLAGS), &flags);
}
static void ioctl_fssetxattr(void) {
	struct fsxattr x = {.fsx_xflags = FS_XFLAG_NODUMP};
	ioctl(reading(), FS_IOC_FSSETXATTR, &x);
}
static void file_setattr(void) { // struct file_attr of Linux 6.17
	static uint64_t attr[3] = {FS_XFLAG_NODUMP};
	syscall(469, AT_FDCWD, F("file"), attr, sizeof attr, 0);
}

#define X(f) {#f, f}
const struct attack meta_attacks[] = {
	X(chmod_path), X(fchmodat_path), X(fchmodat2_path), X(fchmodat2_empty), X(fchmodat2_opath), X(fchmod_reading),
	X(fchmod_dir), X(fchmod_dup), X(fchmod_highbits), X(chown_path), X(lchown_path), X(fchownat_path),
	X(fchownat_empty), X(fchown_reading), X(utime_path), X(utimes_path), X(futimesat_path), X(futimesat_null),
	X(utimensat_path), X(utimensat_link), X(utimensat_null), X(utimensat_empty), X(setxattr_path), X(lsetxattr_path),
	X(fsetxattr_reading), X(removexattr_path), X(lremovexattr_path), X(fremovexattr_reading), X(setxattrat_path),
	X(setxattrat_empty), X(removexattrat_path), X(posix_acl), X(ioctl_setflags), X(ioctl_setflags_highbits),
	X(ioctl_fssetxattr), X(file_setattr), {NULL, NULL},
};
