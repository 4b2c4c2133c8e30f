import type { DiskState } from "./disk-state.ts";
import type { DiskStep } from "./disk-steps.ts";

/** A run of one command, as far as it has come. */
export interface Run {
  /** The data folder; all paths of steps and state are absolute. */
  readonly data: string;
  /** True for the command that may delete blobs. */
  readonly deletes: boolean;
  readonly state: DiskState;
}

/** One thing that holds of every run, whatever it does. */
export interface Rule {
  readonly name: string;
  readonly sentence: string;
  /** Made anew for each run: true where the next step, which has not been applied yet, breaks the rule. */
  watch(run: Run): (step: DiskStep) => boolean;
}

// Paths in the data folder, as DESIGN lays it out.
const BLOB = /^blobs\/sha256\/[0-9a-f]{2}\/[0-9a-f]{62}$/;
const PARTIAL = /^tmp\/partial\/[0-9a-f]{64}\./;
const MARKER = /^tmp\/session-[0-9a-f]+\.db$/;
const KEY = /^identity\/private\.asc$/;
const RECORD = /^refs\/.+\/\d+\.json$/;
const SNAPSHOT = /^refs\/snapshots\/.+\/\d+\.json$/;
const CHANNEL = /^refs\/channels\/.+\/\d+\.json$/;
const TREE = /^trees\/[^./][^/]*\/\d{8}T\d{6}Z$/;
const IN_TREE = /^trees\/[^./][^/]*\/\d{8}T\d{6}Z\//;
const LINK = /^trees\/\.channels\/([^/]+)$/;
const GRACE = /^trees\/[^/]+\/\.grace\/([^/]+)\//;
const BAD = /^quarantine\/[0-9a-f]{64}$/;

function inside({ data }: Run, path: string): string {
  return path.startsWith(`${data}/`) ? path.slice(data.length + 1) : "";
}

/** The step makes a name of this kind. */
function gives(run: Run, step: DiskStep, pattern: RegExp): boolean {
  const names =
    step.kind === "create" || step.kind === "link" || step.kind === "symlink" || step.kind === "rename";
  return names && pattern.test(inside(run, step.path));
}

/** The step takes away a name of this kind. */
function takes(run: Run, step: DiskStep, pattern: RegExp): boolean {
  if (step.kind === "rename") return pattern.test(inside(run, step.from));
  return (step.kind === "unlink" || step.kind === "rmdir") && pattern.test(inside(run, step.path));
}

function made(run: Run, pattern: RegExp): string[] {
  return run.state.made().filter((path) => pattern.test(inside(run, path)));
}

/** All that the run has made of this kind was durable when the step began. */
function durable(run: Run, { call }: DiskStep, pattern: RegExp): boolean {
  return made(run, pattern).every((path) => run.state.isDurable(path, call.began));
}

function comesFrom(run: Run, step: DiskStep, folder: string): boolean {
  return step.kind === "rename" && inside(run, step.from).startsWith(folder);
}

