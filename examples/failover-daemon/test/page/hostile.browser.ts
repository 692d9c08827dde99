/** Whatever services, servers and checks say is text. */
import t from 'tap'
import { axe, launch, openPage, overflow, photograph, shown, unfold, widths } from './browser.js'
import { servePage } from './serve-page.js'
import { hostile } from './snapshots.js'

const browser = await launch(t)
const server = await servePage(hostile)
t.teardown(() => server.close())

for (const width of widths) {
  t.test(`hostile names are harmless, and keep to their room, at ${width}`, async (t) => {
    const { page, complaints } = await openPage(t, browser, { viewport: { width, height: 900 } })
    const before = await (async () => {
      await page.goto(server.url)
      await shown(page)
      return page.evaluate(() => ({
        harmed: 'harmed' in globalThis,
        svg: document.querySelectorAll('svg:not(td.rate > svg)').length,
        images: document.images.length,
        handlers: [...document.querySelectorAll('*')].flatMap((element) =>
          element.getAttributeNames().filter((name) => name.startsWith('on')),
        ),
        turned: /[\u202a-\u202e\u2066-\u2069\u200f]/.test(document.body.innerText),
      }))
    })()
    t.same(before, { harmed: false, svg: 0, images: 1, handlers: [], turned: false })
    t.match(await page.locator('h1').innerText(), /<svg onload=/)
    t.equal(await overflow(page), 0)
    await unfold(page)
    const most = {
      'tbody tr': width === 360 ? 240 : 100,
      '#events li': 280,
      '#director': 280,
      '#needs li': 100,
      '.service > header': 160,
      '.settings': 160,
      '.foreign li': 100,
    }
    for (const [part, limit] of Object.entries(most)) {
      const heights = await page
        .locator(part)
        .evaluateAll((found) => found.map((each) => each.getBoundingClientRect().height))
      t.ok(Math.max(...heights) < limit, `${part}: ${heights.map(Math.round).join(', ')}`)
    }
    await photograph(page, `hostile-${width}-light`)
    t.same(await axe(page), [])
    t.same(complaints, [])
  })
}

t.test('the detail is there in full for who asks', async (t) => {
  const { page } = await openPage(t, browser, { viewport: { width: 360, height: 740 } })
  await page.goto(server.url)
  await shown(page)
  const details = page.locator('tbody tr').nth(2).locator('details')
  await details.locator('summary').click()
  t.match(await details.innerText(), new RegExp(`x{10000}`))
  t.equal(await overflow(page), 0)
})

t.test('a hostile filter in the address is text, too', async (t) => {
  const { page, complaints } = await openPage(t, browser)
  await page.goto(`${server.url}#filter=${encodeURIComponent('"><svg onload=alert(1)>')}`)
  await shown(page)
  t.equal(await page.getByRole('searchbox').inputValue(), '"><svg onload=alert(1)>')
  t.same(complaints, [])
})
