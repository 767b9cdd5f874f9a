mkdir -p t/sub
for i in 1 2 3 4 5 6 7 8 9; do
	head -c $((i * 1000)) /dev/zero >t/f$i
done
truncate -s 1M t/hole
ln -s f1 t/l
ln t/f2 t/h
mkfifo t/p
chmod 2750 t/sub
touch -d @5 t/f3
tar -cSf a.tar t
mkdir x
tar -xpSf a.tar -C x
tar -df a.tar -C x
tar --sort=name -czf a.tgz t
tar -xzf a.tgz -C x --overwrite
tar -uf a.tar t/f1
tar --delete -f a.tar t/f9
tar -tf a.tar | wc -l
tar -cg snapshot -f incremental.tar t
cp -a --reflink=auto t y
cp -al y z
find z -newer t/f3 -type f -delete
ls z
ln -sfn y link
install -D -m 4755 t/f1 i/j/k
stat -c '%a %s' i/j/k t/sub
dd if=/dev/zero of=d bs=1k count=10 conv=notrunc,fsync 2>&1 | head -2
split -b 1000 t/f9 part.
cat part.* | cmp - t/f9
seq 20000 | sort -S 50K -T . -rn | head -1
flock lock true
rmdir "$(mktemp -d t.XXXX)"
seq 40 | xargs -P 8 -n 5 sh -c 'for i; do echo $i >n$i; done' -
ls n* | wc -l
shred -u n1
echo same | tee a1 a2 >/dev/null
cmp a1 a2
sed -i.bak s/2/y/ n2
cat n2 n2.bak
rm -r t x y z
echo done
