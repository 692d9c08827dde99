import { getEventListeners } from 'node:events'
import t from 'tap'
import { createQueue, type Waiting } from '../lib/queue.js'

const open: Waiting = { closed: () => new Error('closed') }

/** A queue whose batches are answered by hand; an item's result is the item in capitals. */
function held(maxItems = 100) {
  const batches: {
    readonly items: readonly string[]
    readonly answer: () => Promise<void>
    readonly fail: () => void
  }[] = []
  const sent: string[] = []
  const queue = createQueue<string, string>((items) => {
    sent.push(items.join(' '))
    return new Promise((resolve, reject) => {
      const answer = async () => {
        resolve(items.map((item) => item.toUpperCase()))
        await settled()
      }
      batches.push({ items, answer, fail: () => reject(new Error('the session broke')) })
    })
  }, maxItems)
  return { queue, batches, sent }
}

/** Lets everything that needs no event run. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}

async function reasonOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'fulfilled',
    (reason: unknown) => reason,
  )
}

t.test('what is pushed in one turn goes out as one batch, and each push gets its own results', async (t) => {
  const { queue, batches, sent } = held()
  const calls = Promise.all([queue.push(['a'], open), queue.push([], open), queue.push(['b', 'c'], open)])
  t.same(sent, [], 'nothing is sent within the turn')
  await settled()
  t.same(sent, ['a b c'])
  await batches[0]?.answer()
  t.same(await calls, [['A'], [], ['B', 'C']])
})

t.test('one batch is in flight: later pushes wait and go out together, in order', async (t) => {
  const { queue, batches, sent } = held()
  void queue.push(['a'], open)
  await settled()
  void queue.push(['b'], open)
  await settled()
  void queue.push(['c'], open)
  await settled()
  t.same(sent, ['a'])
  await batches[0]?.answer()
  t.same(sent, ['a', 'b c'])
})

t.test('a batch holds at most maxItems; a push is never split', async (t) => {
  const { queue, batches, sent } = held(3)
  for (const items of [['a', 'b'], ['c'], ['d'], ['e', 'f', 'g', 'h'], ['i']]) void queue.push(items, open)
  await settled()
  for (let i = 0; i < 4; i++) await batches[i]?.answer()
  t.same(sent, ['a b c', 'd', 'e f g h', 'i'])
})

t.test('what waits behind a full batch is not overtaken by something smaller', async (t) => {
  const { queue, batches, sent } = held(3)
  for (const items of [['a', 'b'], ['c', 'd'], ['e']]) void queue.push(items, open)
  await settled()
  await batches[0]?.answer()
  t.same(sent, ['a b', 'c d e'])
})

t.test('exclusive work stands alone and in its place', async (t) => {
  const { queue, batches, sent } = held()
  void queue.push(['before'], open)
  const work = queue.exclusive(async (send) => {
    const [read] = await send(['read'])
    return send([`write-${read}`])
  }, open)
  void queue.push(['after'], open)
  await settled()
  for (let i = 0; i < 4; i++) await batches[i]?.answer()
  t.same(sent, ['before', 'read', 'write-READ', 'after'])
  t.same(await work, ['WRITE-READ'])
})

t.test('exclusive work that fails rejects its call only', async (t) => {
  const { queue, batches } = held()
  const failed = queue.exclusive(() => Promise.reject(new Error('no')), open)
  const next = queue.push(['next'], open)
  t.match(await reasonOf(failed), { message: 'no' })
  await settled()
  await batches[0]?.answer()
  t.same(await next, ['NEXT'])
})

t.test('a batch that fails rejects each of its calls, and the queue goes on', async (t) => {
  const { queue, batches } = held()
  const calls = [queue.push(['a'], open), queue.push(['b'], open)]
  await settled()
  const next = queue.push(['c'], open)
  batches[0]?.fail()
  for (const call of calls) t.match(await reasonOf(call), { message: 'the session broke' })
  await settled()
  await batches[1]?.answer()
  t.same(await next, ['C'])
})

t.test('an abort withdraws what waits, exclusive work too, and leaves the rest in order', async (t) => {
  const { queue, batches, sent } = held()
  const controller = new AbortController()
  const withdrawn: Waiting = { ...open, signal: controller.signal }
  void queue.push(['in flight'], open)
  await settled()
  const calls = [
    queue.push(['x'], withdrawn),
    queue.exclusive((send) => send(['y']), withdrawn),
    queue.push(['z'], withdrawn),
  ]
  void queue.push(['stays'], open)
  controller.abort(new Error('never mind'))
  for (const call of calls) t.match(await reasonOf(call), { message: 'never mind' })
  await batches[0]?.answer()
  t.same(sent, ['in flight', 'stays'])
})

t.test('an abort after sending changes nothing: the answer is awaited', async (t) => {
  const { queue, batches } = held()
  const controller = new AbortController()
  const call = queue.push(['a'], { ...open, signal: controller.signal })
  await settled()
  controller.abort()
  await batches[0]?.answer()
  t.same(await call, ['A'])
})

t.test('a signal that has fired already sends nothing', async (t) => {
  const { queue, sent } = held()
  const signal = AbortSignal.abort('too late')
  t.equal(await reasonOf(queue.push(['a'], { ...open, signal })), 'too late')
  await settled()
  t.same(sent, [])
})

t.test('however many calls wait under a signal, it has one listener, and none when they are through', async (t) => {
  const { queue, batches } = held()
  const { signal } = new AbortController()
  const listeners = () => getEventListeners(signal, 'abort').length
  const calls = Array.from({ length: 50 }, (_, i) => queue.push([String(i)], { ...open, signal }))
  t.equal(listeners(), 1)
  await settled()
  t.equal(listeners(), 0)
  await batches[0]?.answer()
  await Promise.all(calls)
  const closing = queue.push(['a'], { ...open, signal })
  void queue.close()
  t.match(await reasonOf(closing), { message: 'closed' })
  t.equal(listeners(), 0)
})

t.test('close rejects what waits, each with its own reason, and waits for the batch in flight', async (t) => {
  const { queue, batches, sent } = held()
  const flying = queue.push(['in flight'], open)
  await settled()
  const waiting = [
    queue.push(['a'], { closed: () => new Error('push was closed') }),
    queue.exclusive((send) => send(['b']), { closed: () => new Error('work was closed') }),
  ]
  let closed = false
  const closing = queue.close().then(() => (closed = true))
  t.match(await Promise.all(waiting.map(reasonOf)), [{ message: 'push was closed' }, { message: 'work was closed' }])
  t.match(await reasonOf(queue.push(['late'], open)), { message: 'closed' })
  t.match(await reasonOf(queue.exclusive((send) => send(['late']), open)), { message: 'closed' })
  await settled()
  t.equal(closed, false)
  await batches[0]?.answer()
  await closing
  t.same(await flying, ['IN FLIGHT'])
  t.same(sent, ['in flight'])
})

t.test('close lets exclusive work that has begun send its remainder', async (t) => {
  const { queue, batches, sent } = held()
  const work = queue.exclusive(async (send) => {
    await send(['read'])
    return send(['write'])
  }, open)
  await settled()
  const closing = queue.close()
  await batches[0]?.answer()
  await batches[1]?.answer()
  t.same(await work, ['WRITE'])
  await closing
  t.same(sent, ['read', 'write'])
})
