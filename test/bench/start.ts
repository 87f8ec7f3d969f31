/** Starts one process and measures it. */

export interface Call {
  readonly cmd: readonly string[];
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: Uint8Array;
}

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
  readonly cpuMs: number;
  readonly maxRssKiB: number;
}

/** A hanging plugin must not hang the bench. The reference needs a minute for 1000 ports. */
const timeout = 600_000;

/**
 * Runs a process to its end with nothing else going on in this one.
 * @param memory by way of a small process between: see `memoryLauncher`
 */
export function startSync(call: Call, memory: boolean): Finished {
  const started = performance.now();
  const child = Bun.spawnSync({
    cmd: memory ? [...memoryLauncher(), ...call.cmd] : [...call.cmd],
    env: { ...call.env },
    cwd: "/",
    stdin: call.stdin,
    stdout: "pipe",
    stderr: "pipe",
    timeout,
  });
  const ms = performance.now() - started;
  const stderr = child.stderr.toString();
  const [, kiB] = /maxrss (\d+)\n$/.exec(stderr) ?? [];
  return {
    exitCode: child.exitCode,
    stdout: child.stdout.toString(),
    stderr,
    ms,
    cpuMs: cpuOf(child.resourceUsage),
    maxRssKiB: memory ? Number(kiB) : 0,
  };
}

/** Starts a process and waits for its end while others run. */
export async function startTogether(call: Call): Promise<Finished> {
  const started = performance.now();
  const child = Bun.spawn({
    cmd: [...call.cmd],
    env: { ...call.env },
    cwd: "/",
    stdin: call.stdin,
    stdout: "pipe",
    stderr: "pipe",
    timeout,
  });
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const exitCode = await child.exited;
  const ms = performance.now() - started;
  const [stdout, stderr] = await output;
  return { exitCode, stdout, stderr, ms, cpuMs: cpuOf(child.resourceUsage()), maxRssKiB: 0 };
}

function cpuOf(usage: Bun.ResourceUsage | undefined): number {
  return Number(usage?.cpuTime.total ?? 0) / 1000;
}

/**
 * Words put before an executable to have its peak memory as the last line of standard error.
 *
 * The kernel counts into ru_maxrss what the process had before exec(2): after a vfork that is the peak of the parent,
 * here some 30 MiB of Bun. perl (part of every Debian) is 6 MiB and asks by getrusage(2), RUSAGE_CHILDREN.
 */
function memoryLauncher(): readonly string[] {
  const getrusage = process.arch === "x64" ? 98 : 165;
  const script = `system { $ARGV[0] } @ARGV; my $code = $?; my $usage = "\\0" x 144;
    syscall(${getrusage}, -1, $usage); print STDERR "maxrss ", unpack("x32 q", $usage), "\\n"; exit($code >> 8);`;
  return ["/usr/bin/perl", "-e", script, "--"];
}
