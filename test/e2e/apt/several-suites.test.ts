import { after, before, suite, test } from "node:test";
import { deepEqual, equal, match } from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { aptSource, clean } from "../../clients/apt.ts";
import type { AptClient } from "../../clients/apt.ts";
import type { Served, SluiceSite } from "../../clients/sluice.ts";
import { needs } from "../../needs.ts";
import { addKinds } from "../../upstreams/apt-kinds.ts";
import { generations, withEachApt } from "./generations.ts";
import { mirrorOf, openLab, skipApt } from "./lab.ts";
import type { Lab } from "./lab.ts";

const APTS = await generations("desktop");
const skip = skipApt || needs("dpkg-source");
const SUITES = ["trixie", "trixie-updates", "trixie-backports"];
const PACKAGES = [
  { name: "base", version: "1:1.0-1", suites: ["trixie"] },
  { name: "base", version: "1:1.0-2", suites: ["trixie-updates"] },
  { name: "tool", version: "2.0-1", depends: "base (>= 1:1.0-2)", suites: ["trixie"] },
  { name: "tool", version: "3.0-1", depends: "base (>= 1:1.0-2)", suites: ["trixie-backports"] },
  { name: "more", version: "1", suites: ["trixie"] },
  { name: "other", version: "1", suites: ["trixie"] },
  { name: "chess", version: "1", section: "games", suites: ["trixie"] },
  { name: "chess", version: "2", section: "games", suites: ["trixie-updates"] },
  { name: "chess", version: "3", section: "games", suites: ["trixie-backports"] },
];
/** Mirrors that leave `chess` out: of one the pins name what is gone, of the other what is kept. */
const SPARSE = {
  "most-of-it": { mode: "sparse", skip: { sections: ["games"] } },
  "little-of-it": { mode: "sparse", only: { packages: ["tool", "base"] } },
};

/** As Debian names them; of backports, nothing comes by itself. */
function fields(name: string): Record<string, string> {
  const backports = { NotAutomatic: "yes", ButAutomaticUpgrades: "yes" };
  return {
    Origin: name === "trixie-backports" ? "Debian Backports" : "Debian",
    Label: name === "trixie-backports" ? "Debian Backports" : "Debian",
    Suite: name.replace("trixie", "stable"),
    Codename: name,
    ...(name === "trixie-backports" && backports),
  };
}

