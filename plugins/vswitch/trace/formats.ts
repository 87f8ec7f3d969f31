/** The formats of a trace by their names; their code is loaded when one is asked for. */
import type { TraceView } from "./view.ts";

export const traceFormats = ["text", "minimal", "detailed", "json", "svg"] as const;
export type TraceFormat = (typeof traceFormats)[number];

type Format = (view: TraceView) => string;

export const loadFormat: Readonly<Record<TraceFormat, () => Promise<Format>>> = {
  text: async () => (await import("./format-text.ts")).formatText,
  minimal: async () => (await import("./format-minimal.ts")).formatMinimal,
  detailed: async () => (await import("./format-detailed.ts")).formatDetailed,
  svg: async () => (await import("./format-svg.ts")).formatSvg,
  json: async () => (view) => JSON.stringify(view),
};
