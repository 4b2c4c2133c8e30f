import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicAddress, literalAddress } from "./addresses.ts";

const inside = [
  "127.0.0.1 127.255.0.9 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200",
  "0.0.0.0 0.1.2.3 224.0.0.1 239.1.1.1 255.255.255.255 240.0.0.1 192.0.0.192 198.18.0.1 203.0.113.9 168.63.129.16",
  "::1 :: fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 fec0::1 2001:db8::1 ::127.0.0.1 [::1]",
  "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:a9fe:a9fe 64:ff9b::7f00:1 64:ff9b:1:7f00:0:100:808:808 2002:7f00:1:: 2001:0:1::1",
].flatMap((line) => line.split(" "));
for (const address of inside) {
  test(`${address} is not public`, () => assert.equal(isPublicAddress(address), false));
}

for (const address of "8.8.8.8 151.101.2.132 172.32.0.1 100.128.0.1 2a04:4e42::644 ::ffff:8.8.8.8 64:ff9b::808:808".split(
  " ",
)) {
  test(`${address} is public`, () => assert.equal(isPublicAddress(address), true));
}

test("what is not an address is not public", () => {
  for (const text of ["", "example.org", "127.1", "0x7f.1"]) assert.equal(isPublicAddress(text), false);
});

test("literalAddress knows addresses and localhost", () => {
  const of = (url: string) => literalAddress(new URL(url).hostname);
  assert.equal(of("http://[::1]/"), "::1");
  assert.equal(of("http://0x7f.1/"), "127.0.0.1");
  assert.equal(of("http://2130706433/"), "127.0.0.1");
  assert.equal(of("http://LOCALHOST./"), "127.0.0.1");
  assert.equal(of("http://a.localhost/"), "127.0.0.1");
  assert.equal(of("http://deb.example.org/"), undefined);
});
