import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

// Tests run bundled, in the root.
const unit = join(process.cwd(), 'examples/failover-daemon/systemd/ipvs-failover.service')
const analyzes = spawnSync('systemd-analyze', ['--version']).status === 0

t.test(
  'the unit is as tight as systemd-analyze can ask',
  { skip: !analyzes && 'no systemd-analyze here' },
  async (t) => {
    const { status, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', '--threshold=20', unit],
      {
        encoding: 'utf8',
      },
    )
    t.equal(status, 0, stdout.trim().split('\n').at(-1) ?? '')
  },
)

t.test('systemd knows every word of the unit', { skip: !analyzes && 'no systemd-analyze here' }, async (t) => {
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })
  const complaints = stderr
    .split('\n')
    .filter((line) => line.includes('ipvs-failover') && !line.includes('is not executable'))
  t.strictSame(complaints, [])
})

t.test('the watchdog has the patience for several rounds, and the daemon no more rights than two', async (t) => {
  const text = readFileSync(unit, 'utf8')
  const seconds = Number(/^WatchdogSec=(\d+)$/m.exec(text)?.[1])
  t.ok(seconds * 1000 >= 4 * 5000, 'reconcile is 5 s by default')
  t.match(text, /^CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW$/m)
})
