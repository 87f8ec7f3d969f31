/** Registers (linux/netfilter/nf_tables.h, enum nft_registers): 64 bytes, named in units of 16 or of 4 bytes. */
export const NFT_REG_VERDICT = 0;
export const NFT_REG_1 = 1;
export const NFT_REG32_00 = 8;

/**
 * The register that begins at this byte, under the name by which nft and the kernel's replies know it.
 * @param offset multiple of 4, below 64
 */
export function registerAt(offset: number): number {
  return offset % 16 === 0 ? NFT_REG_1 + offset / 16 : NFT_REG32_00 + offset / 4;
}
