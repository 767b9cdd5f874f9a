tree
cp -a tree copy
list tree
for i in copy/dev/*; do stat -c '%n %F %t,%T %a' "$i"; done
diff <(list tree) <(list copy)

rsync -aHAX --numeric-ids --devices --specials tree/ mirror/
diff <(list tree) <(list mirror)
chown 3:4 tree/bin/ash -h
chmod 6711 tree/bin/sh
rm tree/dev/nvme
rsync -aHAX --numeric-ids --delete --itemize-changes tree/ mirror/
diff <(list tree) <(list mirror)
rsync -a --chown=9:9 --chmod=D2750,F0604 tree/etc/ mirror/etc/
list mirror/etc

install -d -o 11 -g 12 -m 2751 installed/spool
install -o daemon -g 13 -m 4711 tree/bin/su installed/su
install -o 14 tree/bin/sh installed/sh
install -p -D -g bin -m 0444 tree/etc/empty installed/share/deep/empty
list installed

mkdir moved
mv copy/bin copy/dev moved
cp --no-preserve=ownership -r moved/bin moved/mine
cp -p --remove-destination moved/bin/su moved/mine/wall
list moved

settle installed
for i in tree mirror installed moved; do
	settle $i
	tar --sort=name --numeric-owner -cf result.$i.tar $i
done
