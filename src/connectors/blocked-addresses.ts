/**
 * Addresses that no request of ours goes to where a person gave its URL: those of this machine, of
 * networks behind it, and those that stand for them (IPv4 inside IPv6, NAT64, 6to4). The list is of
 * the IANA special-purpose registries (RFC 6890) and what followed them.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

const V4: readonly (readonly [string, number])[] = [
  ...([["0.0.0.0", 8] as const, ["10.0.0.0", 8] as const, ["100.64.0.0", 10] as const] as const),
  ...([["127.0.0.0", 8] as const, ["169.254.0.0", 16] as const] as const),
  ...([["172.16.0.0", 12] as const, ["192.0.0.0", 24] as const] as const),
  ...([["192.0.2.0", 24] as const, ["192.31.196.0", 24] as const] as const),
  ...([["192.52.193.0", 24] as const, ["192.88.99.0", 24] as const] as const),
  ...([["192.168.0.0", 16] as const, ["192.175.48.0", 24] as const] as const),
  ...([["198.18.0.0", 15] as const, ["198.51.100.0", 24] as const] as const),
  ...([
    ["203.0.113.0", 24] as const,
    ["224.0.0.0", 4] as const,
    ["240.0.0.0", 4] as const,
  ] as const),
];

/** All of IPv6 but the global unicast range 2000::/3 is refused; these are parts of that range. */
const V6_WITHIN_GLOBAL: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["2620:4f:8000::", 48],
  ["3fff::", 20],
];

const blocked = new BlockList();
for (const [network, bits] of V4) blocked.addSubnet(network, bits, "ipv4");
for (const [network, bits] of V6_WITHIN_GLOBAL) blocked.addSubnet(network, bits, "ipv6");
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

/** Whether requests must not go to an address, given as text; also where it is none. */
export function isBlockedAddress(address: string): boolean {
  const [plain = ""] = address.split("%");
  if (isIPv4(plain)) return blocked.check(plain, "ipv4");
  if (!isIPv6(plain)) return true;
  return !globalUnicast.check(plain, "ipv6") || blocked.check(plain, "ipv6");
}
