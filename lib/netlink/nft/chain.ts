/** Chains (linux/netfilter/nf_tables.h, enum nft_chain_attributes). */
import { be32, bytes, findAttr, getBe32, getNested, getText, nested, text } from "../attr.ts";
import { NLM_F_CREATE, type Reply, type Request } from "../message.ts";
import {
  decodeNft,
  NFT_MSG_DELCHAIN,
  NFT_MSG_GETCHAIN,
  NFT_MSG_NEWCHAIN,
  nftRequest,
  type TableName,
} from "./message.ts";
import { commentUserdata, decodeComment, NFTNL_UDATA_CHAIN_COMMENT } from "./userdata.ts";

const NFTA_CHAIN_TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const NFTA_CHAIN_HOOK = 4;
const NFTA_CHAIN_POLICY = 5;
const NFTA_CHAIN_USE = 6;
const NFTA_CHAIN_TYPE = 7;
const NFTA_CHAIN_USERDATA = 12;
const NFTA_HOOK_HOOKNUM = 1;
const NFTA_HOOK_PRIORITY = 2;

/** enum nf_inet_hooks of linux/netfilter.h; the bridge family counts its hooks in the same way. */
const NF_INET_HOOKS = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4, ingress: 5 } as const;
const NF_VERDICTS = { drop: 0, accept: 1 } as const;

/** Where and when the kernel runs a base chain. */
export interface BaseHook {
  readonly type: "filter" | "nat" | "route";
  readonly hook: keyof typeof NF_INET_HOOKS;
  /** Lower runs earlier: raw -300, dstnat -100, filter 0, srcnat 100. */
  readonly priority: number;
  readonly policy: keyof typeof NF_VERDICTS;
}

export interface Chain extends TableName {
  readonly chain: string;
  /** Absent: a chain that rules jump to. */
  readonly base?: BaseHook;
  readonly comment?: string;
}

/** Succeeds when an equal chain is there already. */
export function addChain({ family, table, chain, base, comment }: Chain): Request {
  const parts = [text(NFTA_CHAIN_TABLE, table), text(NFTA_CHAIN_NAME, chain)];
  if (base) parts.push(...encodeBase(base));
  if (comment !== undefined) {
    parts.push(bytes(NFTA_CHAIN_USERDATA, commentUserdata(NFTNL_UDATA_CHAIN_COMMENT, comment)));
  }
  const block = [base && formatBase(base), comment !== undefined && `comment "${comment}";`].filter(Boolean);
  const title = `add chain ${family} ${table} ${chain}${block.length ? ` { ${block.join(" ")} }` : ""}`;
  return nftRequest(title, NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, parts);
}

/** In nft's words: "type nat hook output priority -100; policy accept;". */
export function formatBase({ type, hook, priority, policy }: BaseHook): string {
  return `type ${type} hook ${hook} priority ${priority}; policy ${policy};`;
}

function encodeBase({ type, hook, priority, policy }: BaseHook): readonly Uint8Array[] {
  return [
    text(NFTA_CHAIN_TYPE, type),
    be32(NFTA_CHAIN_POLICY, NF_VERDICTS[policy]),
    nested(NFTA_CHAIN_HOOK, [
      be32(NFTA_HOOK_HOOKNUM, NF_INET_HOOKS[hook]),
      be32(NFTA_HOOK_PRIORITY, priority),
    ]),
  ];
}

/** A chain without rules; EBUSY while it has some, or while somebody jumps to it. */
export function deleteChain({ family, table, chain }: Chain): Request {
  return nftRequest(`delete chain ${family} ${table} ${chain}`, NFT_MSG_DELCHAIN, 0, family, [
    text(NFTA_CHAIN_TABLE, table),
    text(NFTA_CHAIN_NAME, chain),
  ]);
}

/** One reply; ENOENT when there is none. */
export function getChain({ family, table, chain }: Chain): Request {
  return nftRequest(`list chain ${family} ${table} ${chain}`, NFT_MSG_GETCHAIN, 0, family, [
    text(NFTA_CHAIN_TABLE, table),
    text(NFTA_CHAIN_NAME, chain),
  ]);
}

/** @throws {RangeError} when the reply is truncated or names a hook of another family */
export function decodeChain(reply: Reply): Chain {
  const { family, attrs } = decodeNft(reply);
  const hook = getNested(attrs, NFTA_CHAIN_HOOK);
  const comment = decodeComment(findAttr(attrs, NFTA_CHAIN_USERDATA), NFTNL_UDATA_CHAIN_COMMENT);
  return {
    family,
    table: getText(attrs, NFTA_CHAIN_TABLE) ?? "",
    chain: getText(attrs, NFTA_CHAIN_NAME) ?? "",
    ...(hook && {
      base: {
        type: getText(attrs, NFTA_CHAIN_TYPE) as BaseHook["type"],
        hook: nameOf(NF_INET_HOOKS, getBe32(hook, NFTA_HOOK_HOOKNUM)),
        priority: (getBe32(hook, NFTA_HOOK_PRIORITY) ?? 0) | 0,
        policy: nameOf(NF_VERDICTS, getBe32(attrs, NFTA_CHAIN_POLICY)),
      },
    }),
    ...(comment !== undefined && { comment }),
  };
}

/** How many rules the chain has, and how many rules jump to it. @throws {RangeError} when the reply is truncated */
export function decodeChainUse(reply: Reply): number {
  return getBe32(decodeNft(reply).attrs, NFTA_CHAIN_USE) ?? 0;
}

function nameOf<Name extends string>(names: Record<Name, number>, value: number | undefined): Name {
  for (const name in names) if (names[name] === value) return name;
  throw new RangeError(`${value} is none of ${Object.keys(names).join(", ")}`);
}
