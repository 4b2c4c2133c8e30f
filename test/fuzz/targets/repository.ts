import { SluiceError } from "../../../src/base/errors.ts";
import { repository } from "../../../src/ecosystems/apt/repository.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** A source of apt in the config: a line, several, text of deb822 or a map. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      JSON.stringify(
        "deb [arch=amd64,arm64 lang=en signed-by=/k.gpg check-valid-until=no] http://deb.example.org/debian stable main # x",
      ),
      JSON.stringify([
        "deb http://h/d stable main",
        "deb-src http://h/d/ stable main",
        "deb http://h/d stable-updates main",
      ]),
      JSON.stringify(
        "Types: deb\nURIs: http://h/d\nSuites: stable\nComponents: main\nArchitectures: amd64\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n -----END PGP PUBLIC KEY BLOCK-----\n",
      ),
      JSON.stringify({
        Types: ["deb", "deb-src"],
        URIs: "http://h/d",
        Suites: "./",
        "Architectures-Add": "i386",
        "Languages-Remove": "de",
        "X-Y": "z",
        Enabled: "yes",
      }),
    ],
    json: "whole",
    words: [
      "Types",
      "URIs",
      "Suites",
      "Components",
      "Architectures",
      "Architectures-Add",
      "Languages",
      "Languages-Remove",
      "Signed-By",
      "Trusted",
      "Enabled",
      "Check-Valid-Until",
      "deb",
      "deb-src",
      "yes",
      "no",
      "PDiffs",
      "arch+=",
      "\\n",
      "[",
      "]",
      "#",
    ],
    run(input) {
      let value: unknown;
      try {
        value = JSON.parse(input.toString());
      } catch {
        value = input.toString();
      }
      const parsed = repository.schema.safeParse(value);
      if (!parsed.success) throw new SluiceError("config_invalid", "of another form");
      const read = repository.read(parsed.data);
      if ("fault" in read) throw new SluiceError("config_invalid", read.fault);
      for (const key of Object.keys(read.keys)) must(/^[a-z-]+$/.test(key), "keys are those of a mirror");
    },
  };
}
