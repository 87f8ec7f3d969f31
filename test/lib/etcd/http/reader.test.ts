import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReader } from "../../../../lib/etcd/http/reader.ts";
import { seed } from "../../seed.ts";

/** What etcd 3.4 answers to a duplicate key, whole (captured). */
const chunked =
  "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nTrailer: Grpc-Trailer-Content-Type\r\n" +
  "Transfer-Encoding: chunked\r\n\r\n" +
  '7e\r\n{"error":"etcdserver: duplicate key given in txn request","message":"etcdserver: duplicate key given in txn request","code":3}' +
  "\r\n0\r\nGrpc-Trailer-Content-Type: application/grpc\r\n\r\n";
const sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const endless = "HTTP/1.1 200 OK\r\n\r\nhello";

interface Read {
  readonly status: number | undefined;
  readonly body: string;
  /** Bytes too many; undefined while there is no end. */
  readonly rest: number | undefined;
}

/** Each piece in a buffer that is written over afterwards, as the runtime may do. */
function read(pieces: readonly Uint8Array[], { closed = false } = {}): Read {
  let status: number | undefined;
  let rest: number | undefined;
  const body: number[] = [];
  const reader = createReader({
    head: (head) => {
      status = head.status;
    },
    data: (bytes) => void body.push(...bytes),
    end: (count) => {
      rest = count;
    },
  });
  for (const piece of pieces) {
    const lent = piece.slice();
    reader.feed(lent);
    lent.fill(0x58);
  }
  if (closed) reader.finish();
  return { status, body: Buffer.from(body).toString(), rest };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const byteByByte = (text: string) => Array.from(bytes(text), (byte) => new Uint8Array([byte]));

describe("a response", () => {
  it.each([
    ["by its length", sized, { status: 200, body: "hello", rest: 0 }],
    ["without a body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", { status: 200, body: "", rest: 0 }],
    [
      "behind one that only says to go on",
      `HTTP/1.1 100 Continue\r\n\r\n${sized}`,
      { status: 200, body: "hello", rest: 0 },
    ],
    [
      "in chunks with extensions, and sizes in capitals",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\nA\r\nlo, world!\r\n0\r\n\r\n",
      { status: 200, body: "hello, world!", rest: 0 },
    ],
  ])("%s is read, whole and byte by byte", (_, text, expected) => {
    expect(read([bytes(text)])).toEqual(expected);
    expect(read(byteByByte(text))).toEqual(expected);
  });

  it("of etcd, with a trailer, is the same however it is cut", () => {
    const whole = bytes(chunked);
    const body = chunked.slice(chunked.indexOf("{"), chunked.indexOf("}") + 1);
    expect(body.length).toBe(0x7e);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, i) => whole.subarray(at[i], end));
        expect(read(pieces)).toEqual({ status: 400, body, rest: 0 });
      }),
      { seed, numRuns: 200 },
    );
  });

  it("without a length goes to the end of the connection", () => {
    expect(read([bytes(endless)])).toEqual({ status: 200, body: "hello", rest: undefined });
    expect(read([bytes(endless)], { closed: true })).toEqual({ status: 200, body: "hello", rest: 0 });
  });

  it("that is cut off has no end", () => {
    for (const text of [sized, chunked])
      expect(read([bytes(text.slice(0, -1))], { closed: true }).rest).toBeUndefined();
  });

  it("that is followed by more says how much", () => {
    expect(read([bytes(`${sized}HTTP/1.1`)]).rest).toBe(8);
  });

  it.each([
    ["another protocol, at its first bytes", "SSH-2.0"],
    ["a head of another kind", "HTTP/1.1 OK\r\n\r\n"],
    ["a head without end", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(20_000)}`],
    ["a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ["a chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n"],
    ["a size that goes on", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1".repeat(5000)}`],
  ])("is none: %s", (_, text) => {
    expect(() => read([bytes(text)])).toThrow(SyntaxError);
  });
});
