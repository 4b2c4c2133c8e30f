import assert from "node:assert/strict";
import { test } from "node:test";
import { VERSION } from "../base/version.ts";
import { serve, textOf, transportTo } from "./server.test-helper.ts";
import { userAgent } from "./user-agent.ts";

test("every request names program, version and contact", async (t) => {
  const { url, asked } = await serve(t, (_, response) => void response.end("x"));
  for (const contact of [undefined, "https://example.org/mirrors", "ops@example.org"])
    await textOf(await transportTo(t, url, { userAgent: userAgent(contact) }).transport.fetch({ from: "x" }));
  assert.deepEqual(
    asked.map(({ headers }) => headers["user-agent"]),
    [
      `Sluice/${VERSION}`,
      `Sluice/${VERSION} (+https://example.org/mirrors)`,
      `Sluice/${VERSION} (+ops@example.org)`,
    ],
  );
});
