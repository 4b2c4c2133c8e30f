import { suite, test } from "node:test";
import { deepEqual, match, ok } from "node:assert/strict";
import { breaches } from "./order-check.ts";
import { DURABLE_AT_END, RULES } from "./order-rules.ts";
import { parseStrace } from "./strace-log.ts";

const BLOB = `blobs/sha256/e9/${"0".repeat(62)}`;
const BAD = `e9${"0".repeat(62)}`;
const PART = `tmp/partial/${"a".repeat(64)}`;
const ID = "20261121T040000Z";
const RECORD = `refs/snapshots/m/${ID}`;

/** `D` stands for the data folder. */
const inData = (text: string): string => text.replaceAll("D/", "/data/").replaceAll("<D>", "</data>");
/** Lines as strace writes them. */
const log = (text: string): readonly string[] =>
  text
    .trim()
    .split("\n")
    .map((one) => `7 ${inData(one)}`);
const sync = (path: string): string => `fsync(9<D/${path}>) = 0`;

/** A sync and its publication, from the first call to the last. */
const SYNC = log(`
mkdir("D/blobs", 0755) = 0
mkdir("D/blobs/sha256", 0755) = 0
mkdir("D/tmp", 0755) = 0
${sync("blobs")}
fsync(9<D>) = 0
openat(AT_FDCWD</>, "D/tmp/opening-1", O_WRONLY|O_CREAT|O_EXCL, 0644) = 9<D/tmp/opening-1>
${sync("tmp/opening-1")}
rename("D/tmp/opening-1", "D/tmp/session-0a.db") = 0
${sync("tmp")}
rename("D/${PART}", "D/${PART}.0a") = 0
openat(AT_FDCWD</>, "D/tmp/new-1", O_WRONLY|O_CREAT|O_EXCL, 0644) = 9<D/tmp/new-1>
write(9<D/tmp/new-1>, ""..., 66) = 66
mkdir("D/blobs/sha256/e9", 0755) = 0
rename("D/tmp/new-1", "D/${BLOB}") = 0
syncfs(3<D>) = 0
mkdir("D/identity", 0755) = 0
openat(AT_FDCWD</>, "D/identity/private.asc.tmp", O_WRONLY|O_CREAT|O_EXCL, 0600) = 9<D/identity/private.asc.tmp>
write(9<D/identity/private.asc.tmp>, ""..., 517) = 517
${sync("identity/private.asc.tmp")}
link("D/identity/private.asc.tmp", "D/identity/private.asc") = 0
${sync("identity")}
fsync(9<D>) = 0
unlink("D/identity/private.asc.tmp") = 0
mkdir("D/${RECORD}", 0755) = 0
openat(AT_FDCWD</>, "D/tmp/ref-1", O_WRONLY|O_CREAT|O_EXCL, 0644) = 9<D/tmp/ref-1>
write(9<D/tmp/ref-1>, ""..., 2000) = 2000
${sync("tmp/ref-1")}
link("D/tmp/ref-1", "D/${RECORD}/1.json") = 0
unlink("D/tmp/ref-1") = 0
${sync(RECORD)}
${sync("refs/snapshots/m")}
openat(AT_FDCWD</>, "D/tmp/ref-2", O_WRONLY|O_CREAT|O_EXCL, 0644) = 9<D/tmp/ref-2>
write(9<D/tmp/ref-2>, ""..., 600) = 600
${sync("tmp/ref-2")}
link("D/tmp/ref-2", "D/refs/channels/latest/2.json") = 0
${sync("refs/channels/latest")}
unlink("D/tmp/session-0a.db") = 0
mkdir("D/tmp/tree-1", 0755) = 0
openat(AT_FDCWD</>, "D/tmp/tree-1/Release", O_WRONLY|O_CREAT|O_EXCL, 0644) = 9<D/tmp/tree-1/Release>
write(9<D/tmp/tree-1/Release>, ""..., 100) = 100
link("D/${BLOB}", "D/tmp/tree-1/index") = 0
syncfs(3<D>) = 0
rename("D/tmp/tree-1", "D/trees/m/${ID}") = 0
${sync("trees/m")}
link("D/${BLOB}", "D/tmp/link-1") = 0
mkdir("D/trees/m/.grace/latest", 0755) = 0
rename("D/tmp/link-1", "D/trees/m/.grace/latest/old") = 0
syncfs(3<D>) = 0
mkdir("D/trees/.channels/latest.2", 0755) = 0
symlink("../../m/${ID}", "D/trees/.channels/latest.2/m") = 0
${sync("trees/.channels/latest.2")}
${sync("trees/.channels")}
symlink("latest.2", "D/tmp/link-2") = 0
rename("D/tmp/link-2", "D/trees/.channels/latest") = 0
${sync("trees/.channels")}
exit_group(0) = ?`);

