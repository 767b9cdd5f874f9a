# The change times of inodes are those of the source; debugfs sets them right, and
# mke2fs does the rest.
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
tree
setcap cap_net_raw+ep tree/bin/wall
settle tree
export MKE2FS_CONFIG=$PWD/mke2fs.conf
cat >mke2fs.conf <<'CONF'
[defaults]
	base_features = sparse_super,filetype,ext_attr,extent,metadata_csum
	blocksize = 1024
	inode_size = 256
	inode_ratio = 8192
[fs_types]
	ext4 = {
		features = extent
	}
CONF
mke2fs -q -t ext4 -U 01234567-89ab-cdef-0123-456789abcdef -E hash_seed=89abcdef-0123-4567-89ab-cdef01234567 \
	-d tree result.ext4 2048
(cd tree && find . -printf 'sif "/%P" ctime @1600000000\nsif "/%P" ctime_extra 0\nsif "/%P" atime @1600000000\nsif "/%P" atime_extra 0\nsif "/%P" crtime @1600000000\n' | sort) >commands
debugfs -w -f commands result.ext4 >/dev/null 2>errors
for i in / /bin /dev /etc /home/joe /run /var; do
	echo "$i"
	debugfs -R "ls -l $i" result.ext4 2>>errors | awk 'NF { print $2, $3, $4, $5, $NF }'
done
debugfs -R 'stat /dev/nvme' result.ext4 2>>errors | grep 'Device'
debugfs -R 'ea_list /bin/wall' result.ext4 2>>errors
e2fsck -fn result.ext4 >/dev/null 2>>errors
grep -v '^debugfs \|^e2fsck ' errors || :
