import { suite, test } from "node:test";
import { deepEqual, equal } from "node:assert/strict";
import { parseStrace, pathOf } from "./strace-log.ts";
import { diskSteps } from "./disk-steps.ts";

/** Lines as strace 6 writes them with `-f -y -s 0`. */
const LOG = `100 execve("/usr/bin/node", [...], 0x7ffc /* 5 vars */) = 0
100 openat(AT_FDCWD</home/site>, "/data/tmp/new-1", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644) = 22</data/tmp/new-1>
100 write(22</data/tmp/new-1>, ""..., 66) = 66
101 fsync(23</data/refs> <unfinished ...>
100 rename("/data/tmp/new-1", "/data/blobs/sha256/e9/a, (b) \\"c\\"") = 0
101 <... fsync resumed>)                    = 0
100 rename("/data/tmp/new-2", "/data/blobs/sha256/ff/0") = -1 ENOENT (No such file or directory)
100 symlink("../../m/1", "/data/trees/.channels/latest.1/m") = 0
100 link("/data/tmp/ref-1", "/data/refs/channels/latest/1.json" <unfinished ...>
100 <... link resumed>)                     = 0
100 close(26</data/tmp/session-1.db>(deleted)) = 0
100 mkdir("sub", 0755) = 0
100 openat(AT_FDCWD</home/site>, "/data/refs", O_RDONLY|O_CLOEXEC) = 24</data/refs>
100 copy_file_range(26</data/blobs/sha256/df/a0>, [0], 32</data/tmp/tree-1/Release>, NULL, 2234, 0) = 2234
102 execve("/usr/bin/sync", ["sync", "-f", "/data"], 0x55 /* 5 vars */) = 0
102 syncfs(3</data>) = 0
102 +++ exited with 0 +++
100 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---
100 unlink("/data/tmp/note-1" <unfinished ...>
100 +++ killed by SIGKILL +++
`;

suite("a log of strace", () => {
  test("gives calls with arguments, results and errors", () => {
    const calls = parseStrace(LOG);
    const [, create, write, , rename, missing] = calls;
    deepEqual(create?.args.slice(1), ['"/data/tmp/new-1"', "O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC", "0644"]);
    deepEqual([write?.args[0], write?.result], ["22</data/tmp/new-1>", 66]);
    equal(pathOf(rename?.args[1]), '/data/blobs/sha256/e9/a, (b) "c"');
    deepEqual([missing?.result, missing?.error], [-1, "ENOENT"]);
    deepEqual(
      calls.filter(({ name }) => name === "close").map(({ args }) => pathOf(args[0])),
      ["/data/tmp/session-1.db"],
    );
  });

  test("joins what other threads have cut in two, and knows what never came back", () => {
    const calls = parseStrace(LOG);
    const fsync = calls.find(({ name }) => name === "fsync");
    deepEqual([fsync?.began, fsync?.ended, fsync?.result], [3, 5, 0]);
    const last = calls.at(-1);
    deepEqual([last?.name, last?.ended, last?.result], ["unlink", Infinity, undefined]);
    deepEqual(
      calls.map(({ began }) => began),
      calls.map(({ began }) => began).toSorted((a, b) => a - b),
    );
  });

  test("becomes steps on the disk: who made, wrote, named and synced what", () => {
    const steps = diskSteps(parseStrace(LOG)).map(({ call: { name }, ...step }) => [name, step]);
    deepEqual(steps, [
      ["openat", { kind: "create", path: "/data/tmp/new-1", exclusive: true }],
      ["write", { kind: "write", path: "/data/tmp/new-1" }],
      ["fsync", { kind: "sync", path: "/data/refs" }],
      ["rename", { kind: "rename", from: "/data/tmp/new-1", path: '/data/blobs/sha256/e9/a, (b) "c"' }],
      ["symlink", { kind: "symlink", path: "/data/trees/.channels/latest.1/m", to: "../../m/1" }],
      ["link", { kind: "link", from: "/data/tmp/ref-1", path: "/data/refs/channels/latest/1.json" }],
      ["mkdir", { kind: "mkdir", path: "/sub" }],
      ["copy_file_range", { kind: "write", path: "/data/tmp/tree-1/Release" }],
      ["syncfs", { kind: "sync-all", path: "/data" }],
    ]);
  });
});
