import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from "yaml";
import { SluiceError } from "../base/errors.ts";
import type { Fault } from "./faults.ts";

/** A YAML file: its value, and the place of each field in it. */
export interface ConfigDocument {
  readonly value: unknown;
  /** One error for all mistakes, in the order of the file. */
  error(faults: readonly Fault[]): SluiceError;
}

/** Parses YAML 1.2; `name` is how errors call the file. Throws `config_invalid` for the first mistake in the syntax. */
export function parseConfigDocument(text: string, name: string): ConfigDocument {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, merge: true, logLevel: "error" } as const;
  const document = parseDocument(text, options);
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const broken = document.errors[0];
  if (broken !== undefined) {
    const several = broken.code === "MULTIPLE_DOCS";
    const message = several ? "a second YAML document begins here, but the config is one." : broken.message;
    throw new SluiceError("config_invalid", `${place(broken.pos[0])}: ${message.replace(/\.?$/, ".")}`);
  }

  return {
    value: valueOf(document, name),
    error(faults) {
      const found = faults
        .map((fault) => ({ fault, ...locate(document, fault) }))
        .toSorted((a, b) => a.offset - b.offset)
        .map(({ fault, offset, source }) => `${place(offset)}: ${sentence(fault, source)}`);
      const [first = "", ...rest] = found;
      return new SluiceError(
        "config_invalid",
        first,
        rest.length === 0 ? {} : { hint: `Also: ${rest.join(" ")}` },
      );
    },
  };
}

function valueOf(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SluiceError("config_invalid", `${name} cannot be read as YAML: ${why}.`, { cause: error });
  }
}

function sentence(fault: Fault, source: string | undefined): string {
  const field = fault.path.length === 0 ? "the config" : fieldName(fault.path);
  const quoted = fault.message.endsWith("quote it") && source !== undefined ? `, as "${source}"` : "";
  const end = /[.?!]$/.test(fault.message) ? "" : ".";
  // Our own messages go on from the field; those of an ecosystem may be sentences of their own.
  const joint = /^(an? |the |')/i.test(fault.message) ? ":" : "";
  return `${field}${joint} ${fault.message}${quoted}${end}`;
}

/** `mirrors.debian.suites[1]` */
function fieldName(path: Fault["path"]): string {
  return path
    .map((step, index) => (typeof step === "number" ? `[${step}]` : (index > 0 ? "." : "") + step))
    .join("");
}

/** Where the field stands, or the innermost part of the path that is written down. */
function locate(document: Document.Parsed, fault: Fault): { offset: number; source: string | undefined } {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, step] of fault.path.entries()) {
    const last = index === fault.path.length - 1;
    const container: Node | null | undefined = isAlias(node) ? node.resolve(document) : node;
    if (isSeq(container)) node = container.items[Number(step)] as Node | undefined;
    else if (isMap(container)) {
      const pair = container.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) return { offset, source: undefined };
      const key = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
      offset = key;
      if (last && fault.atKey === true) return { offset: key, source: undefined };
    }
    offset = node?.range?.[0] ?? offset;
  }
  return { offset, source: isScalar(node) ? node.source : undefined };
}
