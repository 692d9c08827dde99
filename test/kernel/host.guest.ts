/** `rig/vm --host`, for which the guest is a host that has IPVS. */
import t from 'tap'
import { run } from './namespace.js'

const skip = process.env.RIG === 'guest' ? false : 'runs in a guest only'

t.test(
  'rig/vm --host: a fresh namespace of the same kernel, the exit status, and nothing left',
  { skip },
  async (t) => {
    await run('modprobe', ['ip_vs'])
    const program = 'echo $RIG; ip netns add mine; ls /sys/class/net; wc -l </proc/net/ip_vs; exit 3'
    const ended = await run('rig/vm', ['--host', '--', 'sh', '-c', program]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    )
    t.equal(ended.code, 3)
    t.match(ended.stdout, /^host\n/)
    t.match(ended.stdout, /\n3\n$/, 'the headings of an empty table')
    t.equal((await run('ip', ['netns', 'list'])).stdout, '')
  },
)
