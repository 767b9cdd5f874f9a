export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=a@b.invalid GIT_COMMITTER_NAME=n \
	GIT_COMMITTER_EMAIL=a@b.invalid GIT_AUTHOR_DATE='@1 +0000' GIT_COMMITTER_DATE='@1 +0000'
git -c init.defaultBranch=main init -q repo
cd repo
for i in 1 2 3 4 5 6; do
	mkdir d$i
	echo $i >d$i/f
	git add .
	git commit -qm $i
done
git tag -m one v1
git checkout -qb side HEAD~3
echo side >side
git add side
git commit -qm side
git merge -q -m merge main
git log --oneline --graph | head -3
git clone -q --local . ../local
git clone -q --no-local . ../remote
git worktree add -q ../tree main
echo work >../tree/new
git -C ../tree add new
git -C ../tree commit -qm work
git worktree remove ../tree
echo pushed >../remote/p
git -C ../remote add p
git -C ../remote commit -qm p
git -C ../remote push -q origin side:pushed
git branch --list pushed
echo stashed >side
git stash -q
git stash pop -q
git commit -qam popped
git checkout -q side
git rebase -q main
git gc -q --prune=now
git repack -qad
git fsck 2>&1
git archive HEAD | tar -t | head -2
git bisect start HEAD v1~2 >log
git bisect run sh -c 'test ! -e new' >log
grep -c 'is the first' log
rm log
git status --short
echo done