suite("several suites of one archive: their pins, and each form of a source", { skip }, () => {
  let lab: Lab;
  let site: SluiceSite;
  let served: Served;
  before(async () => {
    lab = await openLab();
    const folder = addKinds({
      packages: PACKAGES,
      contents: "debian",
      sources: [{ name: "tool", version: "3.0-1" }],
      udebs: [],
      installer: [],
      cache: await lab.cleanup.folder("kinds"),
    });
    const upstream = await lab.upstream({
      suites: SUITES,
      packages: PACKAGES,
      translations: ["en", "de", "fr"],
      fields,
      edit: { folder },
    });
    const server = await lab.server(upstream.root);
    site = await lab.site();
    const whole = mirrorOf(upstream, server.url, { sources: true, languages: ["en", "de"] });
    const sparse = Object.entries(SPARSE).map(([name, more]) => [name, { ...whole, ...more }]);
    const mirrors = { m: whole, ...Object.fromEntries(sparse) };
    await site.configure(mirrors);
    await site.ok("sync");
    served = lab.cleanup.use(await site.serve());
    await site.configure(mirrors, { url: served.url });
  });
  after(async () => await lab.cleanup.run());

  /** How hosts come to their source, by its name. */
  const FORMS: Record<string, (apt: AptClient) => Promise<void>> = {
    "one stanza of deb822": async (apt) => {
      const text = aptSource(`${served.url}/m/latest`, SUITES.join(" "), "main", lab.vendor.armoured);
      await apt.source(`${text.replace("Types: deb", "Types: deb deb-src")}Languages: de en\n`);
    },
    "lines in sources.list": async (apt) => {
      const options = `[arch=amd64 lang=de,en signed-by=${lab.vendor.armoured}]`;
      const base = `file://${site.data}/trees/m/latest`;
      const lines = ["deb", "deb-src"].flatMap((type) =>
        SUITES.map((name) => `${type} ${options} ${base} ${name} main\n`),
      );
      await writeFile(join(apt.root, "etc/apt/sources.list"), lines.join(""));
    },
    "the set-up's script": async (apt) => await site.setUpClient(apt, "m", "latest"),
    "the set-up's lines": async (apt) => {
      const [said] = await site.json<{ files: { format: string; path: string; content: string }[] }>(
        "client",
        "m",
      );
      await apt.write(said?.files.filter(({ format }) => format === "list" || format === "key") ?? []);
    },
  };

  /** A host of three languages, one of which is not in the mirror; it has updated without a word. */
  async function host(system: string | undefined, form: string): Promise<AptClient> {
    const apt = await lab.apt({ system, languages: ["fr", "de", "en"] });
    await FORMS[form]?.(apt);
    clean(await apt.update());
    return apt;
  }

  for (const form of Object.keys(FORMS))
    test(`by ${form}: what is newest, -t, sources, and two languages`, async (t) => {
      await withEachApt(t, APTS, async ({ system }) => {
        const apt = await host(system, form);
        equal(await apt.candidate("tool"), "2.0-1");
        clean(await apt.install("tool"));
        deepEqual(await apt.installed(), { base: "1:1.0-2", tool: "2.0-1" });
        clean(await apt.get("install", "-y", "-t", "stable-backports", "tool"));
        equal((await apt.installed())["tool"], "3.0-1");
        clean(await apt.upgrade());

        clean(await apt.get("source", "tool"));
        match(await readFile(join(apt.root, "tool-3.0/debian/rules"), "utf8"), /tool 3\.0-1$/m);
        match((await apt.program("apt-cache", "show", "base")).stdout, /^Description-de: /m);
        const lists = await readdir(join(apt.root, "var/lib/apt/lists"));
        const languages = lists.flatMap((name) => /Translation-(..)$/.exec(name)?.[1] ?? []);
        deepEqual(languages.toSorted(), [...SUITES.map(() => "de"), ...SUITES.map(() => "en")]);
      });
    });

  test("pins of the host's own, by release, origin and version", async (t) => {
    const pins: readonly (readonly [pin: string, priority: number, version: string])[] = [
      ["release o=Debian Backports", 990, "3.0-1"],
      ["release n=trixie-backports,c=main", 990, "3.0-1"],
      ["release a=stable-backports,l=Debian Backports,b=amd64", 990, "3.0-1"],
      ["release a=stable", -1, "3.0-1"],
      ["version 3.*", 990, "3.0-1"],
      ['origin "127.0.0.1"', 990, "3.0-1"],
      ["release o=Debian*", -1, "(none)"],
    ];
    await withEachApt(t, APTS, async ({ system }) => {
      const apt = await host(system, "one stanza of deb822");
      for (const [pin, priority, version] of pins) {
        const content = `Package: tool\nPin: ${pin}\nPin-Priority: ${priority}\n`;
        await apt.write([{ path: "/etc/apt/preferences.d/own.pref", content }]);
        equal(await apt.candidate("tool"), version, pin);
      }
      const content = "Package: *\nPin: release n=trixie-backports\nPin-Priority: 500\n";
      await apt.write([{ path: "/etc/apt/preferences.d/own.pref", content }]);
      clean(await apt.install("tool", "chess"));
      deepEqual(await apt.installed(), { base: "1:1.0-2", chess: "3", tool: "3.0-1" });
    });
  });

  for (const name of Object.keys(SPARSE))
    test(`a sparse mirror with ${name}: whatever -t and the host's own pins say, an upgrade goes past what is left out`, async (t) => {
      await withEachApt(t, APTS, async ({ system }) => {
        const apt = await host(system, "one stanza of deb822");
        clean(await apt.install("tool=2.0-1", "chess=1"));
        await apt.source("");
        await site.setUpClient(apt, name, "latest");
        clean(await apt.update());
        for (const release of ["trixie", "stable-updates", "trixie-backports"]) {
          // In a file that apt reads before, and one that it reads after Sluice's.
          for (const file of ["aa", "zz"]) {
            const content = `Package: *\nPin: release n=${release.replace("stable", "trixie")}\nPin-Priority: 900\n`;
            await apt.write([{ path: `/etc/apt/preferences.d/${file}.pref`, content }]);
          }
          equal(await apt.candidate("chess"), "(none)");
          match(
            (await apt.program("apt-cache", "policy", "-t", release, "chess")).stdout,
            /Candidate: \(none\)/,
          );
          clean(await apt.upgrade("-t", release));
          clean(await apt.get("dist-upgrade", "-y", "-t", release));
          equal((await apt.installed())["chess"], "1");
        }
        clean(await apt.get("install", "-y", "tool/trixie-backports"));
        deepEqual(await apt.installed(), { base: "1:1.0-2", chess: "1", tool: "3.0-1" });
      });
    });
});
