import assert from "node:assert/strict";
import { test } from "node:test";
import { repository } from "./repository.ts";

test("an option that means nothing is named, also where every object has something of that name", () => {
  for (const name of ["foo", "constructor", "__proto__", "tostring", "valueof"]) {
    const read = repository.read(`deb [${name}=x] http://h/d stable main`);
    assert.ok("fault" in read && read.fault.startsWith(`has the option '${name}'`), JSON.stringify(read));
  }
});
