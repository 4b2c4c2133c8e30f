import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aptConf } from "./client-conf.ts";
import { replacedBy } from "./client-names.ts";
import { deb822Source, oneLineSource, stanzas } from "./client-source.ts";
import type { Survey, SurveyedSuite } from "./client-survey.ts";
import { acceptUntil } from "./client-validity.ts";

const DAY = 86_400_000;
const DATE = Date.parse("2026-11-21T04:00:00Z");

function suite(name: string, more: Partial<SurveyedSuite> = {}): SurveyedSuite {
  return {
    name,
    origin: "Debian",
    label: "Debian",
    suite: name.replace("trixie", "stable"),
    codename: name,
    date: DATE,
    validUntil: undefined,
    types: ["deb"],
    components: ["main"],
    lacks: { components: [], architectures: [] },
    languages: ["en"],
    absentTargets: [],
    ...more,
  };
}

const surveyOf = (...suites: SurveyedSuite[]): Survey => ({
  suites,
  left: [],
  holes: 0,
  keys: "KEY\n\nEND\n",
});
const REQUEST = {
  uri: "http://mirror.example.org/m/stable/",
  architectures: ["amd64", "arm64"],
  wishes: { fallback: [], exclude: false },
  acceptUntil: undefined,
};

describe("the source", () => {
  const found = surveyOf(
    suite("trixie", {
      types: ["deb", "deb-src"],
      components: ["main", "contrib"],
      absentTargets: ["DEP-11", "CNF"],
    }),
    suite("./", { components: [], languages: [] }),
  );

  test("in deb822, a flat suite without components", () => {
    assert.equal(
      deb822Source("m", stanzas(found, REQUEST), found.keys),
      [
        "# m",
        "Types: deb deb-src",
        "URIs: http://mirror.example.org/m/stable/",
        "Suites: trixie",
        "Components: main contrib",
        "Architectures: amd64 arm64",
        "Languages: en",
        "Targets-Remove: DEP-11 CNF",
        "Signed-By:",
        " KEY",
        " .",
        " END",
        "",
        "Types: deb",
        "URIs: http://mirror.example.org/m/stable/",
        "Suites: ./",
        "Architectures: amd64 arm64",
        "Languages: none",
        "Signed-By:",
        " KEY",
        " .",
        " END",
        "",
      ].join("\n"),
    );
  });

  test("in one line, the key by its path", () => {
    assert.equal(
      oneLineSource("m", stanzas(found, REQUEST), "/etc/apt/keyrings/sluice-m.asc"),
      [
        "# m",
        "deb [arch=amd64,arm64 lang=en target-=DEP-11,CNF signed-by=/etc/apt/keyrings/sluice-m.asc] http://mirror.example.org/m/stable/ trixie main contrib",
        "deb-src [arch=amd64,arm64 lang=en target-=DEP-11,CNF signed-by=/etc/apt/keyrings/sluice-m.asc] http://mirror.example.org/m/stable/ trixie main contrib",
        "deb [arch=amd64,arm64 lang=none signed-by=/etc/apt/keyrings/sluice-m.asc] http://mirror.example.org/m/stable/ ./",
        "",
      ].join("\n"),
    );
    const unsigned = { ...found, keys: undefined };
    assert.match(oneLineSource("m", stanzas(unsigned, REQUEST), undefined), /lang=none trusted=yes\] /);
  });

  test("names what is left out, component by component, or what is kept where that is less", () => {
    const part = { release: "o=Debian", priority: 500, versions: [] };
    const left = [
      { ...part, suite: "trixie", component: "main", gone: ["chess"], kept: undefined },
      { ...part, suite: "trixie", component: "contrib", gone: ["a", "b"], kept: ["tool"] },
    ];
    const found = { ...surveyOf(suite("trixie", { components: ["main", "contrib", "more"] })), left };
    const request = { ...REQUEST, wishes: { fallback: [], exclude: true } };
    const fields = stanzas(found, request).map(({ components, fields: { Exclude, Include } }) => [
      components,
      Exclude,
      Include,
    ]);
    assert.deepEqual(fields, [
      [["main"], ["chess"], undefined],
      [["contrib"], undefined, ["tool"]],
      [["more"], [], undefined],
    ]);
  });

  test("has nothing of a component of which no package is kept, but its sources", () => {
    const part = { suite: "trixie", release: "o=Debian", priority: 500, versions: [] };
    const left = [{ ...part, component: "contrib", gone: ["a", "b"], kept: [] }];
    const request = { ...REQUEST, wishes: { fallback: [], exclude: true } };
    const of = (...types: ("deb" | "deb-src")[]) =>
      stanzas(
        { ...surveyOf(suite("trixie", { types, components: ["main", "contrib"] })), left },
        request,
      ).map((stanza) => [stanza.types, stanza.components]);
    assert.deepEqual(of("deb"), [[["deb"], ["main"]]]);
    assert.deepEqual(of("deb", "deb-src"), [
      [["deb", "deb-src"], ["main"]],
      [["deb-src"], ["contrib"]],
    ]);
  });

  test("raises the end of metadata that has one, from its oldest date, in whole days", () => {
    const timed = suite("trixie-updates", { date: DATE - 2 * DAY, validUntil: DATE + DAY });
    const of = (until: number | undefined, ...suites: SurveyedSuite[]) =>
      stanzas(surveyOf(...suites), { ...REQUEST, acceptUntil: until }).map(
        ({ fields }) => fields["Valid-Until-Min"],
      );
    assert.deepEqual(of(DATE + 10 * DAY, suite("trixie"), timed), [[String(12 * 86_400)]]);
    assert.deepEqual(of(DATE + 10 * DAY - 1, timed), [[String(12 * 86_400)]]);
    assert.deepEqual(of(DATE + 10 * DAY, suite("trixie")), [[]]);
    assert.deepEqual(of(undefined, timed), [[]]);
    assert.deepEqual(of(DATE - 3 * DAY, timed), [[]]);
  });
});

