package owners

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/catbox-go/catbox/tests/harness"
)

// The packages of tools that several recipes need.
var (
	setcap = [2]string{"setcap", "libcap2-bin"}
	bsdtar = [2]string{"bsdtar", "libarchive-tools"}
)

// TestTools runs the recipes with the tools of everyday.
func TestTools(t *testing.T) {
	for _, r := range []recipe{
		{script: "tar"},
		{script: "copies", needs: [][2]string{{"rsync", "rsync"}}},
		{script: "attributes", needs: [][2]string{setcap, {"setfattr", "attr"}, {"setfacl", "acl"}, {"rsync", "rsync"}}},
		{script: "cpio", needs: [][2]string{{"cpio", "cpio"}}},
		{script: "squashfs", needs: [][2]string{{"mksquashfs", "squashfs-tools"}, setcap, {"setfattr", "attr"}}},
		{script: "ext4", needs: [][2]string{{"mke2fs", "e2fsprogs"}, setcap}},
		{script: "bsdtar", needs: [][2]string{bsdtar}},
		{script: "readers", flags: []string{"--fakeroot-status"}, needs: [][2]string{{"setpriv", "util-linux"}}},
		{script: "storm"},
		{script: "accounts", needs: [][2]string{{"useradd", "passwd"}, {"su", "util-linux"}}},
		{script: "erofs", needs: [][2]string{{"mkfs.erofs", "erofs-utils"}, {"ar", "binutils"}, setcap}},
		{script: "parallel", needs: [][2]string{{"make", "make"}}},
		{script: "busybox", needs: [][2]string{{"busybox", "busybox-static"}}},
		{script: "languages", needs: [][2]string{{"python3", "python3"}, {"node", "nodejs"}}},
		{script: "rust", needs: [][2]string{{"coreutils", "rust-coreutils"}}},
	} {
		t.Run(r.script, func(t *testing.T) {
			t.Parallel()
			r.prove(t)
		})
	}
}

// TestPackages builds packages, and installs some.
func TestPackages(t *testing.T) {
	for _, r := range []recipe{
		{script: "dpkg", needs: [][2]string{{"dpkg-deb", "dpkg"}}},
		{script: "dpkg-buildpackage", apart: true, needs: [][2]string{{"dpkg-buildpackage", "dpkg-dev"}, {"make", "make"}, {"gcc", "gcc libc6-dev"}}},
		{script: "rpm", needs: [][2]string{{"rpmbuild", "rpm"}, {"cpio", "cpio"}}},
		{script: "makepkg", apart: true, needs: [][2]string{{"makepkg", "makepkg"}, bsdtar, setcap}},
		{script: "handover", apart: true, needs: [][2]string{{"fakeroot", "fakeroot"}, {"make", "make"}}},
		{script: "install", apart: true, needs: [][2]string{{"make", "make"}, setcap}},
	} {
		t.Run(r.script, func(t *testing.T) {
			t.Parallel()
			r.prove(t)
		})
	}
}

// TestPrograms runs programs into which nothing can be loaded.
func TestPrograms(t *testing.T) {
	for _, tt := range []struct {
		name    string
		program func(t *testing.T) string
	}{
		{"static C", func(t *testing.T) string { return harness.Guest(t, shared, "owner", "-static") }},
		{"static 32-bit C", func(t *testing.T) string {
			if runtime.GOARCH != "amd64" {
				t.Skip("needs a machine that runs 32-bit programs of its own: amd64")
			}
			return harness.Guest(t, shared, "owner", "-static", "-m32")
		}},
		{"Go", func(t *testing.T) string {
			return harness.Program(t, shared, filepath.Join("tests", "owners", "guest"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			recipe{script: "program", env: []string{"PROGRAM=" + tt.program(t)}}.prove(t)
		})
	}
}