/** A bad blob goes to quarantine, and out of the tree. */
const VERIFY = log(`
rename("D/${BLOB}", "D/quarantine/${BAD}") = 0
${sync("quarantine")}
unlink("D/trees/m/${ID}/index") = 0`);

/** A snapshot is given up, and its blob deleted. */
const GC = log(`
openat(AT_FDCWD</>, "D/tmp/ref-1", O_WRONLY|O_CREAT|O_EXCL, 0644) = 9<D/tmp/ref-1>
write(9<D/tmp/ref-1>, ""..., 2000) = 2000
${sync("tmp/ref-1")}
link("D/tmp/ref-1", "D/${RECORD}/2.json") = 0
${sync(RECORD)}
unlink("D/${BLOB}") = 0
rename("D/trees/m/${ID}", "D/tmp/gone-1") = 0`);

type Edit = (lines: readonly string[]) => readonly string[];

/** The first line that has the text. */
function at(lines: readonly string[], part: string): number {
  const found = lines.findIndex((one) => one.includes(inData(part)));
  ok(found >= 0, `no line has ${part}`);
  return found;
}

const without =
  (part: string): Edit =>
  (lines) =>
    lines.toSpliced(at(lines, part), 1);
const added =
  (text: string, part: string): Edit =>
  (lines) =>
    lines.toSpliced(at(lines, part), 0, ...log(text));
/** Without the line ahead of it. */
const withoutAhead =
  (part: string): Edit =>
  (lines) =>
    lines.toSpliced(at(lines, part) - 1, 1);
/** Takes one line up, in front of another. */
const earlier =
  (part: string, other: string): Edit =>
  (lines) =>
    without(part)(lines).toSpliced(at(lines, other), 0, lines[at(lines, part)] ?? "");
const changed =
  (part: string, from: string, to: string): Edit =>
  (lines) =>
    lines.map((one, nth) => (nth === at(lines, part) ? one.replace(inData(from), inData(to)) : one));

const BARRIER = "syncfs(3<D>)";
const END = "exit_group";
const TO_BLOB = `"D/${BLOB}") = 0`;
const TO_TREE = `"D/trees/m/${ID}") = 0`;
const TO_LINK = '"D/trees/.channels/latest") = 0';

