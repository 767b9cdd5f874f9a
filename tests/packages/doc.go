// Package packages builds real Debian source packages inside catbox.
//
// Its test, TestPackages, builds each package twice in the same place, without
// and with catbox, and expects the same files and no violation; then it expects
// an installation outside the build directory to be refused without a trace.
// TestBuildPackage builds Debian's own package of hello as root, and as an ordinary
// user for whom catbox fakes root, and expects the same package. They take minutes
// and the network, so they run only when CATBOX_TEST_PACKAGES names the packages:
//
//	make test-packages PACKAGES="hello zlib lua5.4 grep"
//
// [Fetch] is here for the benchmarks too. Sources are kept in the user's cache
// directory, never in this tree.
package packages
