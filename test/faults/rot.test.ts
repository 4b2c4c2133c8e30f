import { testFaults } from "./fault.ts";
import { rot } from "./rot.ts";
import { wrongSize } from "./wrong-size.ts";

testFaults("bit rot", [...rot, ...wrongSize]);
