/** Tables of legacy iptables as the kernel gives them: one block of bytes each (linux/netfilter_ipv4/ip_tables.h). */
import { readU32, writeU32 } from "../../netlink/bytes.ts";
import { SystemCallError } from "../../os/error.ts";
import { closeFile } from "../../os/file.ts";
import { attemptToolCall, fixedBytes, systemCall } from "../../os/libc.ts";
import { legacyTables } from "./legacy.ts";

const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_RAW = 255;
/** The numbers are the same for ip6_tables. */
const IPT_SO_GET_INFO = 64;
const IPT_SO_GET_ENTRIES = 65;
const XT_TABLE_MAXNAMELEN = 32;
const FAMILIES = {
  ip: { family: 4, domain: 2, level: 0 },
  ip6: { family: 6, domain: 10, level: 41 },
} as const;

export interface LegacyTable {
  readonly family: 4 | 6;
  readonly table: string;
  /** By number of the hook: where its chain begins, and where its policy stands; only of hooks that it has. */
  readonly hooks: readonly { readonly number: number; readonly entry: number; readonly underflow: number }[];
  /** All rules, one after the other. Absent: they cannot be read. */
  readonly entries?: Uint8Array;
}

/** In the compartment of the calling thread. */
export function readLegacyTables(): readonly LegacyTable[] {
  return legacyTables().map((name) => {
    const [words, table = ""] = name.split(" ");
    const address = words === "ip6" ? FAMILIES.ip6 : FAMILIES.ip;
    try {
      return readTable(address, table);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      return { family: address.family, table, hooks: [] };
    }
  });
}

type Address = (typeof FAMILIES)[keyof typeof FAMILIES];

function readTable({ family, domain, level }: Address, table: string): LegacyTable {
  const fd = systemCall("open a raw socket", ({ socket }) =>
    socket(domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW),
  );
  try {
    // struct ipt_getinfo: name, valid hooks, five entries, five underflows, number of rules, bytes.
    const info = named(84, table);
    option(fd, level, IPT_SO_GET_INFO, info);
    const size = readU32(info, 80);
    // struct ipt_get_entries: name, bytes, and the rules at the next multiple of 8.
    const answer = named(XT_TABLE_MAXNAMELEN + 8 + size, table);
    writeU32(answer, XT_TABLE_MAXNAMELEN, size);
    option(fd, level, IPT_SO_GET_ENTRIES, answer);
    return { family, table, hooks: hooksOf(info), entries: answer.slice(XT_TABLE_MAXNAMELEN + 8) };
  } finally {
    closeFile(fd);
  }
}

function named(length: number, table: string): Uint8Array {
  const bytes = fixedBytes(length);
  bytes.set(new TextEncoder().encode(table).subarray(0, XT_TABLE_MAXNAMELEN - 1));
  return bytes;
}

function option(fd: number, level: number, name: number, value: Uint8Array): void {
  const length = fixedBytes(4);
  writeU32(length, 0, value.length);
  const result = attemptToolCall(({ getsockopt }) => getsockopt(fd, level, name, value, length));
  if (result < 0) throw new SystemCallError("read a table of legacy iptables", -result);
}

function hooksOf(info: Uint8Array): LegacyTable["hooks"] {
  const valid = readU32(info, 32);
  return [0, 1, 2, 3, 4]
    .filter((number) => valid & (1 << number))
    .map((number) => ({
      number,
      entry: readU32(info, 36 + number * 4),
      underflow: readU32(info, 56 + number * 4),
    }));
}
