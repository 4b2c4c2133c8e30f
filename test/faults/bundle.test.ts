import { bundle } from "./bundle.ts";
import { testFaults } from "./fault.ts";

testFaults("a bundle that is damaged", bundle);
