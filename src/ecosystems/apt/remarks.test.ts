import assert from "node:assert/strict";
import { test } from "node:test";
import { remarks } from "./remarks.ts";

test("a filter says what it does to hosts", () => {
  const skip = { sections: ["games"] };
  const only = { packages: ["tool"] };
  assert.deepEqual(remarks({ mode: "verbatim" }), []);
  assert.match(remarks({ mode: "sparse" }).join("\n"), /^`mode: sparse` leaves nothing out [^\n]*$/);
  assert.match(remarks({ mode: "sparse", skip }).join("\n"), /^`skip` leaves packages out [^\n]*$/);
  assert.match(
    remarks({ mode: "sparse", only, skip }).join("\n"),
    /^`only` and `skip` .*\n`only` keeps what it names/,
  );
});
