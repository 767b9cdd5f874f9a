tree
setcap cap_net_raw+ep tree/bin/wall
setfattr -n user.note -v text tree/etc/empty
settle tree
pack() { mksquashfs "$@" -no-progress -quiet -processors 1 -noappend >/dev/null; }
pack tree result.squashfs
unsquashfs -UTC -lln result.squashfs | grep 'squashfs-root' | grep -v nvme | sed 's/  */ /g'
unsquashfs -quiet -no-progress -d copy result.squashfs >/dev/null
diff <(list tree) <(list copy)
pack copy again.squashfs
same result.squashfs again.squashfs
pack tree result.root.squashfs -all-root -p 'dev/tty c 620 0 5 5 0'
unsquashfs -UTC -lln result.root.squashfs | grep tty
