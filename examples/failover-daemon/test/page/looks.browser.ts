/** How it looks, at three widths, light and dark: without faults that a program can find, and with pictures for the others. */
import t from 'tap'
import { axe, launch, openPage, overflow, photograph, schemes, shown, unfold, widths } from './browser.js'
import { servePage } from './serve-page.js'
import { busy, calm, many, status } from './snapshots.js'

const browser = await launch(t)
const heights = { 360: 740, 1280: 900, 3840: 2160 }
const snapshots = { busy, calm, nothing: () => status([]), many: () => many(50, 10) }

for (const [name, make] of Object.entries(snapshots)) {
  const server = await servePage(make)
  t.teardown(() => server.close())
  for (const width of widths) {
    for (const colorScheme of schemes) {
      if (name !== 'busy' && (width === 3840) === (colorScheme === 'light')) continue
      t.test(`${name} at ${width}, ${colorScheme}`, async (t) => {
        const viewport = { width, height: heights[width] }
        const { page, complaints } = await openPage(t, browser, { viewport, colorScheme })
        await page.goto(server.url)
        await shown(page)
        t.equal(await overflow(page), 0)
        await unfold(page)
        await photograph(page, `${name}-${width}-${colorScheme}`)
        if (name !== 'many') t.same(await axe(page), [])
        t.same(complaints, [])
      })
    }
  }
}

t.test('with colours that the reader has chosen', async (t) => {
  const server = await servePage(busy)
  t.teardown(() => server.close())
  const { page, complaints } = await openPage(t, browser, { forcedColors: 'active' })
  await page.goto(server.url)
  await shown(page)
  await unfold(page)
  await photograph(page, 'busy-1280-forced-colors')
  const mark = page.locator('tbody [data-state=failed] .mark, tbody [data-state=failed].mark').first()
  t.not(await mark.evaluate((element) => getComputedStyle(element).backgroundColor), 'rgba(0, 0, 0, 0)')
  t.same(complaints, [])
})

t.test('who wants no motion gets none', async (t) => {
  const server = await servePage(busy)
  t.teardown(() => server.close())
  const { page } = await openPage(t, browser, { reducedMotion: 'reduce' })
  await page.goto(server.url)
  await shown(page)
  const moving = () =>
    [...document.querySelectorAll('*')].filter((element) => {
      const { animationName, transitionDuration } = getComputedStyle(element)
      return animationName !== 'none' || transitionDuration.split(', ').some((duration) => duration !== '0s')
    }).length
  t.equal(await page.evaluate(moving), 0)
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  t.not(await page.evaluate(moving), 0, 'the others do')
})
