# Job control, traps, coprocesses and limits.
set -m
sleep 100 &
pid=$! # its status is kept; that of %1 only until bash has told of its end
kill -STOP %1
until jobs -s | grep -q Stopped; do :; done
jobs -s | sed 's/sleep.*/sleep/'
bg %1 >jobs
jobs -r | wc -l
kill %1
wait $pid
echo "status $?"
(trap 'exit 5' TERM; echo x >ready; while :; do sleep 0.01; done) &
until [ -e ready ]; do :; done
kill -TERM $!
wait $!
echo "status $?"
set +m

mkfifo p
exec 7<>p
for i in 1 2 3 4 5 6 7 8; do (echo $i >&7; exit $i) & done
sum=0
for i in 1 2 3 4 5 6 7 8; do read -r n <&7; sum=$((sum + n)); done
wait
echo $sum
coproc cat
echo through >&"${COPROC[1]}"
read -r line <&"${COPROC[0]}"
echo "$line"
pid=$COPROC_PID # bash forgets it when the process has ended
kill $pid
wait $pid
echo "status $?"
cmp -s <(echo a) <(echo b) || echo differ
trap 'echo a child ended' CHLD
/bin/true
trap - CHLD
(ulimit -f 1; trap '' XFSZ; head -c 5000 /dev/zero >big) 2>/dev/null || echo limited
set -o pipefail
false | true || echo a pipe failed
timeout 0.1 sleep 100
echo $?
timeout -s KILL 0.1 bash -c 'trap "" TERM; while :; do :; done'
echo $?
echo done
