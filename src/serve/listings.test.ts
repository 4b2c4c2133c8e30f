import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../store/memory.ts";
import { PAGE_CSP, formatSize } from "./html.ts";
import { folderPage, homePage, mirrorPage } from "./listings.ts";
import { addSnapshot, point } from "./site.test-helper.ts";
import { View } from "./view.ts";

const ID = "20261101T000000Z";
const EVIL = `<img src=x onerror="alert('1')">&.deb`;

async function setUp() {
  const store = memoryStore();
  await addSnapshot(store, "debian", ID, { [`a/b:c/${EVIL}`]: { bytes: "1234" }, "a/x": { bytes: "" } });
  await point(store, "stable", { debian: ID }, Date.UTC(2026, 10, 5, 6, 7));
  return new View(store, { graceMs: 0, clock: () => 0, freshMs: 0, manifestBytes: 2 ** 20 });
}

const text = (parts: Iterable<string>) => [...parts].join("");
const hrefs = (html: string) => [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href);

test("a folder: links up the trail and to its names, nothing of a name is markup", async () => {
  const view = await setUp();
  const place = await view.place("debian", "stable");
  assert.ok(place !== undefined);
  const index = await view.manifest(place.snapshot);
  const outer = text(folderPage(place, "stable", "a", index.children("a")));
  assert.deepEqual(hrefs(outer), ["../../../", "../../", "../", "b%3Ac/", "x"]);
  const inner = text(folderPage(place, "stable", "a/b:c", index.children("a/b:c")));
  assert.deepEqual(hrefs(inner).slice(0, 4), ["../../../../", "../../../", "../../", "../"]);
  assert.equal(decodeURIComponent((hrefs(inner)[4] ?? "").replaceAll("&#39;", "'")), EVIL);
  assert.ok(!inner.includes("<img") && inner.includes("&#60;img"));
  assert.match(inner, /4 B/);
  assert.match(inner, /20261101T000000Z of 2026-11-01 00:00 UTC, <strong>not verified/);
});

test("the top lists mirrors, a mirror lists its channels and ids", async () => {
  const view = await setUp();
  const home = text(homePage(await view.mirrors()));
  assert.deepEqual(hrefs(home), ["debian/"]);
  assert.match(home, /verbatim.*not verified.*2026-11-01 00:00/s);
  const mirror = text(mirrorPage("debian", await view.channels("debian"), await view.snapshots("debian")));
  assert.deepEqual(hrefs(mirror), ["../", "stable/", `${ID}/`]);
  assert.match(mirror, /2026-11-05 06:07/);
});

test("an empty store says so", () => assert.match(text(homePage([])), /no snapshot yet/));

test("the policy allows the page's own style and no script", () => {
  assert.match(PAGE_CSP, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}';/);
  assert.ok(!PAGE_CSP.includes("unsafe") && !PAGE_CSP.includes("script-src"));
});

test("sizes for people", () => {
  const shown = [0, 1023, 1024, 10 * 1024, 1536 * 1024, 5 * 2 ** 40].map(formatSize);
  assert.deepEqual(shown, ["0 B", "1023 B", "1.0 KiB", "10 KiB", "1.5 MiB", "5.0 TiB"]);
});
