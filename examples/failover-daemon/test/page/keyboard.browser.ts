/** By keyboard alone, and as a screen reader has it. */
import t from 'tap'
import type { Page } from 'playwright-core'
import { launch, openPage, shown, widths } from './browser.js'
import { servePage } from './serve-page.js'
import { busy } from './snapshots.js'

const browser = await launch(t)
const server = await servePage(busy)
t.teardown(() => server.close())

/** What has the focus: its id, label or text, or at least what it is. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement
    if (element === null || element === document.body) return ''
    return (
      [element.id, element.getAttribute('aria-label'), element.textContent?.trim(), element.tagName].find(Boolean) ?? ''
    )
  })

t.test('everything that can be used is reached by Tab, in the order of the page, and shows its focus', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await shown(page)
  const usable = await page.evaluate(
    () =>
      [...document.querySelectorAll<HTMLElement>('a[href], button, input, summary')].filter((element) =>
        element.checkVisibility({ visibilityProperty: true }),
      ).length,
  )
  const seen: string[] = []
  for (;;) {
    await page.keyboard.press('Tab')
    const name = await focused(page)
    if (name === '' || (seen.length > 0 && name === seen[0])) break
    seen.push(name)
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle)
    t.not(outline, 'none', `focus of ${name}`)
    if (seen.length > 100) break
  }
  t.equal(seen.length, usable + 1, 'and the list of events, which scrolls')
  t.same(seen.slice(0, 2), ['Skip to the services', 'Skip to the events'])
})

t.test('the skip links lead past what comes before, and leave the filter alone', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#filter=web1`)
  await shown(page)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  t.equal(await focused(page), 'services')
  t.equal(new URL(page.url()).hash, '#filter=web1')
  await page.keyboard.press('Tab')
  t.equal(await focused(page), 'filter')
})

t.test('/ goes to the filter, which says how much it shows; Escape empties it', async (t) => {
  const { page, complaints } = await openPage(t, browser)
  await page.goto(server.url)
  await shown(page)
  await page.keyboard.press('/')
  t.equal(await focused(page), 'filter')
  await page.keyboard.type('failed 100:80')
  const said = page.locator('#shown')
  t.equal(await said.innerText(), '1 server in 1 service shown, of 16 servers in 4 services')
  t.equal(await page.locator('tbody tr:visible').count(), 1)
  t.equal(new URL(page.url()).hash, '#filter=failed+100%3A80')
  await page.keyboard.type(' nowhere/')
  t.equal(await page.getByText('Nothing matches.').isVisible(), true)
  await page.keyboard.press('Escape')
  t.equal(await page.getByRole('searchbox').inputValue(), '')
  t.equal(new URL(page.url()).hash, '')
  t.equal(await said.innerText(), '16 servers in 4 services')
  t.equal(await page.locator('tbody tr:visible').count(), 16)
  t.same(complaints, [])
})

t.test('only what needs attention, kept over a reload', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await shown(page)
  await page.getByRole('checkbox', { name: 'Only what needs attention' }).focus()
  await page.keyboard.press('Space')
  t.equal(await page.locator('tbody tr:visible').count(), 8)
  await page.reload()
  await shown(page)
  t.equal(await page.locator('tbody tr:visible').count(), 8)
})

t.test('a problem leads to its service, also past a filter', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#filter=dns1`)
  await shown(page)
  await page.getByRole('button', { name: 'Show tcp 192.0.2.100:443' }).focus()
  await page.keyboard.press('Enter')
  t.match(await focused(page), /192\.0\.2\.100:443/)
  t.equal(await page.locator('tbody tr:visible').count(), 16)
})

t.test('a transition opens by Enter', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await shown(page)
  const row = page.getByRole('row', { name: 'web12' })
  await row.locator('summary').focus()
  await page.keyboard.press('Enter')
  await row.getByText('from online to failed: refused: connect ECONNREFUSED').waitFor()
})

for (const width of widths) {
  t.test(`a screen reader has landmarks, headings and tables at ${width}`, async (t) => {
    const { page } = await openPage(t, browser, { viewport: { width, height: 900 } })
    await page.goto(server.url)
    await shown(page)
    const tree = await page.locator('body').ariaSnapshot()
    for (const expected of [
      /- banner:/,
      /- main "Services"/,
      /- complementary "Events"/,
      /- search:/,
      /- heading "IPVS director lb1\.example\.net" \[level=1\]/,
      /- heading "TCP 192\.0\.2\.100:80" \[level=3\]/i,
      /- table "Servers of tcp 192\.0\.2\.100:80"/,
      /- columnheader "Last transition"/,
      /- rowheader "192\.0\.2\.12:80 web12\.example\.net"/,
      /- cell "failed refused"/,
    ]) {
      t.match(tree, expected)
    }
    t.equal(await page.getByRole('table').count(), 4)
    t.equal(await page.getByRole('row').count(), 16 + 4)
  })
}
