# A Debian package as its maintainer builds it: what needs root to be packed gets it
# from the command of -r. FAKE is empty for root.
mkdir -p become-1.0/debian
cd become-1.0
echo 'int main(void) { return 0; }' >become.c
cat >debian/control <<'CONTROL'
Source: become
Section: misc
Priority: optional
Maintainer: Nobody <nobody@example.invalid>
Standards-Version: 4.6.2
Rules-Requires-Root: binary-targets

Package: become
Architecture: any
Description: a test
CONTROL
cat >debian/changelog <<'CHANGELOG'
become (1.0) unstable; urgency=medium

  * A test.

 -- Nobody <nobody@example.invalid>  Sun, 13 Sep 2020 12:26:40 +0000
CHANGELOG
cat >debian/rules <<'RULES'
#!/usr/bin/make -f
tree := debian/become
become: become.c
	gcc -O1 -o $@ $<
build build-arch: become
build-indep binary-indep:
clean:
	@echo "$@ as $$(id -u)"
	rm -rf become debian/become debian/files
binary-arch: build
	@echo "$@ as $$(id -u)"
	install -d -m 755 $(tree)/DEBIAN $(tree)/usr/bin
	install -m 4755 become $(tree)/usr/bin
	install -o root -g mail -m 2755 become $(tree)/usr/bin/deliver
	install -d -o mail -g mail -m 2770 $(tree)/var/spool/become
	install -o man -g 4711 -m 600 /dev/null $(tree)/var/spool/become/lock
	dpkg-gencontrol -P$(tree)
	dpkg-deb --build $(tree) ..
binary: binary-arch binary-indep
RULES
chmod +x debian/rules
dpkg-buildpackage -b -us -uc -d ${FAKE:+-r"$FAKE --fakeroot-save $PWD/../state --"} >../log 2>&1 || { cat ../log; exit 1; }
cd ..
grep -E '^(clean|binary-arch) as' log
cp become_1.0_*.deb result.deb
dpkg-deb -c result.deb | awk '{ print $1, $2, $NF }'
