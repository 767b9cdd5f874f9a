# Runs one after the other that hand on what they know: an installation, a change,
# an archive. FAKE is empty for root.
first() { ${FAKE:+$FAKE --fakeroot-save state --} "$@"; }
next() { ${FAKE:+$FAKE --fakeroot-load state --fakeroot-save state --} "$@"; }
last() { ${FAKE:+$FAKE --fakeroot-load state --} "$@"; }
cat >Makefile <<'MAKE'
install:
	install -d -m 755 $(DESTDIR)/usr/bin $(DESTDIR)/dev
	install -d -o mail -g mail -m 2775 $(DESTDIR)/var/mail
	install -o root -g tty -m 2755 Makefile $(DESTDIR)/usr/bin/wall
	install -m 4755 Makefile $(DESTDIR)/usr/bin/su
	install -m 755 Makefile $(DESTDIR)/usr/bin/ping
	setcap cap_net_raw+ep $(DESTDIR)/usr/bin/ping
	mknod -m 666 $(DESTDIR)/dev/null c 1 3
	ln $(DESTDIR)/usr/bin/su $(DESTDIR)/usr/bin/become
change:
	chown daemon $(DESTDIR)/usr/bin/wall
	rm $(DESTDIR)/usr/bin/become
	mv $(DESTDIR)/usr/bin/ping $(DESTDIR)/usr/bin/ping4
	mknod -m 600 $(DESTDIR)/dev/sda b 8 0
MAKE
first make -s install DESTDIR="$PWD/pkg"
last find pkg -printf '%P %y %#m %U:%G %n\n' | sort
next make -s change DESTDIR="$PWD/pkg"
mv pkg moved # a change that nobody has seen
last getcap -r moved
last find moved -depth -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
last tar --sort=name --numeric-owner --xattrs --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
	'--xattrs-include=security.*' --format=pax -cf result.tar moved
tar -tvf result.tar --numeric-owner --utc

# The records are enough to write an archive.
if [ -n "$FAKE" ]; then
	"${FAKE%% *}" export --state state --format tar -o exported.tar moved
else
	tar --sort=name -cf exported.tar -C moved .
fi
tar -tvf exported.tar --numeric-owner --utc
