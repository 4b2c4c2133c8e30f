import { testFaults } from "./fault.ts";
import { transfer } from "./transfer.ts";

testFaults("a transfer that is killed", transfer);
