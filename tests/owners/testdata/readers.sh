tree
id
id -u
whoami
for i in uid:%u gid:%g; do echo "$i" | cut -d: -f1; done
stat -c '%n %F %a %u:%g %U:%G %h %t,%T' tree/bin/* tree/dev/* tree/etc/* tree/run/* tree/tmp
stat -L -c '%n %F %a %u:%g' tree/bin/ash tree/home/joe
ls -lnR --time-style=+ tree | grep -v ^total | sed 's/  */ /g; s/^\(d.*\) [0-9]* /\1 /'
ls -F tree/bin tree/dev tree/run
echo find
find tree -perm /6000 | sort
find tree -perm 0000
find tree -user 4711 | sort
find tree -group 6
find tree -nouser | sort
find tree -type c -o -type b -o -type p | sort
find tree -uid 0 -gid 0 -type d | sort
find tree -writable -readable ! -type l | wc -l
find tree -executable -type f | sort
echo du
du -abl --exclude=dangling tree/bin tree/home/joe/* tree/etc/* | awk '{print $2, $1}' | grep -v '^tree/[a-z]* \|/sub \|/ash ' | sort
du --inodes -s tree
echo test
for i in -r -w -x -u -g -k -O -G -f -c -b -p -s; do
	printf '%s' "$i"
	for j in bin/su bin/wall etc/key etc/shadow tmp dev/null dev/sda run/pipe; do
		if [ $i tree/$j ]; then printf ' %s' "$j"; fi
	done
	echo
done
cat tree/etc/key
echo more >>tree/etc/key
cat tree/etc/key
perl -e 'for (@ARGV) { my @s = lstat; printf "%s %o %d:%d %d\n", $_, @s[2, 4, 5, 6] }' tree/bin/* tree/dev/*
grep -E '^(Uid|Gid):' /proc/self/status
echo identities
setpriv --reuid=4711 --regid=4712 --clear-groups id
setpriv --reuid=4711 --regid=4712 --groups=4712,8 sh -c 'id -G; chown 0:0 tree/bin/su 2>&1 || :' | sed 's/.*: //'
perl -e '$) = "100 100 4"; $> = 4711; print "$< $> $( $)\n"; $> = 0; print "$>\n"; print chown(7, 7, "tree/bin/sh"), "\n"'
stat -c '%u:%g' tree/bin/rsh
