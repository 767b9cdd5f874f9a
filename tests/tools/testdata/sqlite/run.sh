sqlite3 db 'PRAGMA journal_mode=WAL; CREATE TABLE t(n INTEGER);'
for i in 1 2 3 4; do
	(for j in 1 2 3 4 5; do sqlite3 -cmd '.timeout 60000' db "INSERT INTO t VALUES($i);"; done) &
done
wait
sqlite3 db 'SELECT count(*), sum(n) FROM t; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA integrity_check;'
sqlite3 db 'BEGIN; WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c WHERE x<5000) INSERT INTO t SELECT x FROM c;
	ROLLBACK; SELECT count(*) FROM t; VACUUM;'
sqlite3 old 'PRAGMA journal_mode=PERSIST; CREATE TABLE t(n); BEGIN; INSERT INTO t VALUES(1); COMMIT; SELECT * FROM t;'
sqlite3 db '.backup copy'
sqlite3 copy 'SELECT count(*) FROM t'
ls
echo done
