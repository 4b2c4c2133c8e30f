import {
  checkChannelName,
  checkMirrorName,
  isName,
  isSnapshotId,
  nextSnapshotId,
  snapshotId,
  snapshotTime,
} from "../../../src/base/names.ts";
import { parseTarget } from "../../../src/channel/targets.ts";
import { checkLockName, isRefName, versionOfFile } from "../../../src/store/ref-names.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** Names of mirrors, channels, snapshots and records, from the command line, the config, a URL or another site. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "debian-trixie",
      "20261121T040000Z",
      "snapshots/debian/20261121T040000Z",
      "17.json",
      "debian@stable",
      "20260229T000000Z",
    ],
    words: [
      "T",
      "Z",
      "0000",
      "9999",
      "1231",
      "0229",
      "235959",
      "240000",
      "..",
      ".",
      "-",
      "_",
      "v2",
      "live",
      ".json",
      "@",
      "/",
      "locks",
      "é",
    ],
    run(input) {
      const text = input.toString();
      if (isSnapshotId(text)) {
        must(snapshotId(snapshotTime(text)) === text, "an id is one time");
        must(!isName(text.toLowerCase()), "an id is no name");
        if (!text.startsWith("9999"))
          must(nextSnapshotId(0, text) > text && isSnapshotId(nextSnapshotId(0, text)), "ids increase");
      }
      const version = versionOfFile(text);
      if (version !== undefined)
        must(Number.isSafeInteger(version) && `${version}.json` === text, "a file is of one version");
      if (isName(text))
        must(
          isRefName(`channels/${text}`) && !/[^a-z0-9._-]|^\.|\.\.\//.test(text),
          "a name is part of the name of a record",
        );
      if (isRefName(text))
        must(
          !/(^|\/)\.*(\/|$)/.test(text) && checkLockName(text) === text,
          "a record lies where its name says",
        );
      parseTarget(text);
      return [checkMirrorName(text), checkChannelName(text)];
    },
  };
}
