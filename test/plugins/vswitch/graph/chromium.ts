/** Headless Chromium, as a stranger to our files: it opens them and says what it sees. It gets no network. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

const program = Bun.which("chromium", { PATH: "/usr/bin:/usr/lib/chromium" });

/** Says why Chromium cannot be used here, or undefined when it can. */
export function whyNoChromium(): string | undefined {
  return program === null ? "the program chromium is not installed" : undefined;
}

/** What a page looks like. @returns the file of the screenshot */
export async function screenshot(
  page: string,
  file: string,
  size: { readonly width: number; readonly height: number },
  dark = false,
): Promise<void> {
  const scheme = dark ? ["--blink-settings=preferredColorScheme=0"] : [];
  await run([
    ...scheme,
    `--screenshot=${file}`,
    `--window-size=${size.width},${size.height}`,
    `file://${page}`,
  ]);
}

/** The document after its scripts have run, as text. */
export function dumpDom(page: string): Promise<string> {
  return run(["--dump-dom", `file://${page}`]);
}

async function run(args: readonly string[]): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), "vswitch-chromium-"));
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    `--user-data-dir=${profile}`,
  ];
  const root = process.getuid?.() === 0;
  const enter = root ? ["unshare", "--net"] : [];
  const [command = "", ...words] = [...enter, program ?? "chromium", ...flags, ...args];
  try {
    const { stdout } = await execa(command, words, { timeout: 90_000, maxBuffer: 256 * 1024 * 1024 });
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}