/** For each rule, logs that break it. */
const DOCTORED: Readonly<Record<string, readonly (readonly [log: readonly string[], edit: Edit])[]>> = {
  "blob named by rename": [
    [SYNC, changed(TO_BLOB, "rename(", "link(")],
    [SYNC, changed(TO_BLOB, "D/tmp/new-1", "D/quarantine/new-1")],
    [SYNC, added(`openat(AT_FDCWD</>, "D/${BLOB}", O_WRONLY|O_CREAT, 0644) = 9<D/${BLOB}>`, BARRIER)],
  ],
  "named files never written": [
    [SYNC, added(`write(9<D/${BLOB}>, ""..., 66) = 66`, BARRIER)],
    [SYNC, added(`ftruncate(9<D/trees/m/${ID}/Release>, 0) = 0`, END)],
    [SYNC, added(`openat(AT_FDCWD</>, "D/${RECORD}/1.json", O_WRONLY|O_TRUNC) = 9<D/x>`, END)],
  ],
  "marker first": [
    [SYNC, without('"D/tmp/session-0a.db") = 0')],
    [SYNC, without("fsync(9<D/tmp>)")],
    [SYNC, earlier(`"D/${PART}.0a"`, "fsync(9<D/tmp>)")],
    // The folder tmp/ itself is not durable.
    [SYNC, without("fsync(9<D>)")],
  ],
  "marker last": [[SYNC, earlier('unlink("D/tmp/session', BARRIER)]],
  "record after blobs": [
    [SYNC, without(BARRIER)],
    [SYNC, earlier(BARRIER, TO_BLOB)],
  ],
  "record after key": [
    [SYNC, without("fsync(9<D/identity>)")],
    [SYNC, without("fsync(9<D/identity/private.asc.tmp>)")],
    [SYNC, (lines) => lines.filter((one, nth) => nth < 6 || !one.includes("fsync(9</data>)"))],
  ],
  "record whole": [
    [SYNC, without("fsync(9<D/tmp/ref-1>)")],
    [SYNC, earlier("fsync(9<D/tmp/ref-2>)", "write(9<D/tmp/ref-2>")],
  ],
  "record exclusive": [
    [SYNC, changed('link("D/tmp/ref-1"', "link(", "rename(")],
    [SYNC, added('openat(AT_FDCWD</>, "D/refs/channels/a/1.json", O_WRONLY|O_CREAT) = 9<D/x>', END)],
  ],
  "record for ever": [
    [SYNC, added('unlink("D/refs/channels/latest/1.json") = 0', END)],
    [GC, added(`rename("D/${RECORD}/1.json", "D/tmp/gone-2") = 0`, "unlink")],
  ],
  "channel after snapshot": [
    [SYNC, without(`fsync(9<D/${RECORD}>)`)],
    [SYNC, without("fsync(9<D/refs/snapshots/m>)")],
  ],
  "trees after records": [
    [SYNC, earlier(TO_TREE, "fsync(9<D/refs/channels/latest>)")],
    [SYNC, earlier(TO_TREE, `fsync(9<D/${RECORD}>)`)],
  ],
  "tree in one step": [
    [SYNC, changed(TO_TREE, "D/tmp/tree-1", "D/trees/m/new")],
    [SYNC, added(`link("D/${BLOB}", "D/trees/m/${ID}/more") = 0`, END)],
  ],
  "tree durable": [
    [SYNC, withoutAhead(TO_TREE)],
    [SYNC, added(`link("D/${BLOB}", "D/tmp/tree-1/more") = 0`, TO_TREE)],
    [SYNC, added('write(9<D/tmp/tree-1/Release>, ""..., 1) = 1', TO_TREE)],
  ],
  "tree before link": [
    [SYNC, withoutAhead('mkdir("D/trees/.channels/latest.2"')],
    [SYNC, without("fsync(9<D/trees/.channels/latest.2>)")],
    [SYNC, (lines) => [...without(TO_TREE)(lines), ...log(`rename("D/tmp/tree-1", "D/trees/m/${ID}") = 0`)]],
  ],
  "link in one step": [
    [SYNC, added('unlink("D/trees/.channels/latest") = 0', TO_LINK)],
    [SYNC, added('symlink("latest.2", "D/trees/.channels/latest") = 0', TO_LINK)],
  ],
  "grace before link": [[SYNC, earlier(TO_LINK, '"D/trees/m/.grace/latest/old") = 0')]],
  "deletes after records": [
    [GC, without(`fsync(9<D/${RECORD}>)`)],
    [GC, earlier("unlink", `fsync(9<D/${RECORD}>)`)],
    [GC, earlier('"D/tmp/gone-1"', `fsync(9<D/${RECORD}>)`)],
  ],
  "deletes in gc alone": [
    [VERIFY, added(`unlink("D/${BLOB}") = 0`, "unlink")],
    [VERIFY, changed("rename", "D/quarantine", "D/tmp")],
  ],
  "quarantine before trees": [[VERIFY, earlier("unlink", "rename")]],
  "durable at the end": [
    [SYNC, (lines) => lines.toSpliced(lines.length - 2, 1)],
    [VERIFY, without("fsync")],
  ],
};

function broken(lines: readonly string[]): string[] {
  return breaches(
    parseStrace(lines.join("\n")),
    "/data",
    lines.some((one) => one.includes("gone-1")),
  ).map(({ rule }) => rule);
}

suite("the rules for the order of writes", () => {
  test("let a sound log of each kind pass", () => {
    for (const lines of [SYNC, VERIFY, GC]) deepEqual(broken(lines), []);
  });

  for (const [rule, doctored] of Object.entries(DOCTORED))
    test(`${rule}: bites`, () => {
      for (const [nth, [lines, edit]] of doctored.entries()) {
        const found = broken(edit(lines));
        ok(found.includes(rule), `log ${nth + 1} breaks only ${found.join(", ") || "nothing"}`);
      }
    });

  test("are each broken by a log, and are said in a sentence", () => {
    const all = [...RULES, DURABLE_AT_END];
    deepEqual(all.map(({ name }) => name).toSorted(), Object.keys(DOCTORED).toSorted());
    for (const { sentence } of all) match(sentence, /^[A-Z].*\.$/);
  });

  test("count what a sync covers by what had ended when it began", () => {
    const cut = SYNC.join("\n").replace(
      /7 rename\("\/data\/tmp\/new-1", ("[^"]*")\) = 0\n7 syncfs\(3<\/data>\) = 0/,
      '8 syncfs(3</data> <unfinished ...>\n7 rename("/data/tmp/new-1", $1) = 0\n8 <... syncfs resumed>) = 0',
    );
    deepEqual([...new Set(broken(cut.split("\n")))], ["record after blobs", "marker last"]);
  });
});
