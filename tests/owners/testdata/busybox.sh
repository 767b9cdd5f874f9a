# One static program for everything.
for i in chgrp chmod chown cp find ln ls mknod mv rm stat tar touch; do
	eval "$i() { busybox $i \"\$@\"; }"
done
mkdir -p tree/dir
echo text >tree/file
chown 5:6 tree/file
chmod 4755 tree/file
ln -s file tree/link
chown -h 7:8 tree/link
chown -R 4711:4712 tree/dir
chmod 2770 tree/dir
mknod tree/null c 1 3
mknod tree/sda b 8 0
ln tree/file tree/hard
cp -p tree/file tree/kept
cp tree/file tree/mine
cp -a tree copy
stat -c '%n %F %a %u:%g %h %t,%T' tree/* copy/*
ls -ln tree | busybox awk 'NR > 1 { print $1, $2, $3, $4 }'
find tree -type c -o -type b | sort
find tree -user 5 -perm -4000 | sort
busybox id
find tree -depth -exec busybox touch -h -d "@$SOURCE_DATE_EPOCH" {} \;
find tree | sort >names
tar -cf result.tar $(sed 1d names)
tar -tvf result.tar | busybox awk '{ print $1, $2, $NF }'
busybox cpio -o -H newc <names 2>/dev/null >copied.cpio
unset -f find # list needs more of it
mkdir unpacked packed
(cd unpacked && tar -xf ../result.tar && list tree)
(cd packed && busybox cpio -id <../copied.cpio 2>/dev/null && list tree)
