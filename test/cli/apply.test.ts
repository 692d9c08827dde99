import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { toJSON, type DesiredTable, type RequestTrace } from '../../lib/index.js'
import { createTestKernel, type TestKernel } from '../../lib/testing/index.js'
import { dns, fill, http, http6, server } from '../tables.js'
import { makeWorld, run, type World } from './io.js'

const web = { ...http, scheduler: 'rr' } as const
const names = { ...dns, scheduler: 'wlc' } as const
const web6 = { ...http6, scheduler: 'rr' } as const

const present: DesiredTable = [
  { service: web, destinations: [server(1), server(2)] },
  { service: names, destinations: [server(1, { port: 53 })] },
]
const wanted: DesiredTable = [
  { service: { ...web, scheduler: 'wlc' }, destinations: [server(2, { weight: 5 }), server(3)] },
  { service: web6, destinations: [server(4, { address: '2001:db8::4' })] },
]

async function kernelWith(table: DesiredTable): Promise<TestKernel> {
  const kernel = createTestKernel()
  await fill(kernel.open(), table)
  return kernel
}

function worldFor(kernel: TestKernel, wanted: unknown): World {
  return makeWorld({ kernel, stdin: JSON.stringify(wanted, toJSON) })
}

async function apply(kernel: TestKernel, wanted: unknown, ...options: readonly string[]) {
  return run(worldFor(kernel, wanted), 'apply', '-', ...options)
}

/** `tcp 192.0.2.100:80 rr: 10.0.0.1:80 1` and so on, in the order of their names. */
async function held(kernel: TestKernel): Promise<readonly string[]> {
  const { stdout } = await run(makeWorld({ kernel }), 'list')
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.includes('SERVER'))
    .map((line) => line.trim().split(/ +/).slice(0, 3).join(' '))
}

t.test('it shows the plan and does it; what is foreign stays; again there is nothing to do', async (t) => {
  const kernel = await kernelWith(present)
  const planned = await run(worldFor(kernel, wanted), 'plan', '-')
  t.same(await apply(kernel, wanted), {
    status: 0,
    stdout: `${planned.stdout}done: 3 added, 2 changed, 1 removed\n`,
    stderr: '',
  })
  t.same(await held(kernel), [
    'tcp/[2001:db8::100]:80 rr',
    '[2001:db8::4]:80 direct 1',
    'tcp/192.0.2.100:80 wlc',
    '10.0.0.2:80 direct 5',
    '10.0.0.3:80 direct 1',
    'udp/192.0.2.100:53 wlc',
    '10.0.0.1:53 direct 1',
  ])
  const writes = kernel.writes
  const again = await apply(kernel, wanted)
  t.equal(again.status, 0)
  t.match(again.stdout, /^nothing to do; 1 foreign service left alone\n$/m)
  t.notMatch(again.stdout, 'done')
  t.equal(kernel.writes, writes)
})

t.test('--prune removes what is foreign', async (t) => {
  const kernel = await kernelWith(present)
  const { status, stdout } = await apply(kernel, wanted, '--prune')
  t.equal(status, 0)
  t.match(stdout, /\ndone: 3 added, 2 changed, 3 removed\n$/)
  t.equal((await apply(kernel, wanted, '--prune')).stdout, 'nothing to do\n')
  t.equal((await held(kernel)).length, 5)
})

const lacking: DesiredTable = [
  { service: { ...web, scheduler: 'nosuch' }, destinations: [server(3)] },
  { service: web6, destinations: [] },
]

t.test('what fails is told, each with its sentence; the other services are done', async (t) => {
  const kernel = await kernelWith([{ service: web, destinations: [server(1)] }])
  const { status, stdout, stderr } = await apply(kernel, lacking)
  t.equal(status, 1)
  t.match(stdout, /\n2 to add, 1 to change, 1 to remove\n$/)
  t.equal(
    stderr,
    `ipvs: updateService tcp 192.0.2.100:80: this kernel lacks the module ip_vs_nosuch; install it, or choose another scheduler or persistence engine (ENOENT)
ipvs: 1 of 4 changes failed, 1 not attempted, 2 done; once the cause is gone, the same command again does the rest
`,
  )
  t.same(await held(kernel), [
    'tcp/[2001:db8::100]:80 rr',
    'no real servers',
    'tcp/192.0.2.100:80 rr',
    '10.0.0.1:80 direct 1',
    '10.0.0.3:80 direct 1',
  ])
})

t.test('--json prints the plan and what became of it', async (t) => {
  const kernel = await kernelWith([{ service: web, destinations: [server(1)] }])
  const planned = await run(worldFor(kernel, lacking), 'plan', '-', '--json')
  const { status, stdout, stderr } = await apply(kernel, lacking, '--json')
  t.equal(status, 1)
  t.match(stderr, /ip_vs_nosuch/)
  const { plan, result } = JSON.parse(stdout) as Record<string, Record<string, unknown>>
  t.same(plan, JSON.parse(planned.stdout))
  t.match(result, {
    applied: [
      { type: 'addService', service: web6 },
      { type: 'addDestination', of: http },
    ],
    failed: [
      {
        change: { type: 'updateService' },
        error: {
          code: 'IPVS_MODULE_NOT_FOUND',
          operation: 'updateService',
          errnoName: 'ENOENT',
          message: /^updateService tcp/,
        },
      },
    ],
    notAttempted: [{ type: 'removeDestination' }],
  })
  const done = await apply(kernel, [], '--json')
  t.equal(done.status, 0)
  t.match(JSON.parse(done.stdout), { plan: { changes: [] }, result: { applied: [], failed: [], notAttempted: [] } })
})

t.test('what is wrong in the file changes nothing', async (t) => {
  const kernel = await kernelWith(present)
  const writes = kernel.writes
  const { status, stderr } = await apply(kernel, [...wanted, { service: { ...web6, port: 0 }, destinations: [] }])
  t.equal(status, 1)
  t.match(stderr, /^ipvs: standard input: desired tcp \[2001:db8::100\]:0\.port: expected 1 to 65535/)
  t.match(await run(makeWorld({ kernel, stdin: '' }), 'apply', '-', '--prune'), {
    status: 1,
    stderr: 'ipvs: standard input is empty; an empty table is the two characters []\n',
  })
  t.equal(kernel.writes, writes)
})

t.test('Ctrl-C amid the work says that part of it may be done', async (t) => {
  const kernel = await kernelWith(present)
  const world = worldFor(kernel, wanted)
  const writes: string[] = []
  const listen = (message: unknown) => {
    const { command, write } = message as RequestTrace
    if (write) writes.push(command)
    if (command === 'NEW_SERVICE') world.interrupt()
  }
  subscribe('ipvs:request', listen)
  t.teardown(() => unsubscribe('ipvs:request', listen))
  const { status, stderr } = await run(world, 'apply', '-')
  t.equal(status, 130)
  t.equal(stderr, 'ipvs: interrupted: part of it may be done; the same command again does the rest\n')
  t.ok((await held(kernel)).includes('tcp/[2001:db8::100]:80 rr'), 'the first phase is')
  t.same(writes, ['NEW_SERVICE'], 'the next is not sent')
})

t.test('a Ctrl-C before it begins changes nothing', async (t) => {
  const kernel = await kernelWith(present)
  const writes = kernel.writes
  const world = worldFor(kernel, wanted)
  world.interrupt()
  t.same(await run(world, 'apply', '-'), { status: 130, stdout: '', stderr: '' })
  t.equal(kernel.writes, writes)
})
