tree
pack() { (cd "$1" && find . | sort | cpio --quiet -o -H newc --reproducible); }
pack tree >result.cpio
cpio --quiet -itvn <result.cpio | awk '{print $1, $2, $3, $4, $NF}'
mkdir copy
(cd copy && cpio --quiet -idm --no-absolute-filenames) <result.cpio
settle copy
diff <(list tree) <(list copy)
pack copy >again.cpio
same result.cpio again.cpio
