import assert from "node:assert/strict";
import { test } from "node:test";
import type { Claim } from "../ecosystems/contract.ts";
import { judgeSigners } from "../snapshot/judge.ts";
import type { Signer, Trust } from "../trust/contract.ts";
import { admit, type Admission } from "./admit.ts";

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const keys: Trust = { kind: "keys", files: [], pinned: [], allowWeak: [] };
const signer = (change: Partial<Signer> = {}): Signer => ({
  fingerprint: "A".repeat(40),
  userId: "vendor",
  signedAt: NOW - 3 * DAY,
  weak: [],
  ...change,
});
const claim = (change: Partial<Claim> = {}): Claim => ({
  root: "dists/x",
  signers: [signer()],
  date: NOW - 3 * DAY,
  names: [],
  weak: [],
  ...change,
});
const admission = (change: Partial<Admission> = {}): Admission => ({
  trust: keys,
  previous: [],
  now: NOW,
  allowExpired: false,
  allowOlder: false,
  allowRename: false,
  ...change,
});

test("fresh metadata by a living key is admitted", () => {
  admit(claim(), admission());
  admit(claim({ date: undefined }), admission());
});

test("a key that has expired since, or was revoked, no longer vouches; one good signer is enough", () => {
  assert.throws(() => admit(claim({ signers: [signer({ expires: NOW - 1 })] }), admission()), {
    code: "key_expired",
  });
  assert.throws(() => admit(claim({ signers: [signer({ revoked: NOW - 1 })] }), admission()), {
    code: "key_revoked",
  });
  assert.throws(() => admit(claim({ signers: [] }), admission()), { code: "signature_missing" });
  admit(claim({ signers: [signer({ expires: NOW - 1 }), signer()] }), admission());
});

test("the same root going back, or losing its date, is refused by name; another root does not matter", () => {
  const previous = [claim({ date: NOW - 2 * DAY })];
  assert.throws(() => admit(claim(), admission({ previous })), { code: "root_older" });
  assert.throws(() => admit(claim({ date: undefined }), admission({ previous })), { code: "root_older" });
  admit(claim(), admission({ previous, allowOlder: true }));
  admit(claim({ root: "dists/y" }), admission({ previous }));
  admit(claim({ date: NOW - 2 * DAY }), admission({ previous }));
});

test("a root that calls itself by other names is held, and told of in full, until that is confirmed", () => {
  const before = { names: ["stable", "trixie"] };
  const previous = [claim(before)];
  const renaming = "Clients will ask.";
  admit(claim(before), admission({ previous }));
  for (const names of [
    ["oldstable", "trixie"],
    ["trixie", "stable"],
    ["stable"],
    [],
    ["stable", "trixie", "x"],
  ]) {
    const now = claim({ names });
    assert.throws(() => admit(now, admission({ previous, renaming })), {
      code: "root_renamed",
      hint: renaming,
    });
    admit(now, admission({ previous, allowRename: true }));
    admit({ ...now, root: "dists/y" }, admission({ previous }));
  }
  assert.throws(() => admit(claim({ names: ["oldstable"] }), admission({ previous })), {
    code: "root_renamed",
    hint: undefined,
    message:
      /^dists\/x now calls itself 'oldstable', but 'stable', 'trixie' in the last snapshot: .*--allow-rename/,
  });
  assert.throws(() => admit(claim(before), admission({ previous: [claim({ names: [] })] })), {
    message: /calls itself 'stable', 'trixie', but no name in the last/,
  });
});

test("expiry is asked now by sync; a snapshot is judged at the time it was accepted", () => {
  assert.throws(() => admit(claim({ validUntil: NOW - 1 }), admission()), { code: "root_expired" });
  admit(claim({ validUntil: NOW - 1 }), admission({ allowExpired: true }));
  const old = claim({ signers: [signer({ expires: NOW - DAY })] });
  judgeSigners(old, keys, NOW - 2 * DAY, false);
  assert.throws(() => judgeSigners(old, keys, NOW, false), { code: "key_expired" });
});

test("a revocation that is known today counts against an old snapshot if the key was bad then", () => {
  const at = NOW - 2 * DAY;
  assert.throws(() => judgeSigners(claim({ signers: [signer({ revoked: 0 })] }), keys, at, false), {
    code: "key_revoked",
  });
  assert.throws(() => judgeSigners(claim({ signers: [signer({ revoked: at - 1 })] }), keys, at, false), {
    code: "key_revoked",
  });
  judgeSigners(claim({ signers: [signer({ revoked: NOW })] }), keys, at, false);
});

test("a number that went up must not go down, whatever the date says", () => {
  const previous = [claim({ serial: 7 })];
  admit(claim({ serial: 7 }), admission({ previous }));
  admit(claim({ serial: 8 }), admission({ previous }));
  admit(claim({ serial: 8 }), admission({ previous: [claim()] }));
  for (const serial of [6, 0, undefined]) {
    assert.throws(() => admit(claim({ serial }), admission({ previous })), { code: "root_older" });
    admit(claim({ serial }), admission({ previous, allowOlder: true }));
  }
});

test("where packages alone vouch, metadata need no signer", () => {
  const bare = claim({ signers: [] });
  assert.throws(() => admit(bare, admission()), { code: "signature_missing" });
  admit(bare, admission({ trust: { ...keys, scope: "packages" } }));
});
