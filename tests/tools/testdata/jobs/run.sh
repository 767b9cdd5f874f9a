bash script.bash 2>&1 | sed 's/line [0-9]*: *[0-9]* /line /'
