import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf } from "../../../../plugins/vswitch/graph/graph-of.ts";
import { formatSvg } from "../../../../plugins/vswitch/graph/svg/format-svg.ts";
import { seed } from "../../../lib/seed.ts";
import { dumpDom, screenshot, whyNoChromium } from "./chromium.ts";
import { example, examples } from "./examples.ts";
import { complaintsIn, measurePage } from "./measure-page.ts";
import { readPng } from "./png.ts";
import { randomScene } from "./random-scene.ts";

const reason = whyNoChromium();
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "vswitch-picture-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** As large as the picture says it is. */
function sizeOf(svg: string) {
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

describe.skipIf(reason !== undefined)(`pictures in a browser${reason ? ` (${reason})` : ""}`, () => {
  test("hold every text in its box, with no text on another and no line through one", async () => {
    const pictures = Object.keys(examples).map((name) => [
      name,
      formatSvg(graphOf(example(name)), "a title"),
    ]);
    const page = join(dir, "page.html");
    writeFileSync(page, measurePage(Object.fromEntries(pictures)));
    expect(complaintsIn(await dumpDom(page))).toEqual([]);
  });

  test("of random hosts are as tidy", async () => {
    const scenes = fc.sample(randomScene, { seed, numRuns: 12 });
    const pictures = scenes.map((scene, i) => [`seed ${seed}, picture ${i}`, formatSvg(graphOf(scene))]);
    const page = join(dir, "random.html");
    writeFileSync(page, measurePage(Object.fromEntries(pictures)));
    expect(complaintsIn(await dumpDom(page))).toEqual([]);
  });

  test("that are bad are complained of", async () => {
    const text = (x: number, words: string) => `<text x="${x}" y="20" class="plain">${words}</text>`;
    const frame = '<rect x="0" y="0" width="40" height="30" class="frame"/>';
    const line = '<path class="line" d="M0 16 L300 16"/>';
    const bad = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="30"><g>${frame}${text(5, "much too long")}</g>${text(20, "over it")}${line}</svg>`;
    const page = join(dir, "bad.html");
    writeFileSync(page, measurePage({ bad }));
    expect(complaintsIn(await dumpDom(page))).toEqual([
      "bad: much too long leaves its box",
      "bad: much too long and over it overlap",
      expect.stringContaining("a line crosses"),
    ]);
  });

  test.each([
    ["three networks", [false, true]],
    ["300 containers and 30", [false]],
  ])("are drawn in light and dark: %s", async (name, schemes) => {
    const svg = formatSvg(graphOf(example(name)));
    const file = join(dir, "picture.svg");
    writeFileSync(file, svg);
    const size = sizeOf(svg);
    for (const dark of schemes) {
      const shot = join(dir, `${dark}.png`);
      await screenshot(file, shot, size, dark);
      const picture = readPng(readFileSync(shot));
      expect(picture).toMatchObject({ ...size, first: dark ? "0d1117" : "ffffff" });
      expect(picture.drawn).toBeGreaterThan(0.3);
      expect(picture.colours).toBeGreaterThan(100);
    }
  });
});
