/** Whose an object is: every lease, row and kernel object of an endpoint bears its owner's key. */
/** Identity of an endpoint: CNI 1.1 keys an attachment by network name, CNI_CONTAINERID and CNI_IFNAME. */
export interface Owner {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

/** 32 hex digits of SHA-256 over the three parts: fits where their own, unbounded text does not. */
export function ownerKey(owner: Owner): string {
  return digest(owner.network, owner.containerId, owner.ifname).slice(0, 32);
}

/**
 * Hex digits of SHA-256 over the parts, joined by NUL (which no name may hold, so that "a-b"+"c" is not "a"+"b-c").
 *
 * Bun's own hasher: importing node:crypto costs 4 ms of a process that lives 10 ms.
 */
export function digest(...parts: readonly string[]): string {
  return new Bun.CryptoHasher("sha256").update(parts.join("\0")).digest("hex");
}

/** `network/container/interface`, for people. */
export function formatOwner(owner: Owner): string {
  return `${owner.network}/${owner.containerId}/${owner.ifname}`;
}
