/**
 * A vitest pool that runs each test file in a Bun process of its own.
 *
 * Vitest's own pool of processes does not start under Bun (its watchdog unrefs an IPC channel, which Bun
 * has not), and in its pool of threads a crash of one ended thread takes all results with it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { PoolOptions, PoolRunnerInitializer, PoolWorker } from "vitest/node";

/** How long a worker may take to end by itself once it is told to, ms. */
const patience = 500;

export const processPool: PoolRunnerInitializer = {
  name: "processes",
  createPoolWorker: (options) => new ProcessWorker(options),
};

class ProcessWorker implements PoolWorker {
  readonly name = "processes";
  readonly cacheFs = true;
  readonly #options: PoolOptions;
  #child: ChildProcess | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get #running(): ChildProcess {
    if (this.#child === undefined) throw new Error("the worker process is not running");
    return this.#child;
  }

  async start(): Promise<void> {
    const { distPath, env, execArgv } = this.#options;
    this.#child = fork(join(distPath, "workers/forks.js"), [], {
      env: { ...env },
      execArgv,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    await once(this.#child, "spawn");
  }

  async stop(): Promise<void> {
    const child = this.#running;
    const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, "exit");
    child.kill();
    const late = setTimeout(() => child.kill("SIGKILL"), patience);
    await ended;
    clearTimeout(late);
    this.#child = undefined;
  }

  on(event: string, callback: (...args: unknown[]) => void): void {
    this.#running.on(event, callback);
  }

  off(event: string, callback: (...args: unknown[]) => void): void {
    this.#running.off(event, callback);
  }

  send(message: object): void {
    this.#running.send(message);
  }

  deserialize(data: unknown): unknown {
    return data;
  }
}
