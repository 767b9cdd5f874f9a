# The steps of makepkg: a manifest of the tree as it is, first into the package.
tree
cd tree
entries() { find . -mindepth 1 ! -name .MTREE -printf '%P\n' | sort; }
entries | bsdtar -cnf ../manifest --format=mtree \
	--options='!all,use-set,type,uid,gid,mode,time,size,device,link,sha256' -T -
cp ../manifest .MTREE
settle .
(echo .MTREE && entries) | bsdtar -cnf ../result.tar --format=gnutar --no-fflags -T -
(echo .MTREE && entries) | bsdtar -cnf ../result.root.tar --format=gnutar --no-fflags --uid 0 --gid 0 -T -
rm .MTREE
settle .
cd ..
sort manifest | sed 's/sha256digest=[0-9a-f]*/sha256/'
bsdtar -tvnf result.tar | awk '{print $1, $2, $3, $4, $5, $NF}'

mkdir copy
bsdtar -xpf result.tar -C copy --exclude .MTREE
settle copy
diff <(list tree) <(list copy)

# A package whose tree is described and never made.
cat >spec <<'SPEC'
#mtree
/set type=file uid=0 gid=0 mode=0644 time=1600000000
./usr type=dir mode=0755
./usr/su mode=4755 contents=tree/bin/su
./usr/mail uid=8 gname=mail gid=8 mode=2755 contents=tree/bin/wall
./usr/tty type=char mode=0620 gid=5 device=native,5,0
SPEC
bsdtar -cf result.spec.tar --format=gnutar @spec
bsdtar -tvnf result.spec.tar | awk '{print $1, $2, $3, $4, $5, $NF}'
