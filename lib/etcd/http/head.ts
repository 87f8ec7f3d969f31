/** Heads of HTTP/1.1 messages (RFC 9112), as text. */

export interface ResponseHead {
  readonly status: number;
  /** Of the body: its length in bytes, "chunked", or to the end of the connection. */
  readonly framing: number | "chunked" | "close";
  /** Whether the connection may serve again. */
  readonly keepsAlive: boolean;
}

/** @param headers names and values that hold no line break: ours. @returns a POST with a body of JSON */
export function encodePost(
  { authority, path }: { readonly authority: string; readonly path: string },
  headers: Readonly<Record<string, string>>,
  body: string,
): Uint8Array {
  const bytes = new TextEncoder().encode(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${authority}`,
    "Content-Type: application/json",
    `Content-Length: ${bytes.length}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const head = new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

/** @param text without the empty line. @returns undefined for what is no head of a response */
export function decodeHead(text: string): ResponseHead | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const [, minor, code] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first) ?? [];
  if (code === undefined) return undefined;
  const status = Number(code);
  const values = (name: string): readonly string[] =>
    lines
      .filter((line) => line.slice(0, line.indexOf(":")).toLowerCase() === name)
      .map((line) =>
        line
          .slice(line.indexOf(":") + 1)
          .trim()
          .toLowerCase(),
      );
  const framing = framingOf(status, values("transfer-encoding"), values("content-length"));
  if (framing === undefined) return undefined;
  const connection = values("connection").join(",");
  const keepsAlive = framing !== "close" && (minor === "1" ? !connection.includes("close") : false);
  return { status, framing, keepsAlive };
}

function framingOf(
  status: number,
  encodings: readonly string[],
  lengths: readonly string[],
): ResponseHead["framing"] | undefined {
  if (status < 200 || status === 204 || status === 304) return 0;
  if (encodings.length > 0) return encodings.join(",") === "chunked" ? "chunked" : undefined;
  const [length] = lengths;
  if (length === undefined) return "close";
  // Two lengths that differ, or a sign, mean that somebody between us and the server reads it in another way.
  if (!/^\d{1,15}$/.test(length) || lengths.some((other) => other !== length)) return undefined;
  return Number(length);
}
