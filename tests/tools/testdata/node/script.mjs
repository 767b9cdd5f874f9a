// Files by promises, workers, children of all kinds, sockets, a watcher.
import fs from "node:fs";
import net from "node:net";
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const range = n => [...Array(n).keys()];
const sum = list => list.reduce((a, b) => a + b);

async function files() {
  const p = fs.promises;
  await Promise.all(range(100).map(async i => {
    await p.writeFile("f" + i, String(i));
    await p.chmod("f" + i, 0o600);
    await p.utimes("f" + i, 1, 2);
    await p.copyFile("f" + i, "c" + i);
    await p.rename("c" + i, "r" + i);
  }));
  console.log((await p.readdir(".")).length, (await p.stat("f7")).mtimeMs);
  await p.mkdir("a/b/c", { recursive: true });
  await p.symlink("b", "a/l");
  await p.cp("a", "copied", { recursive: true });
  await p.rm("a", { recursive: true });
  console.log(fs.readdirSync("copied").join());
  await p.rmdir(await p.mkdtemp("t-"));
  console.log(await p.readFile("none").catch(e => e.code));
}

async function processes() {
  const workers = range(4).map(i => new Worker(new URL(import.meta.url), { workerData: i }));
  console.log(sum(await Promise.all(workers.map(w => once(w, "message").then(m => m[0])))));
  const codes = range(15).map(i => once(spawn("sh", ["-c", "exit " + i]), "exit").then(r => r[0]));
  console.log(sum(await Promise.all(codes)), spawnSync("cat", { input: "through cat" }).stdout.toString());
  const child = fork("script.mjs", ["child"]);
  child.send(21);
  console.log((await once(child, "message"))[0], (await once(child, "exit"))[0]);
  const killed = spawn("sleep", ["100"]);
  killed.kill("SIGTERM");
  console.log((await once(killed, "exit"))[1]);
}

async function descriptors() {
  const server = net.createServer(c => c.end("re: hello")).listen("socket");
  await once(server, "listening");
  console.log((await once(net.connect("socket"), "data"))[0].toString());
  server.close();
  const watcher = fs.watch("copied");
  const seen = once(watcher, "change");
  fs.writeFileSync("copied/new", "");
  console.log((await seen)[1]);
  watcher.close();
}

if (!isMainThread) {
  for (const i of range(50)) {
    const f = `w${workerData}-${i}`;
    fs.writeFileSync(f, f);
    fs.renameSync(f, f + "r");
    fs.unlinkSync(f + "r");
  }
  parentPort.postMessage(workerData);
} else if (process.argv[2] === "child") {
  process.once("message", m => process.send(m * 2, () => process.disconnect()));
} else {
  await files();
  await processes();
  await descriptors();
  console.log("done");
}
