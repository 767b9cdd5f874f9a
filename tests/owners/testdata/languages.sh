# Interpreters, which have libraries of their own for all this.
tree
cat >pack.py <<'PY'
import os, shutil, stat, sys, tarfile
os.chown("tree/etc/empty", 21, 22)
os.chmod("tree/etc/empty", 0o6750)
os.mknod("tree/dev/door", 0o640 | stat.S_IFCHR, os.makedev(10, 77))
os.setxattr("tree/etc/shadow", "trusted.from", b"python")
shutil.chown("tree/etc/shadow", "man", "mail")
for entry in sorted(os.scandir("tree/dev"), key=lambda e: e.name):
    st = entry.stat(follow_symlinks=False)
    print(entry.name, entry.is_file(follow_symlinks=False), oct(st.st_mode), st.st_uid, st.st_gid, os.major(st.st_rdev), os.minor(st.st_rdev))
print(os.getresuid(), os.getresgid(), os.access("tree/etc/key", os.R_OK | os.W_OK), os.access("tree/etc/key", os.X_OK))
print(os.listxattr("tree/etc/shadow"), os.getxattr("tree/etc/shadow", "trusted.from"))
for folder, _, files in os.walk("tree"):
    for name in [folder] + [os.path.join(folder, f) for f in files]:
        os.utime(name, (1600000000, 1600000000), follow_symlinks=False)
with tarfile.open("result.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    tar.add("tree", filter=lambda t: t)
with tarfile.open("result.tar") as tar:
    tar.extractall("copy", filter="fully_trusted") if hasattr(tarfile, "data_filter") else tar.extractall("copy")
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    os.setgroups([5, 8]); os.setresgid(4712, 4712, 4712); os.setresuid(4711, 4711, 4711)
    print(os.getresuid(), os.getresgid(), os.getgroups(), flush=True)
    for change in (lambda: os.setuid(0), lambda: os.chown("tree/etc/empty", 0, 0)):
        try:
            change()
        except OSError as e:
            print(e.strerror, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
PY
python3 pack.py
list copy/tree | cmp - <(list tree)
cat >look.mjs <<'JS'
import fs from "node:fs/promises";
await fs.mkdir("js");
await fs.writeFile("js/file", "text");
await fs.chown("js/file", 31, 32);
await fs.chmod("js/file", 0o4711);
await fs.symlink("file", "js/link");
await fs.lchown("js/link", 33, 34);
await fs.copyFile("js/file", "js/copy");
await fs.cp("tree/etc", "js/etc", { recursive: true });
const show = (name, s) => console.log(name, s.mode.toString(8), s.uid, s.gid, s.rdev);
for (const name of ["js/file", "js/link", "js/copy", "js/etc/empty", "tree/dev/sda", "tree/dev/door"])
	show(name, await fs.lstat(name));
const open = await fs.open("js/file", "r+");
await open.chown(35, 36);
show("open", await open.stat());
await open.close();
for (const e of (await fs.readdir("tree/dev", { withFileTypes: true })).sort((a, b) => a.name < b.name ? -1 : 1))
	console.log(e.name, e.isFile(), e.isBlockDevice(), e.isCharacterDevice());
console.log(process.getuid(), process.geteuid(), process.getgroups());
JS
node look.mjs
settle js
tar --sort=name --numeric-owner -cf result.js.tar js
