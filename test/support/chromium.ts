/** Debian's Chromium, or the one that CHROMIUM names. */
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A page of a browser that asks nothing of its maker, and ends with the work. */
export async function inChromium<T>(work: (page: Page) => Promise<T>, options: BrowserContextOptions = {}): Promise<T> {
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", ...QUIET],
  });
  try {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(60_000);
    return await work(page);
  } finally {
    await browser.close();
  }
}
