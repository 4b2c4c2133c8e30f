import { createHash } from "node:crypto";
import { fromBase32, lookalikes, toBase32 } from "../base/base32.ts";
import { SluiceError } from "../base/errors.ts";
import type { HeldChannel, Receipt } from "./receipt.ts";

// A receipt may be mailed, quoted, read aloud, typed or scanned: short lines, case and blanks do not count, and each line ends with two letters that tell a slip.

const HEAD = "sluice receipt 1";
const END = "end";
/** Letters of the signature in a line. */
const WIDE = 50;

/** What is signed. */
export function receiptBytes(receipt: Receipt): Buffer {
  return Buffer.from(receiptLines(receipt).join("\n"));
}

/** The text of a receipt with its signature. */
export function writeReceipt(receipt: Receipt, signature: Uint8Array): string {
  const signed = (toBase32(signature).match(new RegExp(`.{1,${WIDE}}`, "g")) ?? []).map(
    (part) => `sig ${part}`,
  );
  const lines = [...receiptLines(receipt), ...signed];
  return [...lines.map((line) => `${spaced(line)} :${check(line)}`), END, ""].join("\n");
}

/** The same for a code that is scanned: letters that such codes hold well, in one line. */
export function scannable(text: string): string {
  return text.trim().toUpperCase().replaceAll("\n", "/");
}

/** Reads what writeReceipt wrote, whatever stands around it. Throws receipt_invalid, naming the line. The signature is not looked at. */
export function readReceipt(text: string): { receipt: Receipt; signature: Uint8Array } {
  const draft: Draft = { channels: [], missing: [], signature: "", bundle: 0 };
  for (const { line, shown } of linesOf(text)) take(draft, line, shown);
  const { site, key = site, sender, at, channels, bundle, missing } = draft;
  const signature = fromBase32(draft.signature);
  if (site === undefined || key === undefined || sender === undefined || at === undefined)
    throw invalid("A line of the receipt is missing: `of`, `from` or `at`.");
  if (signature === undefined || signature.length === 0) throw invalid("The receipt has no signature.");
  return { receipt: { site, key, sender, at, channels, bundle, missing }, signature };
}

interface Draft {
  site?: string;
  key?: string;
  sender?: string;
  at?: string;
  channels: HeldChannel[];
  bundle: number;
  missing: string[];
  signature: string;
}

function receiptLines({ site, key, sender, at, channels, bundle, missing }: Receipt): string[] {
  return [
    HEAD,
    `of ${site}`,
    ...(key === site ? [] : [`key ${key}`]),
    `from ${sender}`,
    `at ${at}`,
    ...channels.flatMap(({ name, version, digits, only }) => [
      `channel ${name} ${version} ${digits}`,
      ...(only ?? []).map((mirror) => `only ${mirror}`),
    ]),
    ...(bundle === 0 ? [] : [`bundles ${bundle}`]),
    ...missing.map((range) => `missing ${range}`),
  ].map((line) => line.toLowerCase());
}

// Long words in groups, as they are read and typed.
function spaced(line: string): string {
  return line.replace(/^(of|key|from|sig) (\w+)$/, (_, word: string, rest: string) => {
    const groups = rest.match(word === "sig" ? /.{1,5}/g : /.{1,4}/g) ?? [];
    return `${word} ${groups.join(" ")}`;
  });
}

function joined(line: string): string {
  return line.replace(
    /^(of|key|from|sig) (.+)$/,
    (_, word: string, rest: string) => `${word} ${lookalikes(rest.replaceAll(" ", ""))}`,
  );
}

function check(line: string): string {
  return toBase32(createHash("sha256").update(line).digest()).slice(0, 2);
}

function* linesOf(text: string): Generator<{ line: string; shown: string }> {
  const lines = text.split(/[\n/]/).map((line) =>
    line
      .replace(/^[\s>|]+/, "")
      .replaceAll(/\s+/g, " ")
      .trim(),
  );
  const first = lines.findIndex((line) => line.toLowerCase().startsWith("sluice receipt "));
  if (first < 0) throw invalid("There is no receipt in it: it begins with `sluice receipt`.");
  const last = lines.findIndex((line, at) => at > first && line.toLowerCase() === END);
  if (last < 0) throw invalid("The end of the receipt is missing: its last line is `end`.");
  for (const shown of lines.slice(first, last)) {
    if (shown === "") continue;
    const [, body = "", letters = ""] = /^(.*?) ?: ?(\S{2})$/.exec(shown.toLowerCase()) ?? [];
    const line = joined(body);
    if (check(line) !== lookalikes(letters))
      throw invalid(`The line '${shown.slice(0, 80)}' of the receipt was mistyped or altered.`);
    yield { line, shown };
  }
}

const FORMS = {
  of: /^([0-9a-f]{40})$/,
  key: /^([0-9a-f]{40})$/,
  from: /^([0-9a-f]{40})$/,
  at: /^(\d{4}-\d\d-\d\dt\d\d:\d\d:\d\dz)$/,
  channel: /^([a-z0-9][a-z0-9._-]*) ([1-9]\d{0,14}) ([0-9a-f]{8})$/,
  only: /^([a-z0-9][a-z0-9._-]*)$/,
  bundles: /^([1-9]\d{0,5})$/,
  missing: /^([1-9]\d{0,5}(?:-[1-9]\d{0,5})?)$/,
  sig: /^([0-9a-z]+)$/,
} as const;

function take(draft: Draft, line: string, shown: string): void {
  if (line === HEAD) return;
  const [word = "", ...words] = line.split(" ");
  const form = Object.hasOwn(FORMS, word) ? FORMS[word as keyof typeof FORMS] : undefined;
  const [, value = "", version = "", digits = ""] = form?.exec(words.join(" ")) ?? [];
  if (value === "")
    throw invalid(`The line '${shown.slice(0, 80)}' of the receipt says nothing that this version knows.`);
  if (word === "of") draft.site = value.toUpperCase();
  if (word === "key") draft.key = value.toUpperCase();
  if (word === "from") draft.sender = value.toUpperCase();
  if (word === "at") draft.at = value.toUpperCase();
  if (word === "channel") draft.channels.push({ name: value, version: Number(version), digits });
  if (word === "bundles") draft.bundle = Number(value);
  if (word === "missing") draft.missing.push(value);
  if (word === "sig") draft.signature += value;
  if (word === "only") only(draft, value);
}

function only({ channels }: Draft, mirror: string): void {
  const channel = channels.pop();
  if (channel === undefined) throw invalid("The receipt names a mirror before any channel.");
  channels.push({ ...channel, only: [...(channel.only ?? []), mirror] });
}

function invalid(sentence: string): SluiceError {
  return new SluiceError("receipt_invalid", `${sentence} Copy or type it again.`);
}
