import { testFaults } from "./fault.ts";
import { killed } from "./killed.ts";

testFaults("a run that is killed", killed);
