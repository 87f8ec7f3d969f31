import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readStdin } from "../../../lib/cni/stdin.ts";
import { failure } from "./attachment.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cni-stdin-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function readFile(content: Uint8Array, limit?: number): Uint8Array {
  const file = join(folder, "input");
  writeFileSync(file, content);
  const fd = openSync(file, "r");
  try {
    return readStdin(limit, fd);
  } finally {
    closeSync(fd);
  }
}

describe("stdin", () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 1_000_000])("of %d bytes is read to its end", (size) => {
    const content = Uint8Array.from({ length: size }, (_, i) => i % 251);
    expect(Buffer.compare(readFile(content), content)).toBe(0);
  });

  test("of exactly the limit is read, one byte more is code 5", () => {
    expect(readFile(new Uint8Array(100_000), 100_000)).toHaveLength(100_000);
    expect(failure(() => readFile(new Uint8Array(100_001), 100_000)).code).toBe(5);
  });

  test("that is closed is code 5", () => {
    expect(failure(() => readStdin(10, 9999))).toMatchObject({
      code: 5,
      message: expect.stringContaining("EBADF"),
    });
  });

  test("that is a folder is code 5", () => {
    const fd = openSync(folder, "r");
    try {
      expect(failure(() => readStdin(10, fd)).code).toBe(5);
    } finally {
      closeSync(fd);
    }
  });
});

/** Prints what was read and the processor time that reading took, in ms. */
const reader = `
  import { readStdin } from ${JSON.stringify(join(import.meta.dirname, "../../../lib/cni/stdin.ts"))};
  const before = process.cpuUsage();
  const text = new TextDecoder().decode(readStdin());
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ text, cpuMs: (user + system) / 1000 }));
`;

/** Hands the reader a non-blocking pipe or socket whose writer takes 400 ms. */
const perl = (open: string) => `
  use Socket; use Fcntl;
  ${open}
  my $pid = fork() // die;
  if ($pid == 0) {
    close W;
    fcntl(R, F_SETFL, O_NONBLOCK) or die;
    open(STDIN, "<&R") or die;
    exec @ARGV or die;
  }
  close R;
  for my $part ("{", '"a":', "1}") { select(undef, undef, undef, 0.13); syswrite(W, $part); }
  close W;
  waitpid($pid, 0);
  exit($? >> 8);
`;

describe("a non-blocking stdin with a slow writer", () => {
  test.each([
    ["pipe", "pipe(R, W) or die;"],
    ["socket", "socketpair(R, W, AF_UNIX, SOCK_STREAM, 0) or die;"],
  ])("(%s) is waited for without spinning", async (_, open) => {
    const file = join(folder, "reader.ts");
    writeFileSync(file, reader);
    const { stdout } = await execa("perl", ["-e", perl(open), process.execPath, file]);
    const seen = JSON.parse(stdout);
    expect(seen.text).toBe('{"a":1}');
    expect(seen.cpuMs).toBeLessThan(130);
  });
});
