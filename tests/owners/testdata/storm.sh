# A base system is unpacked: thousands of files get owners and modes, one after the
# other, some of them often; then it is rearranged.
mkdir rootfs
perl -e '
use strict;
umask 022;
my ($files, $n) = (40, 0);
for my $d (0 .. 59) {
	my $dir = sprintf "rootfs/d%02d", $d;
	mkdir $dir or die "mkdir: $!";
	for my $f (0 .. $files - 1) {
		my $name = sprintf "%s/f%02d", $dir, $f;
		open my $out, ">", $name or die "open: $!";
		print $out "$name\n";
		close $out;
		chown $n % 97, $n % 89, $name or die "chown: $!";
		chmod 0400 + 01111 * ($n % 8), $name or die "chmod: $!";
		$n++;
	}
	chown 500 + $d, 600 + $d, $dir or die "chown: $!";
	chmod 01700 + $d % 64, $dir or die "chmod: $!";
}
for my $d (0 .. 59) {
	my ($dir, $next) = map { sprintf "rootfs/d%02d", $_ } $d, ($d + 1) % 60;
	rename "$dir/f00", "$dir/f01" or die "rename: $!";
	link "$dir/f02", "$next/linked" or die "link: $!";
	symlink "f03", "$dir/symbolic" or die "symlink: $!";
	unlink "$dir/f04", "$dir/f05" or die "unlink: $!";
	open my $out, ">", "$dir/new" or die "open: $!"; # an inode of those
	rename "$dir/f06", "$next/moved" or die "rename: $!";
	chown -1, 7, "$dir/f07" or die "chown: $!";
	chown 8, -1, "$dir/f08" or die "chown: $!";
}
'
for i in 0 1 2 3 4 5 6 7 8 9; do
	for j in 0 1 2 3 4 5; do
		mknod -m 62$((i % 8)) "rootfs/d$j$i/tty" c 4 "1$j$i"
		echo "rootfs/d$j$i/tty"
	done
done >devices
xargs chown root:tty <devices
xargs rm <<<"$(sed -n '10~10p' devices)"
chown -R --from=1 man:man rootfs
chown -Rh 33:33 rootfs/d10
chmod -R u+rwX,go-w rootfs/d11
mv rootfs/d12 rootfs/d13/inside
rm -r rootfs/d14
cp -a rootfs/d15 rootfs/d14
find rootfs -name 'f2?' -exec chgrp 77 {} +
settle rootfs
tar --sort=name --numeric-owner -cf result.tar rootfs
list rootfs | sha256sum
list rootfs | wc -l
list rootfs | awk '{ print $4 }' | sort | uniq -c | sort -k1,1nr -k2 | sed -n 1,8p
find rootfs -type c | wc -l
tar -tvf result.tar --numeric-owner --utc | sed -n '1~150p'
