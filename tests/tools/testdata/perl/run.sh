perl script.pl
