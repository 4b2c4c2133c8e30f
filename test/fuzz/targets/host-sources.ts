import { configText } from "../../../src/config/write.ts";
import { parseConfig } from "../../../src/config/parse.ts";
import type { Config } from "../../../src/config/types.ts";
import { fromHost } from "../../../src/ecosystems/apt/from-host.ts";
import { ECOSYSTEMS } from "../../../src/ecosystems/index.ts";
import { joined, must, sections } from "../kit.ts";
import { SIGNED_WORDS } from "../signed.ts";
import type { Target } from "../target.ts";

const LINES = `deb http://deb.example.org/debian stable main contrib
deb-src [arch=amd64,arm64 lang=en signed-by=/k.gpg] http://deb.example.org/debian stable main # x
deb [trusted=yes] file:///srv/x ./
deb cdrom:[x]/ stable main
deb http://[::1]/$(ARCH)/x/ stable/updates main
`;
const STANZAS = `Types: deb deb-src
URIs: https://deb.example.org/debian/ http://127.0.0.1:80/x
Suites: stable stable-updates
Components: main
Architectures: amd64
Architectures-Add: i386
Languages: en none
Signed-By: /k.gpg, 0123456789ABCDEF0123456789ABCDEF01234567!

Enabled: no
Types: deb
URIs: http://h/
Suites: ./
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 AAAA
 -----END PGP PUBLIC KEY BLOCK-----
`;

/** The sources of a host's apt, in both forms: what is made of them is a config that is taken. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      joined({
        "/etc/apt/sources.list": LINES,
        "/etc/apt/sources.list.d/a.sources": STANZAS,
        "/k.gpg": "x",
        "/etc/apt/trusted.gpg.d/b.asc": "y",
        "/var/lib/dpkg/arch": "amd64\ni386\n",
      }),
    ],
    words: [
      "deb",
      "deb-src",
      "[",
      "]",
      "arch=",
      "arch+=",
      "lang-=",
      "signed-by=",
      "trusted=no",
      "http://",
      "https://u:p@h/",
      "file:/",
      "file:///",
      "mirror+file:/x",
      "./",
      "/",
      "$(ARCH)",
      "Types:",
      "URIs:",
      "Suites:",
      "Enabled: no",
      "Signed-By:",
      "Trusted: yes",
      "=== /etc/apt/sources.list.d/b.list\n",
      "=== /etc/apt/trusted.gpg\n",
      "http://1.2.3.4:99999/",
      "http://[::1]:80/",
      "http://é.example/",
      "xn--",
      "v2",
      ...SIGNED_WORDS.slice(3, 5),
    ],
    async run(input) {
      const files = sections(input);
      const list = async (folder: string) =>
        [...files.keys()]
          .filter((name) => name.startsWith(`${folder}/`))
          .map((name) => name.slice(folder.length + 1));
      const found = await fromHost(async (path) => files.get(path), list);
      const text = configText("/var/lib/sluice", found);
      const { mirrors } = taken(text);
      must(mirrors.length === Object.keys(found.mirrors).length, "each mirror is in the config");
    },
  };
}

function taken(text: string): Config {
  try {
    return parseConfig(text, "/etc/sluice.yaml", ECOSYSTEMS);
  } catch (cause) {
    throw new Error(`does not hold: the config is taken (${String(cause)})`, { cause });
  }
}
