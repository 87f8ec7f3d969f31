/** Shapes as the text of SVG. */
import { round, type Shape } from "./shape.ts";

export function encodeShape(shape: Shape, indent = ""): string {
  switch (shape.kind) {
    case "rect": {
      const { x, y, width, height, radius = 0 } = shape;
      const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
      return `${indent}<rect ${place}${radius > 0 ? ` rx="${radius}"` : ""} class="${escapeXml(shape.look)}"/>`;
    }
    case "text": {
      const place = `x="${round(shape.x)}" y="${round(shape.y)}"`;
      return `${indent}<text ${place} class="${escapeXml(shape.look)}">${escapeXml(shape.text)}</text>`;
    }
    case "line": {
      const end = shape.arrow === true ? ` marker-end="url(#tip-${escapeXml(shape.look)})"` : "";
      return `${indent}<path d="${shape.path}" class="line ${escapeXml(shape.look)}"${end}/>`;
    }
    case "group": {
      const tip = shape.tip === undefined ? [] : [`${indent}  <title>${escapeXml(shape.tip)}</title>`];
      const within = shape.shapes.map((one) => encodeShape(one, `${indent}  `));
      return [`${indent}<g class="${escapeXml(shape.look)}">`, ...tip, ...within, `${indent}</g>`].join("\n");
    }
  }
}

/** Text of an element, or of an attribute in double quotes. What XML 1.0 cannot hold at all is replaced. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\P{Cc}]|[\ufffe\uffff]|\p{Cs}/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
