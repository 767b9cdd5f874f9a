# fakeroot(1) installs, catbox packs: by the file that fakeroot saves. FAKE is empty
# for root, who needs neither.
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
