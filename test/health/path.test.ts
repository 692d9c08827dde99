import t from 'tap'
import type { Verdict } from '../../lib/health/index.js'
import { explained, silentNeighbours, sourceTowards } from '../../lib/health/path.js'

const fail = (reason: string): Verdict => ({ outcome: 'fail', reason })
const here = '192.0.2.1'
const target = '192.0.2.11'
const surroundings = { addresses: new Set([here]), silent: new Set<string>() }
const down = { ...surroundings, addresses: new Set<string>() }
const dead = { ...surroundings, silent: new Set([target]) }
const attempt = { to: target, from: here, answered: false }

t.test('silence is a timeout, a dead host unreachable, an own link that is down inconclusive', async (t) => {
  const timeout = fail('timeout')
  t.equal(
    explained(timeout, attempt, () => surroundings),
    timeout,
  )
  t.match(
    explained(timeout, attempt, () => dead),
    fail('unreachable'),
  )
  t.match(
    explained(timeout, attempt, () => down),
    { outcome: 'inconclusive', reason: 'local', detail: /192\.0\.2\.1 is/ },
  )
  t.match(
    explained(fail('unreachable'), attempt, () => down),
    { outcome: 'inconclusive' },
  )
})

t.test('nobody looks around where there is nothing to explain', async (t) => {
  const never = (): never => {
    throw new Error('looked')
  }
  for (const verdict of [fail('refused'), fail('reset'), { outcome: 'pass' } as const]) {
    t.equal(explained(verdict, attempt, never), verdict)
  }
  t.match(explained(fail('timeout'), { ...attempt, from: undefined }, never), fail('timeout'), 'nothing was sent')
})

t.test('a target that has answered is not dead, whatever ARP says; links that nobody knows are not down', async (t) => {
  t.match(
    explained(fail('timeout'), { ...attempt, answered: true }, () => dead),
    fail('timeout'),
  )
  t.match(
    explained(fail('timeout'), attempt, () => ({ ...down, addresses: undefined })),
    fail('timeout'),
  )
})

t.test('where a packet would be sent from is known at once, and without sending it', async (t) => {
  t.equal(sourceTowards('127.0.0.5'), '127.0.0.1')
  t.equal(sourceTowards('255.255.255.255'), undefined, 'refused: no SO_BROADCAST')
})

t.test('the silent ones of /proc/net/arp', async (t) => {
  const table = `IP address       HW type     Flags       HW address            Mask     Device
198.51.100.9     0x1         0x0         00:00:00:00:00:00     *        eth0
198.51.100.2     0x1         0x2         06:68:3d:03:fe:4d     *        eth0
198.51.100.3     0x1         0x6         06:68:3d:03:fe:4d     *        eth0
`
  t.same([...silentNeighbours(table)], ['198.51.100.9'])
  t.same([...silentNeighbours('')], [])
})
