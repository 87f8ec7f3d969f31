/** The bench's end of a caller. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { enterWords } from "../system/command.ts";
import type { Namespace } from "../system/namespaces.ts";
import { toolPath } from "../system/run-program.ts";
import type { CallAnswer, CallReply, CallRequest } from "./call.ts";

export interface Caller {
  /** One request at a time. @throws with the words of the plugin that failed */
  call(request: CallRequest): Promise<CallReply>;
  close(): Promise<void>;
}

/** Starts a caller inside a host. Its environment is literal: no certificates of Node, no proxies, no locale. */
export function startCaller(ns: Namespace): Caller {
  const [program = "", ...words] = enterWords(ns, [process.execPath, join(import.meta.dirname, "caller.ts")]);
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"], env: { PATH: toolPath } });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    async call(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`the caller in ${ns.name} ended: ${howEnded(child)}`);
      const answer = JSON.parse(value) as CallAnswer;
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

function howEnded(child: ChildProcess): string {
  return child.signalCode ?? `exit code ${child.exitCode}`;
}
