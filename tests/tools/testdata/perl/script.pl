# Children that are waited for in a handler, pipes, locks, an interrupted open.
use strict;
use POSIX qw(:sys_wait_h :signal_h mkfifo);
use Socket;
use Fcntl qw(:flock :mode);
$| = 1;

my %status;
my $all = POSIX::SigSet->new(SIGCHLD);
$SIG{CHLD} = sub {
    while ((my $pid = waitpid(-1, WNOHANG)) > 0) { $status{$pid} = $? >> 8 }
};
POSIX::sigprocmask(SIG_BLOCK, $all);
for my $i (1 .. 30) {
    next if fork // die;
    open my $f, ">", "f$i" or POSIX::_exit(99);
    POSIX::_exit($i);
}
POSIX::sigsuspend(POSIX::SigSet->new) while keys %status < 30;
POSIX::sigprocmask(SIG_UNBLOCK, $all);
my $sum = 0;
$sum += $_ for values %status;
print "$sum\n";
$SIG{CHLD} = "DEFAULT";

socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
if (!fork) {
    syswrite $b, "line\n";
    POSIX::_exit(3);
}
print scalar <$a>;
wait;
print $? >> 8, "\n";

mkfifo("p", 0600) or die;
$SIG{ALRM} = sub { die "nobody wrote\n" };
eval { alarm 1; open my $f, "<", "p"; alarm 0 };
print $@;

open my $l, ">", "lock" or die;
flock $l, LOCK_EX or die;
utime 1, 2, "lock" or die;
chmod 0640, "lock" or die;
my @s = stat "lock";
printf "%o %d\n", S_IMODE($s[2]), $s[9];
my @g = glob "f*";
print scalar(@g), " ", unlink(@g), "\n", qx(echo quoted);
system "exit 4";
print $? >> 8, "\n";
open my $pipe, "-|", "sort", "-r", "script.pl" or die;
my @lines = <$pipe>;
close $pipe;
print @lines > 5 ? "done\n" : "sort gave nothing\n";
