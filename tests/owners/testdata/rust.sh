# The coreutils that are written in Rust, beside those of GNU.
for i in cat chgrp chmod chown cp id link ln ls mkdir mkfifo mknod mv rm stat touch whoami; do
	eval "$i() { coreutils $i \"\$@\"; }"
done
id -u
whoami
mkdir -p tree/dir/sub
echo text >tree/file
cp tree/file tree/su
cp tree/file tree/wall
chmod 4755 tree/su
chown daemon:mail tree/wall
chmod 2751 tree/wall
chown 5:6 tree/file
chown -R 4711:4712 tree/dir
chgrp mail tree/dir/sub
chmod 2770 tree/dir/sub
chmod 0 tree/file
ln -s file tree/link
chown -h 7:8 tree/link
link tree/su tree/become
mknod tree/null c 1 3
mknod tree/sda b 8 0
chmod 600 tree/sda
mkfifo -m 600 tree/pipe
cat tree/file
cp -p tree/wall tree/wall2
mv tree/dir tree/moved
for i in file su become wall wall2 link null sda pipe moved moved/sub; do
	stat -c '%n %F %a %u:%g %h %t,%T' tree/$i
done
ls -n tree | tail -n +2 | awk '{ print $1, $2, $3, $4 }'
rm tree/su
stat -c '%n %a %h' tree/become
unset -f touch
settle tree
list tree
tar --sort=name --numeric-owner -cf result.tar tree
