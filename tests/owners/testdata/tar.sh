tree
pack() { tar --sort=name --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime "$@"; }
pack -cf result.tar tree
tar -tvf result.tar --utc
tar -tvf result.tar --numeric-owner | awk '{print $1, $2, $6}' | sed -n 1,3p
mkdir copy
tar -xpf result.tar -C copy
list copy/tree | cmp - <(list tree)
pack -cf again.tar -C copy tree
same result.tar again.tar
tar -df result.tar

echo extracted as they are not: -o and no -p
mkdir plain
tar -xof result.tar --no-same-permissions -C plain
list plain/tree | grep -v dev/

echo owners by option
pack -cf result.others.tar --owner=+7 --group=+8 --mode=u=rw,go= tree/bin
tar -tvf result.others.tar --utc
