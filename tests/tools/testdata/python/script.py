# What test suites in Python do: processes, threads, event loops, temporary files.
import asyncio
import concurrent.futures
import fcntl
import mmap
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import tempfile


def square(n):
    with tempfile.NamedTemporaryFile(dir="."):
        return n * n


def fill(queue):
    for i in range(100):
        queue.put(i)


def processes(how):
    context = multiprocessing.get_context(how)
    with context.Pool(3) as pool:
        print(how, sum(pool.map(square, range(60))))
    queue = context.Queue()
    p = context.Process(target=fill, args=(queue,))
    p.start()
    print(sum(queue.get() for _ in range(100)))
    p.join()
    print(p.exitcode)


async def talk():
    async def serve(r, w):
        w.write(b"re: " + await r.readline())
        await w.drain()
        w.close()

    server = await asyncio.start_unix_server(serve, "socket")
    r, w = await asyncio.open_unix_connection("socket")
    w.write(b"hello\n")
    print((await r.read()).decode().strip())
    server.close()
    p = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    print((await p.communicate(b"through cat"))[0].decode())
    shells = [await asyncio.create_subprocess_shell("exit %d" % i) for i in range(15)]
    print(sum(await asyncio.gather(*(p.wait() for p in shells))))


def files():
    with tempfile.TemporaryDirectory() as d, open(d + "/f", "w+b") as f:
        f.truncate(8192)
        m = mmap.mmap(f.fileno(), 8192)
        m[:5] = b"hello"
        m.flush()
        print(f.read(5).decode())
        fcntl.lockf(f, fcntl.LOCK_EX)
        shutil.copytree(d, "copy")
        shutil.make_archive("archive", "gztar", "copy")
        shutil.rmtree("copy")


def signals():
    p = subprocess.Popen(["sleep", "100"], start_new_session=True)
    os.killpg(p.pid, signal.SIGTERM)
    print(p.wait())
    hits = []
    signal.signal(signal.SIGALRM, lambda *a: hits.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    while len(hits) < 20:
        with open("hit", "w") as f:
            f.write("x")
    signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        subprocess.run(["sleep", "100"], timeout=0.05)
    except subprocess.TimeoutExpired:
        print("timed out")


def descriptors():
    a, b = socket.socketpair()
    socket.send_fds(a, [b"x"], [os.open("hit", os.O_RDWR)])
    os.write(socket.recv_fds(b, 1, 1)[1][0], b"passed")
    print(open("hit").read())


if __name__ == "__main__":
    for how in "fork", "spawn", "forkserver":
        processes(how)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(lambda i: int(subprocess.check_output(["echo", str(i)])), range(30))))
    asyncio.run(talk())
    files()
    signals()
    descriptors()
    print("done")