test("until when metadata is accepted: not at all longer for `latest`, unless it is over or asked for", () => {
  const fresh = surveyOf(suite("trixie", { validUntil: DATE + 3 * DAY }));
  const over = surveyOf(suite("trixie", { validUntil: DATE - DAY }));
  const at = (channel: string, survey: Survey, more: { validForMs?: number; snapshot?: string } = {}) => {
    const context = { channel, now: DATE, wishes: { fallback: [], exclude: false, ...more } };
    const until = acceptUntil(context, survey);
    return until === undefined ? undefined : (until - DATE) / DAY;
  };
  assert.equal(at("latest", fresh), undefined);
  assert.equal(at("latest", over), 90);
  assert.equal(at("latest", fresh, { validForMs: 5 * DAY }), 5);
  assert.equal(at("stable", fresh), 90);
  assert.equal(at("stable", fresh, { snapshot: "20261121T040000Z" }), 3650);
  assert.equal(at("20261121T040000Z", fresh), 3650);
});

test("the configuration: snapshots by label, or by origin, with odd characters encoded", () => {
  const suites = [
    suite("a", { label: "Debian Backports" }),
    suite("b", { label: "Debian Backports" }),
    suite("c", { label: undefined, origin: "Vendor" }),
    suite("d", { label: 'x"; evil', origin: "a::b" }),
  ];
  assert.equal(
    aptConf("m", suites, { snapshots: "http://mirror.example.org/m/@SNAPSHOTID@/", refresh: undefined }),
    [
      "// m",
      'Acquire::Snapshots::URI::Override::Label::Debian%20Backports "http://mirror.example.org/m/@SNAPSHOTID@/";',
      'Acquire::Snapshots::URI::Override::Origin::Vendor "http://mirror.example.org/m/@SNAPSHOTID@/";',
      "",
    ].join("\n"),
  );
  assert.equal(aptConf("m", suites, { snapshots: undefined, refresh: undefined }), undefined);
});

test("entries for the same repository are known by these names and places", () => {
  const suites = [
    suite("trixie", {
      types: ["deb", "deb-src"],
      lacks: { components: ["contrib", "a,b"], architectures: ["i386", "arm64"] },
    }),
    suite("trixie-updates"),
    suite("./", { suite: undefined, codename: undefined }),
    suite("noble-updates", { suite: "noble-updates", codename: "noble", origin: "Ubuntu", label: "Ubuntu" }),
    suite("odd", { suite: "it's", codename: "$(x)", origin: "a'b" }),
  ];
  assert.deepEqual(
    replacedBy(suites, [
      "https://user@deb.example.org/debian/",
      "http://deb.example.org/debian",
      "http://a.example.org/'",
    ]),
    {
      suites: [
        "suite trixie deb,deb-src contrib i386,arm64",
        "suite stable deb,deb-src contrib i386,arm64",
        "suite trixie-updates deb - -",
        "suite stable-updates deb - -",
        "suite ./ deb - -",
        "suite / deb - -",
        "suite noble-updates deb - -",
        "suite odd deb - -",
      ],
      uris: ["deb.example.org/debian"],
      releases: ["Debian|Debian|trixie", "Debian|Debian|trixie-updates", "Ubuntu|Ubuntu|noble"],
    },
  );
});
