mkdir tree
echo ping >tree/ping
echo clock >tree/clock
echo plain >tree/plain
setcap cap_net_raw+ep tree/ping
setcap cap_sys_time,cap_net_bind_service+ei tree/clock
getcap -r tree
setcap -v cap_net_raw+ep tree/ping
setfattr -n user.comment -v 'anyone may' tree/plain
setfattr -n trusted.origin -v 'root may' tree/plain
setfattr -n trusted.origin -v 'a directory' tree
setfattr -h -n security.note -v 'root again' tree/plain
getfattr -dm - -R tree
setfattr -x security.note tree/plain
if getfattr -n security.note tree/plain 2>/dev/null; then echo "still there"; fi

setfacl -m u:1000:rwx,g:33:r tree/plain
setfacl -d -m u:7:rx tree
getfacl -nR tree
stat -c '%n %a' tree tree/plain
chmod 600 tree/plain
getfacl -n tree/plain
chown 5:6 tree/plain

settle tree
pack() { tar --sort=name --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime "$@"; }
pack --acls --xattrs '--xattrs-include=*' -cf result.tar tree
mkdir copy mirror
tar --acls --xattrs '--xattrs-include=*' -xpf result.tar -C copy
pack --acls --xattrs '--xattrs-include=*' -cf again.tar -C copy tree
same result.tar again.tar
rsync -aAX tree mirror
cp -a tree mirror/cp
getcap -r copy mirror
diff <(cd tree && getfattr -dm - -R .) <(cd mirror/tree && getfattr -dm - -R .)
diff <(cd tree && getfattr -dm - -R .) <(cd mirror/cp && getfattr -dm - -R .)

echo what a chown and a write take away
chown 0:0 tree/ping
echo more >>tree/clock
getcap -r tree
setcap -r mirror/tree/ping
getcap -r mirror/tree
