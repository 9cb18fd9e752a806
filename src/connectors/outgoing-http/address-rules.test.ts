import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isPublicAddress, rangeCheck } from "./address-rules.ts";

const REFUSED = [
  ...["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255"],
  ...["127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254"],
  ...["172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.2.1", "192.88.99.1"],
  ...["192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7"],
  ...["203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
  ...["::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"],
  ...["64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:1ff:ffff::1"],
  ...["2001:db8::1", "2002:7f00:1::", "2002:ffff:ffff::1", "3fff::1", "3fff:fff:ffff::1"],
  ...["5f00::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fe80::1%eth0", "fec0::1"],
  ...["ff02::1", "2606:4700::1111%eth0", "4000::1", "", "localhost", "1.2.3", "1.2.3.4.5"],
];
const CALLED = [
  ...["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"],
  ...["128.0.0.1", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0"],
  ...["172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0"],
  ...["198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888"],
  ...["2003::1", "2606:4700:4700::1111", "3ffe:ffff::1", "2001:db7:ffff::1", "2001:db9::1"],
];

test("an address that is set aside is never called, and its neighbours are", () => {
  for (const address of REFUSED) assert.equal(isPublicAddress(address), false, address);
  for (const address of CALLED) assert.equal(isPublicAddress(address), true, address);
});

test("no way of wrapping an IPv4 address in IPv6 is called", () => {
  const hex = fc.integer({ min: 0, max: 0xffff }).map((part) => part.toString(16));
  fc.assert(
    fc.property(hex, hex, (high, low) => {
      for (const wrapped of [
        ...[`::${high}:${low}`, `::ffff:${high}:${low}`, `::ffff:0:${high}:${low}`],
        ...[`64:ff9b::${high}:${low}`, `64:ff9b:1::${high}:${low}`, `2002:${high}:${low}::1`],
        `2001:0:${high}:${low}::1`,
      ]) {
        assert.equal(isPublicAddress(wrapped), false, wrapped);
      }
    }),
  );
});

test("a range is an address with or without bits, and holds what it says", () => {
  const check = rangeCheck(["127.0.0.1", "10.2.0.0/16", "fd00::/8"]);
  for (const inside of ["127.0.0.1", "10.2.0.0", "10.2.255.255", "fd12::1"]) {
    assert.equal(check?.(inside), true, inside);
  }
  for (const outside of ["127.0.0.2", "10.3.0.0", "::ffff:127.0.0.1", "fc00::1", "fd00::1%a", ""]) {
    assert.equal(check?.(outside), false, outside);
  }
  for (const wrong of ["localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "fd00::/129"]) {
    assert.equal(rangeCheck([wrong]), undefined, wrong);
  }
});
