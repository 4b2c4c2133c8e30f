import { METRICS } from "../../src/serve/metrics.ts";
import { GENERATED, markdownTable } from "./markdown.ts";

/** docs/reference/metrics.md */
export function metricsReference(): string {
  const rows = Object.values(METRICS).map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  return `# Metrics

${GENERATED}\`/_/metrics\` of \`sluice serve\`, in the text format of Prometheus. With several workers it is the whole of them, whichever answers.

${markdownTable(["metric", "type", "labels", "meaning"], rows)}`;
}
