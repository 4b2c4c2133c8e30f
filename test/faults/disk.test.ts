import { disk } from "./disk.ts";
import { testFaults } from "./fault.ts";

testFaults("a full disk", disk);
