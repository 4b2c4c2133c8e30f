import { testFaults } from "./fault.ts";
import { order } from "./order.ts";

testFaults("the order of writes", order);
