import { z } from "zod";
import { mirrorSchema, publishedSchema, siteShape } from "../../src/config/schema.ts";
import type { Ecosystem } from "../../src/ecosystems/contract.ts";
import { ECOSYSTEMS } from "../../src/ecosystems/index.ts";
import { GENERATED, markdownTable } from "./markdown.ts";

type Schema = z.core.JSONSchema.JSONSchema;

/** docs/reference/config.schema.json */
export function configSchema(): string {
  const schema = z.toJSONSchema(publishedSchema(ECOSYSTEMS), { io: "input" });
  return `${JSON.stringify({ title: "Config of Sluice (sluice.yaml)", ...schema }, undefined, 2)}\n`;
}

/** docs/reference/config.md */
export function configReference(): string {
  const site = z.toJSONSchema(z.strictObject(siteShape), { io: "input" });
  const own = new Set(ECOSYSTEMS.flatMap((ecosystem) => Object.keys(ecosystem.options.shape)));
  const first = ECOSYSTEMS[0];
  const engine =
    first === undefined ? [] : keyRows(mirrorJson(first.id)).filter(([key = ""]) => !own.has(plain(key)));
  const titles = ["key", "value", "default", "meaning"];
  const ecosystems = ECOSYSTEMS.map(
    (ecosystem) =>
      `## A mirror with \`ecosystem: ${ecosystem.id}\`\n\n${markdownTable(titles, [
        ...repositoryRows(ecosystem),
        ...keyRows(mirrorJson(ecosystem.id)).filter(([key = ""]) =>
          Object.hasOwn(ecosystem.options.shape, plain(key).split(/\[|\./)[0] ?? ""),
        ),
      ])}`,
  );
  return `# Config

${GENERATED}One YAML file: the one that \`--config\` names, else \`$SLUICE_CONFIG\`, \`./sluice.yaml\`, \`/etc/sluice/sluice.yaml\`. Unknown keys are errors.
Paths in it are relative to its folder. Secrets never stand in it. Editors can check it by [config.schema.json](config.schema.json), named in its first
line: \`# yaml-language-server: $schema=…/config.schema.json\`. Times carry their unit: \`30s\`, \`90m\`, \`24h\`, \`7d\`.

## The site

${markdownTable(titles, [...keyRows(site), ["`mirrors`", "map", "", "The mirrors, by name: a-z, 0-9, dot, dash, underscore."]])}
## Every mirror

${markdownTable(titles, engine)}
${ecosystems.join("\n")}`;
}

function mirrorJson(id: string): Schema {
  const ecosystem = ECOSYSTEMS.find((one) => one.id === id);
  return ecosystem === undefined ? {} : z.toJSONSchema(mirrorSchema(ecosystem), { io: "input" });
}

function repositoryRows(ecosystem: Ecosystem): string[][] {
  const form = ecosystem.repository?.schema;
  if (form === undefined) return [];
  const schema = z.toJSONSchema(z.strictObject({ repository: form.optional() }), { io: "input" });
  return keyRows(schema).slice(0, 1);
}

function plain(key: string): string {
  return key.replaceAll("`", "");
}

/** A row for each key, those of nested maps after their own: `keep.last`, of maps by name: `imports.NAME.keyring`, of the maps of a list: `bandwidth[].rate`. */
function keyRows(schema: Schema, prefix = ""): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    if (typeof property === "boolean") return [];
    const needed = (schema.required ?? []).includes(key) && prefix === "" ? "required" : "";
    const fallback = property.default === undefined ? needed : `\`${JSON.stringify(property.default)}\``;
    const row = [
      `\`${prefix}${key}\``,
      typeName(property),
      fallback.replaceAll('"', ""),
      property.description ?? "",
    ];
    const items = [property, ...(property.anyOf ?? [])].flatMap((one) =>
      typeof one === "object" && typeof one.items === "object" && !Array.isArray(one.items)
        ? [one.items]
        : [],
    );
    const inLists = items.flatMap((item) => keyRows(item, `${prefix}${key}[].`));
    const inMaps = [property, ...(property.anyOf ?? [])].flatMap((one) =>
      typeof one === "object" ? keyRows(one, `${prefix}${key}.`) : [],
    );
    const named = property.additionalProperties;
    const byName = typeof named === "object" ? keyRows(named, `${prefix}${key}.NAME.`) : [];
    return [row, ...inMaps, ...byName, ...inLists];
  });
}

function typeName(schema: Schema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return [...new Set(either.map((one) => typeName(one)))].join(" or ");
  if (schema.type === "array") return `list of ${typeName((schema.items ?? {}) as Schema)}`;
  const names: Record<string, string> = {
    string: "text",
    integer: "number",
    number: "number",
    object: "map",
    boolean: "true, false",
  };
  return names[String(schema.type)] ?? "any";
}
