import { clock } from "./clock.ts";
import { testFaults } from "./fault.ts";

testFaults("a clock that jumps", clock);
