import { testFaults } from "./fault.ts";
import { upstream } from "./upstream.ts";

testFaults("an upstream at fault", upstream);
