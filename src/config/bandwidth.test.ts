import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SluiceError } from "../base/errors.ts";
import { parseDays, parseRate, parseTime } from "./bandwidth.ts";
import { parseConfig } from "./parse.ts";
import { toy } from "./toy.test-helper.ts";

const parse = (text: string) => parseConfig(text, "/etc/sluice/sluice.yaml", [toy]);
const mirror = (line: string): string =>
  `mirrors: { m: { ecosystem: toy, upstream: "https://deb.example.org", suites: [x], keyring: k.gpg, ${line} } }`;

test("rates, times and days are read, and nothing else is", () => {
  for (const [text, rate] of [
    ["20MB/s", 20_000_000],
    ["800 kB/s", 800_000],
    ["1.5MiB/s", 1_572_864],
    ["100Mbit/s", 12_500_000],
    ["unlimited", Infinity],
  ] as const)
    assert.equal(parseRate(text), rate, text);
  for (const text of ["20", "20MB", "20Mb/s", "20mb/s", "-1MB/s", "1e6B/s", "MB/s", "1constructor/s", ""])
    assert.equal(parseRate(text), undefined, text);
  for (const [text, minutes] of [
    ["08:00", 480],
    ["8:05", 485],
    ["24:00", 1440],
    ["24:01", undefined],
    ["7:60", undefined],
    ["8", undefined],
    ["", undefined],
  ] as const)
    assert.equal(parseTime(text), minutes, text);
  for (const [text, days] of [
    ["sun", [0]],
    ["Mon-Fri", [1, 2, 3, 4, 5]],
    ["fri-mon", [5, 6, 0, 1]],
    ["sat-sat", [6]],
    ["monday", undefined],
    ["mon-", undefined],
    ["mon-tue-wed", undefined],
  ] as const)
    assert.deepEqual(parseDays(text), days, text);
});

test("a site and its mirrors have a bandwidth, as a rate or as windows", () => {
  const config = parse(
    `bandwidth: 20MB/s\n${mirror('bandwidth: [{ from: "08:00", to: "18:00", days: [mon-wed, tue, fri], rate: 2MB/s }, { rate: unlimited }]')}`,
  );
  assert.deepEqual(config.network.bandwidth, [{ days: [], from: 0, to: 1440, rate: 20_000_000 }]);
  assert.deepEqual(config.mirrors[0]?.network.bandwidth, [
    { days: [1, 2, 3, 5], from: 480, to: 1080, rate: 2_000_000 },
    { days: [], from: 0, to: 1440, rate: Infinity },
  ]);
  assert.deepEqual(parse("bandwidth: unlimited").network.bandwidth, []);
  assert.deepEqual(parse("").network.bandwidth, []);
});

for (const [text, fault] of [
  ["20KB/s", /:1:12: bandwidth must be .*, not '20KB\/s'\./],
  ["20", /:1:12: bandwidth must be a rate with its unit/],
  [
    "20Mb/s",
    /:1:12: bandwidth must be a rate with its unit, such as 20MB\/s, 800kB\/s or 100Mbit\/s, or unlimited, not '20Mb\/s'\./,
  ],
  ["999B/s", /:1:12: bandwidth must be at least 1kB\/s/],
  ["[]", /:1:12: bandwidth must not be empty/],
  ['[{ from: "8" , rate: 1MB/s }]', /bandwidth\[0\]\.from must be a time of the day/],
  ["[{ days: [someday], rate: 1MB/s }]", /bandwidth\[0\]\.days\[0\] must be a day or days/],
  ['[{ from: "08:00" }]', /bandwidth\[0\]\.rate is missing/],
  ['[{ from: "08:00", to: "08:00", rate: 1MB/s }]', /bandwidth\[0\] is empty/],
  ["[{ rate: 1MB/s }, { days: [sun], rate: 2MB/s }]", /bandwidth\[0\] holds at all times/],
  ["[{ rate: 1MB/s, until: 9 }]", /bandwidth\[0\]\.until is not a key that is known here/],
] as const)
  test(`bandwidth: ${text} is refused at its place`, () => {
    assert.throws(
      () => parse(`bandwidth: ${text}`),
      (error) => {
        assert.ok(error instanceof SluiceError);
        assert.equal(error.code, "config_invalid");
        assert.match(error.message, fault);
        return true;
      },
    );
  });

test("connections per host are bounded by default, and a mirror that asks for more is told", () => {
  assert.equal(parse("").network.connectionsPerHost, 8);
  assert.deepEqual(parse(mirror("connections: 8")).warnings, []);
  const { warnings } = parse(`connections-per-host: 4\n${mirror("connections: 6")}`);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /mirrors\.m\.connections asks for 6, but `connections-per-host` is 4/);
});

test("a contact is a URL or a mail address that can stand in a header", () => {
  for (const contact of ["https://example.org/mirrors?a=b", "ops@example.org", "mailto:ops@example.org"])
    assert.equal(parse(`contact: ${contact}`).network.contact, contact);
  for (const contact of ["ops", "a(b)@example.org", "a b@example.org", '"a\\r\\nb@example.org"', "ftp://a"])
    assert.throws(() => parse(`contact: ${contact}`), { code: "config_invalid" }, contact);
});

test("every minute of the day, and no other, is a time", () => {
  for (let minute = 0; minute <= 1440; minute++) {
    const [hours, minutes] = [Math.floor(minute / 60), String(minute % 60).padStart(2, "0")];
    assert.equal(parseTime(`${hours}:${minutes}`), minute);
    assert.equal(parseTime(`${String(hours).padStart(2, "0")}:${minutes}`), minute);
  }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789:- ".split("")), maxLength: 6 }), (text) => {
      const read = parseTime(text);
      assert.ok(read === undefined || (/^\d{1,2}:\d\d$/.test(text) && read <= 1440), text);
    }),
  );
});
