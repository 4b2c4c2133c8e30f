import { testFaults } from "./fault.ts";
import { power } from "./power.ts";

testFaults("a power cut", power);
