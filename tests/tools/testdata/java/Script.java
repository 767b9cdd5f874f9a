// Threads and processes, mappings and locks, and faults that the machine handles.
import java.io.File;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.nio.file.attribute.*;
import java.util.*;
import java.util.concurrent.*;

public class Script {
    static int fileWork(int me) throws Exception {
        int n = 0;
        for (int i = 0; i < 50; i++) {
            Path p = Path.of("f" + me + "-" + i), moved = Path.of(p + "m");
            Files.writeString(p, p.toString());
            Files.move(p, moved, StandardCopyOption.ATOMIC_MOVE);
            n += Files.readString(moved).length();
            Files.delete(moved);
        }
        return n;
    }

    static int sum(ExecutorService pool, int tasks, Callable<Integer>[] work) throws Exception {
        int sum = 0;
        for (Future<Integer> f : pool.invokeAll(Arrays.asList(work))) sum += f.get();
        return sum;
    }

    @SuppressWarnings("unchecked")
    static void threads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        Callable<Integer>[] files = new Callable[8], processes = new Callable[12];
        for (int i = 0; i < files.length; i++) {
            int me = i;
            files[i] = () -> fileWork(me);
        }
        for (int i = 0; i < processes.length; i++) {
            int me = i;
            processes[i] = () -> new ProcessBuilder("sh", "-c", "echo x >p" + me + "; exit " + me).start().waitFor();
        }
        System.out.println(sum(pool, 8, files) + " " + sum(pool, 12, processes));
        pool.shutdown();
        Process cat = new ProcessBuilder("cat").redirectOutput(new File("out")).start();
        cat.getOutputStream().write("through cat\n".getBytes());
        cat.getOutputStream().close();
        cat.waitFor();
        System.out.print(Files.readString(Path.of("out")));
        Process sleep = new ProcessBuilder("sleep", "100").start();
        sleep.destroy();
        System.out.println(sleep.waitFor());
    }

    static void files() throws Exception {
        Path map = Path.of("map");
        try (FileChannel c = FileChannel.open(map, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            c.lock();
            var m = c.map(FileChannel.MapMode.READ_WRITE, 0, 100000);
            m.put("mapped".getBytes());
            m.force();
        }
        Files.setPosixFilePermissions(map, PosixFilePermissions.fromString("rw-r-----"));
        Files.setLastModifiedTime(map, FileTime.fromMillis(5000));
        System.out.println(Files.readString(map).trim() + " " + PosixFilePermissions.toString(Files.getPosixFilePermissions(map))
            + " " + Files.getLastModifiedTime(map).toMillis());
        Files.createDirectories(Path.of("a/b/c"));
        Files.createSymbolicLink(Path.of("a/l"), Path.of("b"));
        Files.delete(Files.createTempFile("x", "y"));
        try (var w = FileSystems.getDefault().newWatchService()) {
            Path.of("a").register(w, StandardWatchEventKinds.ENTRY_CREATE);
            Files.createFile(Path.of("a/new"));
            System.out.println(w.take().pollEvents().get(0).context());
        }
    }

    static int recurse(int n) {
        return recurse(n + 1) + 1;
    }

    static void faults(String none) {
        try {
            recurse(1);
        } catch (StackOverflowError e) {
            System.out.println("stack overflow");
        }
        try {
            none.length();
        } catch (NullPointerException e) {
            System.out.println("null");
        }
        for (int i = 0; i < 5; i++) {
            byte[][] garbage = new byte[200][];
            for (int j = 0; j < garbage.length; j++) garbage[j] = new byte[10000];
            System.gc();
        }
    }

    public static void main(String[] args) throws Exception {
        threads();
        files();
        faults(null);
        System.out.println("done");
    }
}
