# The machine ignores TMPDIR, and writes its statistics below /tmp.
export JAVA_TOOL_OPTIONS="-Djava.io.tmpdir=$TMPDIR -XX:-UsePerfData -XX:TieredStopAtLevel=1"
javac Script.java
java -XX:+UseSerialGC Script
