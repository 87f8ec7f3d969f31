/** Colours and fonts, in light and dark; texts keep a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3). */
import { fonts } from "./text-width.ts";

type Colours = Readonly<Record<string, string>>;

const light: Colours = {
  paper: "#ffffff",
  ink: "#1f2328",
  muted: "#59636e",
  wire: "#6e7781",
  "host-fill": "#f6f8fa",
  "host-line": "#8c959f",
  "box-fill": "#ffffff",
  "box-line": "#8c959f",
  "switch-fill": "#ddf4ff",
  "switch-line": "#0969da",
  "station-fill": "#dafbe1",
  "station-line": "#1a7f37",
  "entrance-fill": "#fff1e5",
  "entrance-line": "#bc4c00",
  "good-fill": "#dafbe1",
  "good-line": "#1a7f37",
  "rule-fill": "#fbefff",
  "rule-line": "#8250df",
  "bad-fill": "#ffebe9",
  "bad-line": "#cf222e",
};

const dark: Colours = {
  paper: "#0d1117",
  ink: "#f0f6fc",
  muted: "#9198a1",
  wire: "#9198a1",
  "host-fill": "#151b23",
  "host-line": "#656c76",
  "box-fill": "#0d1117",
  "box-line": "#656c76",
  "switch-fill": "#0c2d6b",
  "switch-line": "#4493f8",
  "station-fill": "#04260f",
  "station-line": "#3fb950",
  "entrance-fill": "#3d1300",
  "entrance-line": "#f0883e",
  "good-fill": "#04260f",
  "good-line": "#3fb950",
  "rule-fill": "#271052",
  "rule-line": "#ab7df8",
  "bad-fill": "#490202",
  "bad-line": "#f85149",
};

/** Boxes by their look: fill and line. */
const boxes: Readonly<Record<string, readonly [fill: string, line: string]>> = {
  outside: ["box-fill", "box-line"],
  border: ["box-fill", "box-line"],
  host: ["box-fill", "box-line"],
  switch: ["switch-fill", "switch-line"],
  port: ["box-fill", "switch-line"],
  station: ["station-fill", "station-line"],
  entrance: ["entrance-fill", "entrance-line"],
  guard: ["good-fill", "good-line"],
  unguarded: ["bad-fill", "bad-line"],
  acl: ["rule-fill", "rule-line"],
  qos: ["rule-fill", "rule-line"],
  nat: ["rule-fill", "rule-line"],
  warning: ["bad-fill", "bad-line"],
};

/** Lines by their look, with their width. */
export const lines: Readonly<Record<string, readonly [colour: string, width: number, dashes?: string]>> = {
  cable: ["wire", 1.5],
  trunk: ["switch-line", 2],
  uplink: ["wire", 3],
  publishes: ["entrance-line", 1.5],
  reaches: ["station-line", 1.5, "5 3"],
};

export function styleSheet(): string {
  const variables = (colours: Colours): string =>
    Object.entries(colours)
      .map(([name, value]) => `--${name}:${value}`)
      .join(";");
  return [
    `svg{${variables(light)};color-scheme:light dark}`,
    `@media (prefers-color-scheme:dark){svg{${variables(dark)}}}`,
    "text{fill:var(--ink);font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}",
    ...Object.values(fonts).map(
      ({ name, size }) =>
        `.${name}{font-size:${size}px${name === "title" || name === "strong" ? ";font-weight:bold" : ""}}`,
    ),
    ".muted{fill:var(--muted)}",
    ".paper{fill:var(--paper)}",
    ".host-area{fill:var(--host-fill);stroke:var(--host-line);stroke-width:1.5}",
    ".bar{fill:var(--switch-line)}",
    ".outside>.frame{stroke-dasharray:6 4}",
    ...Object.entries(boxes).map(
      ([look, [fill, line]]) => `.${look}>.frame{fill:var(--${fill});stroke:var(--${line})}`,
    ),
    ".line{fill:none}",
    ...Object.entries(lines).map(
      ([look, [colour, width, dashes]]) =>
        `.line.${look}{stroke:var(--${colour});stroke-width:${width}${dashes === undefined ? "" : `;stroke-dasharray:${dashes}`}}` +
        `#tip-${look} path{fill:var(--${colour})}`,
    ),
  ].join("\n");
}
