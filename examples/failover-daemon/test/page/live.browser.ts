/** The page stays with the director: what happens shows, and a director that is gone is told and waited for. */
import t from 'tap'
import { axe, launch, openAtRest, openPage, shown } from './browser.js'
import { servePage } from './serve-page.js'
import { busy, calm, change, rowOf, serviceRow, withoutWeight } from './snapshots.js'

const browser = await launch(t)

t.test('a server that fails is failed in its row, in the events, in the title and in the banner', async (t) => {
  const status = calm()
  const server = await servePage(() => status)
  t.teardown(() => server.close())
  const { page, complaints } = await openPage(t, browser)
  await page.goto(server.url)
  await shown(page)
  t.equal(await page.title(), 'all well · lb1.example.net')
  t.equal(await page.getByText('Nothing has happened yet.').isVisible(), true)
  const [service] = status.services
  if (service === undefined) throw new Error('no service')
  const at = '2026-11-28T12:00:01.000Z'
  const why = { reason: 'refused', detail: 'connect ECONNREFUSED' }
  const lastTransition = { at, from: 'online', to: 'failed', ...why } as const
  const row = withoutWeight(rowOf(service, 1, { state: 'failed', ...why, lastTransition }))
  server.send(
    'change',
    change({
      time: at,
      servers: [row],
      services: [{ ...serviceRow(service), online: 3, quorum: 4, short: true }],
      events: [
        {
          id: 1,
          at,
          type: 'server',
          ok: false,
          service: service.service,
          server: row.server,
          from: 'online',
          to: 'failed',
          ...why,
        },
      ],
    }),
  )
  const shownRow = page.getByRole('row', { name: row.server })
  await shownRow.getByText('failed', { exact: true }).waitFor()
  t.match(await shownRow.innerText(), /refused[^]*out[^]*online → failed/)
  t.match(await page.locator('#events').innerText(), /online → failed[^]*refused: connect ECONNREFUSED/)
  t.equal(await page.title(), '1 problem · lb1.example.net')
  const alert = page.getByRole('alert').filter({ hasText: 'below its quorum' })
  t.match(await alert.innerText(), /tcp 192\.0\.2\.100:80 is below its quorum: 3 online, 4 needed/)
  t.same(complaints, [])
})

t.test(
  'a director that is gone is told, with the time of what is shown; when it is back, all is as it says',
  async (t) => {
    const first = await servePage(calm)
    const { page } = await openPage(t, browser)
    await page.goto(first.url)
    await shown(page)
    const notice = page.getByRole('alert').filter({ hasText: 'The connection is lost' })
    t.equal(await notice.isVisible(), false)
    await first.close()
    await notice.waitFor()
    t.match(await notice.innerText(), /as it was at \d\d:\d\d:\d\d, .*\. Trying again/)
    t.equal(await page.title(), 'connection lost · lb1.example.net')
    t.match(await page.getByRole('status').first().innerText(), /connection lost/)
    t.same(await axe(page), [])
    const second = await servePage(busy, first.port)
    t.teardown(() => second.close())
    await page.getByRole('heading', { name: '3 problems need a person' }).waitFor()
    await notice.waitFor({ state: 'hidden' })
    t.equal(await page.title(), '3 problems · lb1.example.net')
  },
)

t.test('an answer that is an error is not the end', async (t) => {
  let answers = false
  const server = await servePage(() => (answers ? calm() : undefined))
  t.teardown(() => server.close())
  const { page } = await openPage(t, browser)
  await page.goto(server.url)
  await page.getByText('There is nothing to show yet').waitFor()
  t.equal(await page.title(), 'no connection · IPVS director')
  answers = true
  await page.getByRole('row', { name: 'web11' }).waitFor()
  t.equal(await page.title(), 'all well · lb1.example.net')
})

t.test('a director that says nothing for 25 seconds is asked anew', async (t) => {
  let streams = 0
  let answers = true
  const server = await servePage(() => {
    streams++
    return answers ? calm() : undefined
  })
  t.teardown(() => server.close())
  const { page } = await openPage(t, browser)
  await openAtRest(page, server.url)
  await page.clock.runFor(20_000)
  t.equal(streams, 1)
  answers = false
  await page.clock.runFor(6000)
  t.equal(await page.title(), 'connection lost · lb1.example.net')
  answers = true
  await page.clock.runFor(30_000)
  await shown(page)
  t.equal(await page.title(), 'all well · lb1.example.net')
})

t.test('a director of another version brings another page', async (t) => {
  let status = calm()
  const server = await servePage(() => status)
  t.teardown(() => server.close())
  const { page } = await openPage(t, browser)
  await page.goto(`${server.url}#filter=web12`)
  await shown(page)
  await page.evaluate(() => Object.assign(globalThis, { old: true }))
  status = { ...status, director: { ...status.director, version: '0.2.0' } }
  server.send('status', status)
  await page.getByText('0.2.0').waitFor()
  t.equal(await page.evaluate(() => 'old' in globalThis), false)
  t.equal(await page.getByRole('searchbox').inputValue(), 'web12')
})
