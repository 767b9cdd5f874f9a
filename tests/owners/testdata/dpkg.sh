# Two packages are built and installed into a root file system of their own.
export DPKG_COLORS=never
mkdir -p sys/DEBIAN sys/usr/bin sys/var/spool/box suid/DEBIAN suid/usr/bin
for i in sys suid; do
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example.invalid>\nDescription: a test\n' $i-test >$i/DEBIAN/control
done
echo mail >sys/usr/bin/deliver
echo su >suid/usr/bin/become
echo lock >sys/var/spool/box/lock
chown -R mail:mail sys/var/spool/box
chmod 2770 sys/var/spool/box
chmod 0600 sys/var/spool/box/lock
chgrp mail sys/usr/bin/deliver
chmod 2755 sys/usr/bin/deliver
chmod 4755 suid/usr/bin/become
settle sys
settle suid
dpkg-deb --build -Znone sys result.sys.deb >/dev/null
dpkg-deb --build -Znone suid result.suid.deb >/dev/null
dpkg-deb -c result.sys.deb
dpkg-deb -c result.suid.deb

mkdir -p target/var/lib/dpkg/info target/var/lib/dpkg/updates target/var/log
: >target/var/lib/dpkg/status
dpkg --root="$PWD/target" --log=/dev/null --force-script-chrootless --no-triggers -i result.sys.deb result.suid.deb >/dev/null
list target/usr
list target/var/spool
dpkg --root="$PWD/target" --log=/dev/null --force-script-chrootless -r sys-test >/dev/null 2>&1
list target/var/spool 2>/dev/null || echo removed
dpkg --root="$PWD/target" -l 'suid*' | tail -1 | tr -s ' '

# As debootstrap unpacks.
mkdir unpacked
dpkg-deb --fsys-tarfile result.sys.deb | tar -C unpacked -xpf -
dpkg-deb --fsys-tarfile result.suid.deb | tar -C unpacked -k -xpf -
settle unpacked
list unpacked
tar --sort=name --numeric-owner -cf result.tar unpacked