export const RULES: readonly Rule[] = [
  {
    name: "blob named by rename",
    sentence: "A blob gets its name by a rename out of tmp/, and in no other way.",
    watch: (run) => (step) => gives(run, step, BLOB) && !comesFrom(run, step, "tmp/"),
  },
  {
    name: "named files never written",
    sentence: "Nothing is written to a file that has its name in blobs/, refs/, trees/ or quarantine/.",
    watch: (run) => (step) =>
      step.kind === "write" && /^(blobs|refs|trees|quarantine)\//.test(inside(run, step.path)),
  },
  {
    name: "marker first",
    sentence:
      "The marker of a session is durable before it names a blob, or takes over what another had begun to fetch.",
    watch: (run) => (step) =>
      (gives(run, step, BLOB) || gives(run, step, PARTIAL)) &&
      !(made(run, MARKER).length > 0 && durable(run, step, MARKER)),
  },
  {
    name: "marker last",
    sentence: "The marker goes away when every blob is durable.",
    watch: (run) => (step) => takes(run, step, MARKER) && !durable(run, step, BLOB),
  },
  {
    name: "record after blobs",
    sentence: "A record is made when every blob is durable, its manifest among them.",
    watch: (run) => (step) => gives(run, step, RECORD) && !durable(run, step, BLOB),
  },
  {
    name: "record after key",
    sentence: "A record is made when the key that signs it is durable.",
    watch: (run) => (step) => gives(run, step, RECORD) && !durable(run, step, KEY),
  },
  {
    name: "record whole",
    sentence: "The bytes of a record are durable before it gets its name.",
    watch: (run) => (step) =>
      (step.kind === "link" || step.kind === "rename") &&
      gives(run, step, RECORD) &&
      !run.state.isWritten(step.from, step.call.began),
  },
  {
    name: "record exclusive",
    sentence: "A record is created only where there is none: by link(2), or with O_EXCL.",
    watch: (run) => (step) =>
      gives(run, step, RECORD) && step.kind !== "link" && !(step.kind === "create" && step.exclusive),
  },
  {
    name: "record for ever",
    sentence: "A record is never removed.",
    watch: (run) => (step) => takes(run, step, /^refs\//),
  },
  {
    name: "channel after snapshot",
    sentence: "A channel's record is made when every snapshot's record is durable.",
    watch: (run) => (step) => gives(run, step, CHANNEL) && !durable(run, step, SNAPSHOT),
  },
  {
    name: "trees after records",
    sentence: "What is seen in trees/ changes when every record is durable.",
    watch: (run) => (step) =>
      (gives(run, step, /^trees\//) || takes(run, step, /^trees\//)) && !durable(run, step, RECORD),
  },
  {
    name: "tree in one step",
    sentence: "A tree appears by one rename, and a file that comes into it later does too.",
    watch: (run) => (step) =>
      (gives(run, step, TREE) || gives(run, step, IN_TREE)) && !comesFrom(run, step, "tmp/"),
  },
  {
    name: "tree durable",
    sentence: "All of a tree is durable before it appears.",
    watch: (run) => (step) =>
      gives(run, step, TREE) &&
      step.kind === "rename" &&
      // The name of the folder itself is about to change.
      !run.state.made().every((path) => {
        return !path.startsWith(`${step.from}/`) || run.state.isDurable(path, step.call.began);
      }),
  },
  {
    name: "tree before link",
    sentence: "A channel is switched when all that its link leads to is there and durable.",
    watch(run) {
      const linked = new Set<string>();
      return (step) => {
        if (gives(run, step, TREE)) return linked.has(inside(run, step.path));
        if (!gives(run, step, LINK) || step.kind !== "rename") return false;
        for (const tree of treesBehind(run, step.from)) linked.add(tree);
        return !durable(run, step, /^trees\//);
      };
    },
  },
  {
    name: "link in one step",
    sentence: "A channel is switched by one rename of a link, which is never taken away first.",
    watch: (run) => (step) =>
      (gives(run, step, LINK) && !comesFrom(run, step, "tmp/")) ||
      // What is removed there as a folder is an older state.
      (step.kind !== "rmdir" && takes(run, step, LINK)),
  },
  {
    name: "grace before link",
    sentence: "What leaves a channel is in its grace folder before the link is switched.",
    watch(run) {
      const switched = new Set<string | undefined>();
      return (step) => {
        const channel = GRACE.exec(inside(run, step.path))?.[1];
        if (gives(run, step, LINK)) switched.add(LINK.exec(inside(run, step.path))?.[1]);
        return channel !== undefined && gives(run, step, GRACE) && switched.has(channel);
      };
    },
  },
  {
    name: "deletes after records",
    sentence: "A blob, and a tree, is deleted when every record is durable.",
    watch: (run) => (step) =>
      (takes(run, step, BLOB) || takes(run, step, TREE)) && !durable(run, step, RECORD),
  },
  {
    name: "deletes in gc alone",
    sentence: "A blob is deleted by gc alone; whoever finds a bad one moves it to quarantine/.",
    watch: (run) => (step) =>
      takes(run, step, BLOB) && !run.deletes && !(step.kind === "rename" && BAD.test(inside(run, step.path))),
  },
  {
    name: "quarantine before trees",
    sentence: "A file is taken out of a tree only after a bad blob has gone to quarantine/.",
    watch(run) {
      let moved = false;
      return (step) => {
        moved ||= gives(run, step, BAD);
        return step.kind === "unlink" && IN_TREE.test(inside(run, step.path)) && !moved;
      };
    },
  },
];

/** What must be durable when a command has said that it is done. */
export const DURABLE_AT_END: Omit<Rule, "watch"> & { readonly paths: RegExp } = {
  name: "durable at the end",
  sentence: "When a command ends well, all that it has made is durable.",
  paths: /^(blobs|refs|trees|quarantine|identity)\//,
};

/** `<mirror>/<id>` behind the link of a channel that is about to be put in place. */
function treesBehind(run: Run, link: string): string[] {
  const folder = `${run.data}/trees/.channels/${run.state.targetOf(link) ?? ""}/`;
  return run.state
    .made()
    .filter((path) => path.startsWith(folder))
    .map((path) => (run.state.targetOf(path) ?? "").replace(/^(\.\.\/)+/, "trees/"));
}
