/** A page that measures pictures in itself: where texts leave their boxes, touch each other, or are crossed by lines. */

/** @returns HTML that holds a JSON list of complaints in its element `#complaints` once it is loaded */
export function measurePage(pictures: Readonly<Record<string, string>>): string {
  const parts = Object.entries(pictures).map(
    ([name, svg]) => `<div class="picture" data-name="${name}">${svg}</div>`,
  );
  return [
    '<!doctype html><meta charset="utf-8"><body>',
    ...parts,
    '<script id="complaints" type="application/json"></script>',
    `<script>(${measure})()</script></body>`,
  ].join("\n");
}

/** @returns the list out of the document's text */
export function complaintsIn(dom: string): readonly string[] {
  const found = /<script id="complaints" type="application\/json">(.*?)<\/script>/s.exec(dom)?.[1];
  if (found === undefined || found === "") throw new Error("the page did not measure itself");
  return JSON.parse(found);
}

/** Runs in the browser. */
const measure = `() => {
  const complaints = [];
  const slack = 0.5;
  const within = (a, b) => a.x >= b.x - slack && a.y >= b.y - slack &&
    a.x + a.width <= b.x + b.width + slack && a.y + a.height <= b.y + b.height + slack;
  const touch = (a, b) => a.x < b.x + b.width - slack && b.x < a.x + a.width - slack &&
    a.y < b.y + b.height - slack && b.y < a.y + a.height - slack;
  for (const picture of document.querySelectorAll(".picture")) {
    const svg = picture.querySelector("svg");
    const say = (text) => complaints.push(picture.dataset.name + ": " + text);
    // A line of text is as high as its letters, not as the font's tallest.
    const texts = [...svg.querySelectorAll("text")].map((element) => {
      const { x, y, width, height } = element.getBBox();
      return { text: element.textContent, element, x, y: y + height * 0.15, width, height: height * 0.7 };
    });
    const canvas = { x: 0, y: 0, width: svg.width.baseVal.value, height: svg.height.baseVal.value };
    const frames = [...svg.querySelectorAll(".frame")].map((element) => ({ element, ...box(element) }));
    function box(element) { const { x, y, width, height } = element.getBBox(); return { x, y, width, height }; }
    if (texts.length === 0 || texts.some(({ width }) => width === 0)) say("texts without width");
    for (const text of texts) {
      if (!within(text, canvas)) say(text.text + " leaves the picture");
      const frame = text.element.parentElement.querySelector(":scope > .frame");
      if (frame !== null && !within(text, box(frame))) say(text.text + " leaves its box");
    }
    for (const frame of frames) if (!within(frame, canvas)) say("a box leaves the picture");
    texts.sort((a, b) => a.x - b.x);
    for (let i = 0; i < texts.length; i++)
      for (let j = i + 1; j < texts.length && texts[j].x < texts[i].x + texts[i].width; j++)
        if (touch(texts[i], texts[j])) say(texts[i].text + " and " + texts[j].text + " overlap");
    for (const a of frames) for (const b of frames)
      if (a !== b && touch(a, b) && !within(a, b) && !within(b, a)) say("two boxes overlap at " + a.x + " " + a.y);
    for (const line of svg.querySelectorAll("path.line")) {
      const length = line.getTotalLength();
      for (let at = 0; at <= length; at += 3) {
        const { x, y } = line.getPointAtLength(at);
        const hit = texts.find((text) => touch(text, { x: x - 1, y: y - 1, width: 2, height: 2 }));
        if (hit !== undefined) { say("a line crosses " + hit.text); break; }
      }
    }
  }
  document.getElementById("complaints").textContent = JSON.stringify(complaints).replaceAll("<", "\\\\u003c");
}`;
