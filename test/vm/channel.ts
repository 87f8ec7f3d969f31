/** Requests to the first process of a test machine and its replies; guest-init.sh is the other end. */
import type { Readable, Writable } from "node:stream";

export interface Reply {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Channel {
  /** Resolves when the machine answers requests. */
  readonly ready: Promise<void>;
  /** Has the machine run a shell script. Scripts may run at once. */
  request(script: string): Promise<Reply>;
}

/** Kernel messages go to the console, so that nothing but replies comes out of the virtio port. */
export function openChannel(toMachine: Writable, fromMachine: Readable): Channel {
  const waiting = new Map<number, (reply: Reply) => void>();
  let buffered = Buffer.alloc(0);
  let last = 0;
  const take = () => {
    for (;;) {
      const newline = buffered.indexOf("\n");
      if (newline < 0) return;
      const [id = 0, exitCode = 0, outSize = 0, errSize = 0] = buffered
        .toString("latin1", 0, newline)
        .split(" ")
        .map(Number);
      const body = newline + 1;
      const end = body + outSize + errSize;
      if (buffered.length < end) return;
      const stdout = buffered.toString("utf8", body, body + outSize);
      const stderr = buffered.toString("utf8", body + outSize, end);
      buffered = buffered.subarray(end);
      waiting.get(id)?.({ exitCode, stdout, stderr });
      waiting.delete(id);
    }
  };
  fromMachine.on("data", (part: Buffer) => {
    buffered = Buffer.concat([buffered, part]);
    take();
  });
  // A machine that is gone is noticed by its process, which says more.
  toMachine.on("error", () => {});
  const replyTo = (id: number) => new Promise<Reply>((resolve) => waiting.set(id, resolve));
  return {
    ready: replyTo(0).then(() => {}),
    request: (script) => {
      last += 1;
      const reply = replyTo(last);
      const bytes = Buffer.from(`${script}\n`);
      toMachine.write(`${last} ${bytes.length}\n`);
      toMachine.write(bytes);
      return reply;
    },
  };
}
