import { parseStanza, stanzas } from "../../../src/formats/deb822.ts";
import { gatherStanzas } from "../stanzas.ts";
import { mustEqual, pieces } from "../kit.ts";
import type { Target } from "../target.ts";

const FIELDS = new Set(["package", "version", "description", "sha256"]);

/** deb822: one stanza, and streams of them, which must not depend on how they are cut. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "Package: a\nVersion: 1\nDescription: x\n y\n .\n z\n\nPackage: b\nversion : 2\n# no\n\t more\n\n",
      "Origin: Debian\r\nSHA256:\r\n aa 1 b\r\n cc 2 d\r\nEnd: x",
      "\n\n\nA:\n\n \n",
    ],
    words: [
      "Package:",
      "Version: 1",
      "SHA256:",
      "\n ",
      "\n\t",
      "\n\n",
      "\r\n",
      "\n#",
      "\n.\n",
      ":",
      " :",
      "\n \n",
      "a: b\n",
    ],
    maxBytes: 3 * 1024 * 1024,
    async run(input) {
      const whole = await gatherStanzas(
        stanzas(pieces(input, Math.max(1, input.length)), "Packages", FIELDS),
      );
      if (input.length < 4096)
        mustEqual(
          await gatherStanzas(stanzas(pieces(input, 3), "Packages", FIELDS)),
          whole,
          "cuts mean nothing",
        );
      const one = parseStanza(input, "Release", () => undefined);
      const written = [...one].map(([name, value]) => `${name}: ${value.split("\n").join("\n ")}\n`).join("");
      // A blank line in a value ends the stanza, when written so; a name may be what a line cannot begin with.
      if (/^[!-9;-~]+$/m.test([...one.keys()].join("\n")) && !/^#|\n[ \t\r]*\n|\n$/m.test(written))
        mustEqual(
          parseStanza(written, "Release", () => undefined).size,
          one.size,
          "what was read can be written",
        );
    },
  };
}
