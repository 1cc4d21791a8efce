// Take pictures: node shoot.mjs CHROMIUM JOBS_JSON.
// A job is {url, width, out}. The page says when it is drawn, and what it could not draw.
import { chromium } from "playwright-core";

const [executablePath, jobs] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
let failed = false;
for (const { url, width, out } of JSON.parse(jobs)) {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const complaints = new Set();
  page.on("pageerror", (error) => complaints.add(String(error.stack ?? error).slice(0, 600)));
  await page.goto(url, { timeout: 120000 });
  await page.waitForFunction(() => window.drawn !== undefined, undefined, { timeout: 180000 });
  // Panels below the fold are drawn when they come into view.
  await page.setViewportSize({ width, height: Math.ceil(await page.evaluate(() => window.drawn.height)) });
  const drawn = () =>
    [...document.querySelectorAll('[data-testid="data-testid panel content"]')].every((panel) => panel.innerText || panel.querySelector("canvas, svg"));
  await page.waitForFunction(drawn, undefined, { timeout: 60000 }).catch(() => complaints.add("panels without content"));
  await page.waitForTimeout(1500);
  await page.screenshot({ path: out, fullPage: true });
  const errors = [...(await page.evaluate(() => window.drawn.errors)), ...complaints];
  failed ||= errors.length > 0;
  console.log(out, errors.length ? errors.join("\n  ") : "drawn");
  await page.close();
}
await browser.close();
process.exit(failed ? 1 : 0);
