import { Document, isScalar, visit } from "yaml";
import type { HostMirrors } from "../ecosystems/contract.ts";

const HEAD = `# Config of Sluice. Every key is described in docs/reference/config.md.
# Unknown keys are errors; secrets never stand here (see \`auth\`).
`;

const EXAMPLE = `mirrors: {}      # take the {} away when the first mirror stands below, such as:
#   debian-security:                # a name: a-z, 0-9, dot, dash, underscore
#     ecosystem: apt
#     upstream: https://deb.example.org/debian-security   # or a list: the next is tried where one fails
#     suites: [trixie-security]
#     components: [main]
#     architectures: [amd64]
#     keyring: /usr/share/keyrings/debian-archive-keyring.gpg
#     keep: { last: 3, daily: 7, weekly: 8, monthly: 12 }
`;

const SPARSE = `
# To leave packages out, give a mirror \`mode: sparse\` and, for example,
#   skip: { sections: [games, debug], packages: ["*-dbgsym"] }
# What a mirror keeps is all of its snapshots, unless it says, for example,
#   keep: { last: 3, daily: 7, weekly: 8, monthly: 12 }
`;

/** The text of a first sluice.yaml; `mirrors` are those found on this host, if one looked. */
export function configText(data: string, found: HostMirrors | undefined): string {
  const mirrors = found?.mirrors ?? {};
  const head = `${HEAD}\ndata: ${yaml(data).trimEnd()}\n\n# The address of \`sluice serve\`; 0.0.0.0:8080 is open to the network.\nlisten: 127.0.0.1:8080\n\n`;
  if (Object.keys(mirrors).length === 0) return head + leftOut(found) + EXAMPLE;
  return `${head}${leftOut(found)}${yaml({ mirrors })}${SPARSE}`;
}

function leftOut(found: HostMirrors | undefined): string {
  const skipped = found?.skipped ?? [];
  if (skipped.length === 0) return "";
  return `# Not taken over from this host:\n${skipped.map((reason) => `#   ${reason.replaceAll(/\s+/g, " ")}\n`).join("")}\n`;
}

function yaml(value: unknown): string {
  const document = new Document(value);
  // Lists of words stand on one line, as people write them.
  visit(document, {
    Seq(_key, node) {
      node.flow = node.items.every((item) => isScalar(item) && String(item.value).length < 40);
    },
  });
  return document.toString({ lineWidth: 110, flowCollectionPadding: false });
}
