/** Debian's chromium with the page, and everything that it complains of. */
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type Axe from 'axe-core'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'

/** Where the screenshots go. */
export const artifacts = process.env['NODE_IPVS_ARTIFACTS'] ?? join(process.cwd(), '.artifacts')

/** The widths and colours that are looked at. */
export const widths = [360, 1280, 3840] as const
export const schemes = ['light', 'dark'] as const

/** One for all tests of a program; it ends with them. */
export async function launch(t: Pick<Test, 'setTimeout' | 'teardown'>): Promise<Browser> {
  t.setTimeout(240_000)
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  t.teardown(() => browser.close())
  return browser
}

/** A page of its own, and what it complained of: errors, and violations of its content security policy. */
export async function openPage(
  t: Pick<Test, 'teardown'>,
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  t.teardown(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`blocked by ${violatedDirective}: ${blockedURI}`)
    })
  })
  return { page, complaints }
}

/** Until a snapshot is in the document. */
export const shown = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => document.body.dataset['connection'] === 'live')

/** Opens it with a clock that stands still, unless it is told to run. */
export async function openAtRest(page: Page, url: string): Promise<void> {
  await page.clock.install()
  await page.goto(url)
  await shown(page)
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000)
}

/** What axe finds wrong, as lines. */
export async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { readonly axe: typeof Axe }
    const { violations } = await axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    })
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.slice(0, 3).map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
    )
  })
}

/** Pixels that a picture may have. */
const most = 16e6

/** Makes the window as high as the page: what is out of sight is neither laid out nor drawn. */
export async function unfold(page: Page): Promise<void> {
  const { width = 1280 } = page.viewportSize() ?? {}
  for (let i = 0; i < 3; i++) {
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    await page.setViewportSize({ width, height: Math.min(height, 12_000, Math.round(most / width)) })
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  }
}

/** A picture, to be looked at. */
export async function photograph(page: Page, name: string): Promise<void> {
  await mkdir(artifacts, { recursive: true })
  await page.screenshot({ path: join(artifacts, `${name}.png`), animations: 'disabled' })
}

/** By how many pixels the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
