/**
 * Which addresses are called for somebody else's sake. IPv4: every address that is not set aside by
 * the registry of special addresses (RFC 6890 and its successors). IPv6: only the global unicast
 * addresses, 2000::/3, less what is set aside in them. So whatever wraps an IPv4 address (mapped,
 * NAT64, 6to4, Teredo) is refused by where it stands and need not be unwrapped.
 */
import { BlockList, isIP } from "node:net";

/** A range, written as `address/bits`. */
type Range = string;

const SPECIAL_V4: readonly Range[] = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared by a carrier's customers; metadata of one cloud
  "127.0.0.0/8", // this machine
  "168.63.129.16/32", // public by its number, yet the metadata of one cloud
  "169.254.0.0/16", // link-local; metadata of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments; metadata of one cloud
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // relays of 6to4
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // groups
  "240.0.0.0/4", // reserved, and broadcast
];
const GLOBAL_V6: Range = "2000::/3";
const SPECIAL_V6: readonly Range[] = [
  "2001::/23", // protocol assignments: Teredo, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: an IPv4 address inside
  "3fff::/20", // documentation
];

function listOf(ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bits = ""] = range.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

const special = listOf([...SPECIAL_V4, ...SPECIAL_V6]);
const globalV6 = listOf([GLOBAL_V6]);

/** Whether an address is of the public internet. What is no address is not, nor one with a zone. */
export function isPublicAddress(address: string): boolean {
  if (address.includes("%")) return false;
  const family = isIP(address);
  if (family === 4) return !special.check(address, "ipv4");
  return family === 6 && globalV6.check(address, "ipv6") && !special.check(address, "ipv6");
}

/** Tells of an address whether it is in one of some ranges. */
export type RangeCheck = (address: string) => boolean;

const BITS_OF = { 4: 32, 6: 128 } as const;

/**
 * A check against ranges such as `10.2.0.0/16`, `127.0.0.1` or `fd00::/8`; undefined where one of
 * them is none. A mapped IPv4 address is in no range of IPv4: nobody means it by that.
 */
export function rangeCheck(ranges: readonly string[]): RangeCheck | undefined {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", bitsText, ...rest] = range.split("/");
    const family = isIP(address);
    if ((family !== 4 && family !== 6) || address.includes("%") || rest.length > 0)
      return undefined;
    const bits = bitsText === undefined ? BITS_OF[family] : Number(bitsText);
    if (bitsText === "" || !Number.isInteger(bits) || bits < 0 || bits > BITS_OF[family]) {
      return undefined;
    }
    list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const family = isIP(address);
    if (family === 4) return list.check(address, "ipv4");
    const isMapped = /^::ffff:/i.test(address);
    return family === 6 && !address.includes("%") && !isMapped && list.check(address, "ipv6");
  };
}
