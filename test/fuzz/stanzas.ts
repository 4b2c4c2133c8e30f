/** All stanzas of a stream, as plain lists of fields. */
export async function gatherStanzas(
  source: AsyncIterable<readonly ReadonlyMap<string, string>[]>,
): Promise<[string, string][][]> {
  const found: [string, string][][] = [];
  for await (const batch of source) found.push(...batch.map((stanza) => [...stanza]));
  return found;
}
