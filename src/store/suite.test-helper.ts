import { blobSuite } from "./suite-blobs.test-helper.ts";
import { incomingSuite } from "./suite-incoming.test-helper.ts";
import { lockSuite } from "./suite-locks.test-helper.ts";
import { pruneSuite } from "./suite-prune.test-helper.ts";
import { refSuite } from "./suite-refs.test-helper.ts";
import type { OpenStore } from "./suite-tools.test-helper.ts";

/** What every backend must do: registers one row of tests for it. */
export function storeContract(name: string, open: OpenStore): void {
  blobSuite(name, open);
  incomingSuite(name, open);
  refSuite(name, open);
  lockSuite(name, open);
  pruneSuite(name, open);
}
