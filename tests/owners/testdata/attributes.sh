mkdir -p tree/dir tree/open
echo ping >tree/ping
echo clock >tree/clock
echo trusted >tree/trusted
echo user >tree/user
echo plain >tree/plain
echo many >tree/many
setcap cap_net_raw+ep tree/ping
setcap cap_sys_time,cap_net_bind_service+ei tree/clock
getcap tree/*
setcap -v cap_net_raw+ep tree/ping
setfattr -n user.comment -v 'anyone may' tree/user
setfattr -n trusted.origin -v 'root may' tree/trusted
setfattr -n trusted.origin -v 'a directory' tree/dir
ln -s trusted tree/link
setfattr -h -n trusted.origin -v 'a link' tree/link
getfattr -hdm - tree tree/*

setfacl -m u:1000:rwx,g:33:r tree/plain
setfacl -d -m u:7:rx tree/open
getfacl -n tree/plain tree/open
stat -c '%n %a' tree/open tree/plain
chmod 600 tree/plain
getfacl -n tree/plain
chown 5:6 tree/plain

settle tree
pack() {
	tar --sort=name --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
		--acls --xattrs '--xattrs-include=*' "$@"
}
pack -cf result.tar tree
mkdir copy mirror
tar --acls --xattrs '--xattrs-include=*' -xpf result.tar -C copy
pack -cf again.tar -C copy tree
same result.tar again.tar

# The order in which a file system lists several attributes is its own; getfattr
# sorts them.
setfattr -n user.comment -v 'anyone may' tree/many
setfattr -n trusted.origin -v 'root may' tree/many
setfattr -n security.note -v 'root may, too' tree/many
setfattr -n user.comment -v 'another' tree/many
setfacl -m u:8:r tree/many
setcap cap_chown+p tree/many
rsync -aAX tree mirror
cp -a tree mirror/cp
attributes() { (cd "$1" && getfattr -hdm - . * && getfacl -n . * && getcap *); }
attributes tree >attributes
grep -A9 many attributes
same attributes <(attributes mirror/tree) <(attributes mirror/cp)
setfattr -x security.note tree/many
setfattr -x trusted.origin tree/many
setfacl -b tree/many
getfattr -dm - tree/many
getfattr -n security.note tree/many 2>&1 || :

echo what takes capabilities away
chown 0:0 tree/ping
setcap -r mirror/tree/ping
getcap tree/* mirror/tree/*
