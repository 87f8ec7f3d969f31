import { describe, expect, it } from "vitest";
import { decodeHead, encodePost } from "../../../../lib/etcd/http/head.ts";
import { parseOrigin } from "../../../../lib/etcd/http/origin.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("the head of a request", () => {
  it("has the body's length in bytes, not in characters", () => {
    // curl -v -d '{"name":"é"}' -H 'Content-Type: application/json' http://a:2379/v3/auth/authenticate
    expect(text(encodePost({ authority: "a:2379", path: "/v3/kv/range" }, { A: "b" }, '{"name":"é"}'))).toBe(
      [
        "POST /v3/kv/range HTTP/1.1",
        "Host: a:2379",
        "Content-Type: application/json",
        "Content-Length: 13",
        "A: b",
        "",
        '{"name":"é"}',
      ].join("\r\n"),
    );
  });
});

describe("the head of a response", () => {
  const head = (...lines: readonly string[]) => decodeHead(lines.join("\r\n"));

  it.each([
    [["HTTP/1.1 200 OK", "Content-Length: 113"], { status: 200, framing: 113, keepsAlive: true }],
    [
      ["HTTP/1.1 400 Bad Request", "transfer-encoding:  Chunked "],
      { status: 400, framing: "chunked", keepsAlive: true },
    ],
    [
      ["HTTP/1.1 200 OK", "Content-Length: 1", "Connection: close"],
      { status: 200, framing: 1, keepsAlive: false },
    ],
    [["HTTP/1.1 200 OK"], { status: 200, framing: "close", keepsAlive: false }],
    [["HTTP/1.0 200 OK", "Content-Length: 1"], { status: 200, framing: 1, keepsAlive: false }],
    [["HTTP/1.1 204 No Content", "Content-Length: 7"], { status: 204, framing: 0, keepsAlive: true }],
    [["HTTP/1.1 500"], { status: 500, framing: "close", keepsAlive: false }],
    [
      ["HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 5"],
      { status: 200, framing: 5, keepsAlive: true },
    ],
  ])("of %j is understood", (lines, expected) => {
    expect(head(...lines)).toEqual(expected);
  });

  it.each([
    [["HTTP/2 200 OK"]],
    [["SSH-2.0-OpenSSH_9.2"]],
    [["HTTP/1.1 2x0 OK"]],
    [["HTTP/1.1 200 OK", "Content-Length: -1"]],
    [["HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 6"]],
    [["HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked"]],
  ])("of %j is none", (lines) => {
    expect(head(...lines)).toBeUndefined();
  });
});

describe("an endpoint", () => {
  it.each([
    ["http://10.0.0.5:2379", { secure: false, host: "10.0.0.5", port: 2379, authority: "10.0.0.5:2379" }],
    [
      "https://etcd.example:2379/",
      { secure: true, host: "etcd.example", port: 2379, authority: "etcd.example:2379" },
    ],
    [
      "http://[2001:DB8::1]:2379",
      { secure: false, host: "2001:db8::1", port: 2379, authority: "[2001:db8::1]:2379" },
    ],
    ["https://etcd.example", { secure: true, host: "etcd.example", port: 443, authority: "etcd.example" }],
  ])("%s names a server", (endpoint, expected) => {
    expect(parseOrigin(endpoint)).toEqual(expected);
  });

  it.each([
    ["10.0.0.5:2379"],
    ["ftp://a:2379"],
    ["http://a:2379/v3"],
    ["http://a:2379?x"],
    ["http://me:secret@a:2379"],
    ["http://a:99999"],
    [""],
  ])("%j names none", (endpoint) => {
    expect(parseOrigin(endpoint)).toBeUndefined();
  });
});
