# makepkg packs as root, for which it calls itself by fakeroot(1): that is catbox
# here. It refuses to be started by root; FAKE is empty for root, who begins where
# fakeroot would be called.
mkdir bin
cat >bin/fakeroot <<FAKEROOT
#!/bin/sh
if [ "\$1" = -v ]; then
	echo fakeroot version 0
else
	shift # --
	exec $FAKE -- env FAKEROOTKEY=1 "\$@"
fi
FAKEROOT
chmod +x bin/fakeroot
cat >PKGBUILD <<'PKGBUILD'
pkgname=become
pkgver=1
pkgrel=1
pkgdesc='a test'
arch=(any)
package() {
	install -d -m 755 "$pkgdir/usr/bin"
	echo become >"$pkgdir/usr/bin/become"
	echo deliver >"$pkgdir/usr/bin/deliver"
	chmod 4755 "$pkgdir/usr/bin/become"
	chgrp mail "$pkgdir/usr/bin/deliver"
	chmod 2755 "$pkgdir/usr/bin/deliver"
	install -d -o 33 -g 4711 -m 1770 "$pkgdir/var/spool/become"
	mknod -m 640 "$pkgdir/var/spool/become/door" c 10 77
	setcap cap_net_raw+ep "$pkgdir/usr/bin/deliver"
}
PKGBUILD
cat >makepkg.conf <<'CONF'
CARCH=any
CHOST=any
PACKAGER='Nobody <nobody@example.invalid>'
BUILDENV=(fakeroot)
OPTIONS=()
PKGEXT=.pkg.tar
SRCEXT=.src.tar
CONF
export PATH=$PWD/bin:$PATH PACMAN=true # which packages are installed is of no interest
if [ -n "$FAKE" ]; then
	makepkg --config "$PWD/makepkg.conf" --nodeps >log 2>&1 || { cat log; exit 1; }
else
	mkdir -p pkg src
	FAKEROOTKEY=1 makepkg --config "$PWD/makepkg.conf" --nodeps -F >log 2>&1 || { cat log; exit 1; }
fi
cp become-1-1-any.pkg.tar result.tar
bsdtar -tvnf result.tar | awk '{ print $1, $3, $4, $NF }'
bsdtar -xOf result.tar .MTREE | gunzip | grep usr/bin | sed 's/md5.*//'
