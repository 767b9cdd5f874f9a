mkdir -p from/sub
for i in 1 2 3 4 5 6 7 8; do
	head -c 100000 /dev/zero | tr '\0' $i >from/f$i
done
ln -s f1 from/l
ln from/f2 from/sub/hard
mkfifo from/p
touch -d @1 from/f3
chmod 640 from/f4
rsync -aH from/ to
stat -c '%n %F %a %h' to/* to/sub/*
stat -c %Y to/f3
echo more >>from/f5
rm from/f6
rsync -aH --delete --partial --inplace from/ to
ls to
rsync -a --backup --suffix=.old --checksum from/ to
rsync -a --sparse --link-dest="$PWD/to" from/ third
stat -c %h third/f1
rsync -aX --delay-updates --fsync from/ fourth 2>&1 || rsync -a --delay-updates from/ fourth
cmp from/f5 fourth/f5
echo done
