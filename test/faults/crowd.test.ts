import { crowd } from "./crowd.ts";
import { testFaults } from "./fault.ts";

testFaults("a crowd", crowd);
