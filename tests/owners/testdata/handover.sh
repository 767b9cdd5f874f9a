# fakeroot(1) installs, catbox packs and changes something, and fakeroot packs again: by
# the file that fakeroot saves. FAKE is empty for root, who needs neither.
cat >Makefile <<'MAKE'
install:
	install -d -m 755 $(DESTDIR)/usr/bin $(DESTDIR)/dev
	install -d -o mail -g mail -m 2775 $(DESTDIR)/var/mail
	install -o root -g tty -m 2755 Makefile $(DESTDIR)/usr/bin/wall
	install -m 4755 Makefile $(DESTDIR)/usr/bin/su
	mknod -m 666 $(DESTDIR)/dev/null c 1 3
	mknod -m 640 $(DESTDIR)/dev/sda b 8 0
	ln -s wall $(DESTDIR)/usr/bin/call
	chown -h 4711:4712 $(DESTDIR)/usr/bin/call
	ln $(DESTDIR)/usr/bin/su $(DESTDIR)/usr/bin/become
MAKE
${FAKE:+fakeroot -s state --} make -s install DESTDIR="$PWD/pkg"
packs() { ${FAKE:+$FAKE --fakeroot-load state --} "$@"; }
packs find pkg -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
packs tar --sort=name --numeric-owner -cf result.tar pkg
tar -tvf result.tar --numeric-owner --utc

cat >>Makefile <<'MAKE'
change:
	chown 33:34 $(DESTDIR)/usr/bin/wall
	chmod 2711 $(DESTDIR)/usr/bin/wall
	rm $(DESTDIR)/dev/sda
	mknod -m 600 $(DESTDIR)/dev/tty c 5 0
	install -d -o 1 -g 2 -m 1770 $(DESTDIR)/var/tmp
MAKE
${FAKE:+$FAKE --fakeroot-save state --} make -s change DESTDIR="$PWD/pkg"
packs_again() { ${FAKE:+fakeroot -i state -s state --} "$@"; }
packs_again find pkg -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
packs_again tar --sort=name --numeric-owner -cf result.again.tar pkg
tar -tvf result.again.tar --numeric-owner --utc
