import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { decompress } from "../src/formats/compression.ts";
import { aptClient, aptSource } from "../test/clients/apt.ts";
import { must, plainEnv } from "../test/run.ts";
import { staticServer } from "../test/servers/static.ts";
import { Cleanup } from "../test/temp.ts";
import { makeKey } from "../test/toys/key.ts";
import { stanza } from "./archive/stanza.ts";
import { peakOf, type Peak } from "./peak.ts";

const SLUICE = join(import.meta.dirname, "../bin/sluice");
const LISTS = "/var/lib/apt/lists";
const DEBIAN_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg";
const INDEX_ONLY = { contents: false, dep11: false, cnf: false, languages: "none" };

interface Upstream {
  readonly url: string;
  readonly suite: string;
  readonly keyring: string;
}

/**
 * Peak resident memory of `sluice sync` and of `apt-get update` on the same archives: what this host's own apt has of Debian, a generated index of many
 * packages, and a whole mirror of many small packages.
 */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      packages: { type: "string", default: "200000" },
      whole: { type: "string", default: "63000" },
    },
  });
  const cleanup = new Cleanup();
  try {
    const debian = await hostsDebian(cleanup);
    if (debian !== undefined) {
      await measure(cleanup, "Debian's index, from this host's apt; no package kept", debian, {
        packages: ["-"],
      });
    }
    const packages = Number(values.packages);
    const generated = await generatedArchive(cleanup, packages, false);
    await measure(cleanup, `${packages} packages; every hundredth kept`, generated, {
      packages: ["*00-kept"],
    });
    const whole = Number(values.whole);
    if (whole > 0) {
      const all = await generatedArchive(cleanup, whole, true);
      await measure(cleanup, `${whole} packages; all kept`, all, undefined);
    }
  } finally {
    await cleanup.run();
  }
}

async function measure(
  cleanup: Cleanup,
  what: string,
  upstream: Upstream,
  only: { packages: string[] } | undefined,
): Promise<void> {
  const home = await cleanup.folder("bench");
  const mirror = {
    ecosystem: "apt",
    upstream: upstream.url,
    suites: [upstream.suite],
    components: ["main"],
    architectures: ["amd64"],
    keyring: upstream.keyring,
    ...INDEX_ONLY,
    ...(only && { mode: "sparse", only }),
  };
  const config = join(home, "sluice.yaml");
  await writeFile(config, JSON.stringify({ data: join(home, "data"), mirrors: { m: mirror } }));
  process.stdout.write(`${what}\n`);
  const sluice = (...verb: string[]): Promise<Peak> =>
    peakOf(SLUICE, ["--config", config, ...verb], plainEnv({ HOME: home }));
  report("sluice sync", await sluice("sync", "m"));
  report("sluice verify", await sluice("verify", "m"));
  const apt = cleanup.use(await aptClient());
  await apt.source(aptSource(upstream.url, upstream.suite, "main", upstream.keyring, ["Languages: none"]));
  const env = { ...process.env, APT_CONFIG: join(apt.root, "apt.conf") };
  report("apt-get update", await peakOf("apt-get", ["update"], env));
}

function report(name: string, { bytes, seconds }: Peak): void {
  const mib = (bytes / 2 ** 20).toFixed(0).padStart(5);
  process.stdout.write(`  ${name.padEnd(16)} ${mib} MiB  ${seconds.toFixed(1).padStart(6)} s\n`);
}

/** An upstream made of what this host's apt has read of Debian; undefined where it has not. */
async function hostsDebian(cleanup: Cleanup): Promise<Upstream | undefined> {
  const names = await readdir(LISTS).catch(() => []);
  const index = names.find((name) => /_debian_dists_[a-z]+_main_binary-amd64_Packages(\.\w+)?$/.test(name));
  const suite = /_dists_([a-z]+)_/.exec(index ?? "")?.[1];
  if (index === undefined || suite === undefined) return undefined;
  const folder = join(await cleanup.folder("debian"), "dists", suite);
  const target = join(folder, "main/binary-amd64/Packages");
  await mkdir(dirname(target), { recursive: true });
  await writeFile(
    join(folder, "InRelease"),
    await readFile(join(LISTS, index.replace(/_main_.*$/, "_InRelease"))),
  );
  const held = Readable.from([await readFile(join(LISTS, index))]);
  await pipeline(
    Readable.from(decompress(held, { maxBytes: 2 ** 30, what: index })),
    createWriteStream(target),
  );
  const server = cleanup.use(await staticServer(join(folder, "../..")));
  return { url: server.url, suite, keyring: DEBIAN_KEYS };
}

async function generatedArchive(cleanup: Cleanup, count: number, withFiles: boolean): Promise<Upstream> {
  const root = await cleanup.folder("archive");
  const folder = join(root, "dists/stable");
  const index = join(folder, "main/binary-amd64/Packages");
  await mkdir(dirname(index), { recursive: true });
  await pipeline(Readable.from(stanzas(root, count, withFiles)), createWriteStream(index));
  await must("xz", ["-1", "-k", index], { timeoutMs: 600_000 });
  const key = await makeKey();
  const keyring = join(root, "key.asc");
  await writeFile(keyring, key.armored);
  await writeFile(join(folder, "InRelease"), await key.clearSign(await release(folder)));
  const server = cleanup.use(await staticServer(root));
  return { url: server.url, suite: "stable", keyring };
}

async function release(folder: string): Promise<string> {
  const lines = ["Packages", "Packages.xz"].map(async (name) => {
    const path = join(folder, "main/binary-amd64", name);
    const sha256 = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    return ` ${sha256} ${(await stat(path)).size} main/binary-amd64/${name}\n`;
  });
  const date = new Date(Date.now() - 3_600_000).toUTCString().replace("GMT", "UTC");
  const head = `Origin: Bench\nSuite: stable\nCodename: stable\nDate: ${date}\nArchitectures: amd64\nComponents: main\n`;
  return `${head}SHA256:\n${(await Promise.all(lines)).join("")}`;
}

/** Stanzas as long as Debian's; every hundredth package, or each, has its file. */
async function* stanzas(root: string, count: number, withFiles: boolean): AsyncGenerator<string> {
  for (let at = 0; at < count; at += 1000) {
    let text = "";
    for (let n = at; n < Math.min(at + 1000, count); n++) {
      const name = `package-${String(n).padStart(7, "0")}${n % 100 === 0 ? "-kept" : ""}`;
      const content = `${name} 1.${n}-1`;
      const path = `pool/main/${String(n % 1000).padStart(3, "0")}/${name}/${name}_1.${n}-1_amd64.deb`;
      if (withFiles || name.endsWith("00-kept")) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), content);
      }
      text += stanza(name, `1.${n}-1`, path, Buffer.from(content));
    }
    yield text;
  }
}
