/** What became of something that was to be mended. */
export type Verdict =
  | "as planned"
  | "mended"
  | "would be mended"
  | "differs still"
  | "beyond repair"
  | "not checked";

/** Whether nothing of it is left to do. */
export const isFine = (verdict: Verdict): boolean =>
  verdict === "as planned" || verdict === "mended" || verdict === "not checked";
