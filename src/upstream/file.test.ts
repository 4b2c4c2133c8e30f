import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { giveUp } from "./body.ts";
import { fileTransport } from "./file.ts";
import { textOf } from "./server.test-helper.ts";

let folder = "";
let base = "";
const open = () => fileTransport({ url: pathToFileURL(base).href });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-file-"));
  base = join(folder, "re po");
  await mkdir(join(base, "pool"), { recursive: true });
  await writeFile(join(base, "pool", "a+b~1:2.deb"), "hello");
  await writeFile(join(base, "empty"), "");
  await writeFile(join(folder, "secret"), "secret");
  await symlink("pool/a+b~1:2.deb", join(base, "within"));
  await symlink("pool", join(base, "dir"));
  await symlink("../secret", join(base, "out"));
  await symlink("..", join(base, "up"));
  await symlink("nowhere", join(base, "dangling"));
});
after(() => rm(folder, { recursive: true }));

test("a file comes with start, length and validators; the name of the base may lack its slash", async () => {
  const transport = open();
  const reply = await transport.fetch({ from: "pool/a%2bb%7E1%3A2.deb" });
  assert.ok(reply.status === "ok");
  assert.deepEqual([reply.start, reply.length], [0, 5]);
  assert.match(reply.validators.etag ?? "", /^"[0-9a-f]+-5"$/);
  assert.equal(await textOf(reply), "hello");
  assert.equal(await textOf(await transport.fetch({ from: `${transport.name}within` })), "hello");
  assert.equal(await textOf(await transport.fetch({ from: "dir/a+b~1:2.deb" })), "hello");
  assert.equal(transport.requests, 3);
  assert.equal(transport.name, `${pathToFileURL(base).href}/`);
});

test("an empty file, and one that is not read, are let go of", async () => {
  const reply = await open().fetch({ from: "empty" });
  assert.ok(reply.status === "ok");
  assert.equal(reply.length, 0);
  assert.equal(await textOf(reply), "");
  for (const from of ["empty", "within"]) {
    const unread = await open().fetch({ from });
    assert.ok(unread.status === "ok");
    await giveUp(unread.body);
  }
});

test("what is not a file is absent", async () => {
  execFileSync("mkfifo", [join(base, "pipe")]);
  for (const from of ["nothing", "pool/nothing", "empty/x", "pool", "pipe", "dangling"])
    assert.equal((await open().fetch({ from })).status, "absent", from);
});

test("nothing outside the folder is read", async () => {
  const refused = [
    "../secret",
    "%2e%2e/secret",
    "pool/..%2F..%2Fsecret",
    "/etc/passwd",
    "",
    "a//b",
    "x%00y",
    "%zz",
    "./x/.",
  ];
  for (const from of [...refused, "out", "up/secret"])
    await assert.rejects(open().fetch({ from }), { code: "path_refused" }, from);
  for (const from of ["file:///etc/passwd", "http://127.0.0.1/x"])
    await assert.rejects(open().fetch({ from }), { code: "redirect_refused" });
});

test("validators tell whether a file has changed", async () => {
  const path = join(base, "changes");
  await writeFile(path, "one");
  await utimes(path, 1000, 1000);
  const first = await open().fetch({ from: "changes" });
  assert.ok(first.status === "ok");
  assert.equal(await textOf(first), "one");
  const { validators } = first;
  assert.equal(validators.lastModified, "Thu, 01 Jan 1970 00:16:40 GMT");
  assert.equal((await open().fetch({ from: "changes", validators })).status, "unchanged");
  const { lastModified } = validators;
  assert.equal((await open().fetch({ from: "changes", validators: { lastModified } })).status, "unchanged");
  await writeFile(path, "two");
  await utimes(path, 1001, 1001);
  assert.equal(await textOf(await open().fetch({ from: "changes", validators })), "two");
  assert.equal(await textOf(await open().fetch({ from: "changes", validators: { lastModified } })), "two");
});

test("an offset gives the rest, unless the file has changed or is not so long", async () => {
  const start = async (offset: number, etag?: string) => {
    const reply = await open().fetch({ from: "within", offset, validators: { etag } });
    assert.ok(reply.status === "ok");
    const text = await textOf(reply);
    assert.equal(reply.length, text.length);
    return [reply.start, text];
  };
  const whole = await open().fetch({ from: "within" });
  assert.ok(whole.status === "ok");
  await giveUp(whole.body);
  assert.deepEqual(await start(2), [2, "llo"]);
  assert.deepEqual(await start(2, whole.validators.etag), [2, "llo"]);
  assert.deepEqual(await start(2, '"other"'), [0, "hello"]);
  assert.deepEqual(await start(5), [0, "hello"]);
});

test("a file that shrinks while it is read fails at its reader", async () => {
  await writeFile(join(base, "shrinks"), Buffer.alloc(1_000_000));
  const reply = await open().fetch({ from: "shrinks" });
  await truncate(join(base, "shrinks"), 10);
  await assert.rejects(textOf(reply), { code: "upstream_unreachable", message: /changed/ });
});

test("an aborted signal ends the reading", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  const reply = await open().fetch({ from: "within", signal: stop.signal });
  stop.abort(reason);
  // Time for an error that nobody listens to.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(textOf(reply), reason);
  await assert.rejects(open().fetch({ from: "within", signal: stop.signal }), reason);
});

test("a folder that is not there is unreachable, and what is no file URL is refused", async () => {
  const transport = fileTransport({ url: "file:///nonexistent/folder" });
  await assert.rejects(transport.fetch({ from: "x" }), { code: "upstream_unreachable" });
  for (const url of ["file://host/x", "/srv/x", "http://a/", "file:///a?b", "file:///a%2fb"])
    assert.throws(() => fileTransport({ url }), { code: "config_invalid" }, url);
});

test("a base with an empty query or fragment is none", () => {
  for (const url of ["file:///srv/x/?", "file:///srv/x/#"])
    assert.throws(() => fileTransport({ url }), { code: "config_invalid" }, url);
});
