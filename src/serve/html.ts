import { createHash } from "node:crypto";
import { encodePath } from "../base/path.ts";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}h2{font-size:1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .75rem .25rem 0;vertical-align:top}
th{font-weight:600;border-bottom:1px solid #8886}td{border-bottom:1px solid #8882}td:first-child{overflow-wrap:anywhere}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}a{color:#0550ae;text-decoration:none}a:hover{text-decoration:underline}
p{color:#57606a}@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#79b8ff}p{color:#9198a1}}`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Allows the one style sheet of the listings and nothing else. */
export const PAGE_CSP = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

/**
 * A page around its content; `trail` are the names from the top to here, each a link to its folder but for
 * the last.
 */
export function* page(trail: readonly string[], content: Iterable<string>): Generator<string> {
  const title = trail.length === 0 ? "Mirrors" : trail.join("/");
  yield `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">`;
  yield `<meta name="viewport" content="width=device-width, initial-scale=1">`;
  yield `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>\n<body><h1>${crumbs(trail)}</h1>\n`;
  yield* content;
  yield `</body></html>\n`;
}

// Links are relative, so that they hold behind a proxy that serves this host below a path of its own.
function crumbs(trail: readonly string[]): string {
  const names = ["Mirrors", ...trail];
  const links = names.map((name, at) => {
    const up = names.length - 1 - at;
    const text = escapeHtml(name);
    return up === 0 ? `<span>${text}</span>` : `<a href="${"../".repeat(up)}">${text}</a>`;
  });
  return links.join(" / ");
}

/** A table row; cells are HTML, those that begin with a digit stand to the right. */
export function row(cells: readonly string[], tag: "td" | "th" = "td"): string {
  const html = cells.map(
    (cell) => (/^\d/.test(cell) ? `<${tag} class="n">` : `<${tag}>`) + `${cell}</${tag}>`,
  );
  return `<tr>${html.join("")}</tr>\n`;
}

/** A relative link to a name in this folder. */
export function link(name: string, folder: boolean): string {
  const slash = folder ? "/" : "";
  return `<a href="${escapeHtml(encodePath(name))}${slash}">${escapeHtml(name)}${slash}</a>`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = "";
  for (const next of UNITS) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

/** `2026-11-21 04:00` of a time in milliseconds, UTC. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}
