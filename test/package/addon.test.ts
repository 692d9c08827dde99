/** The prebuilt addons at work: on a real kernel, on the other processor, and replaced by one with another libnl. */
import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { install, makeFolder, node, pack, root, run } from './package.js'

const folder = await makeFolder(t)
const app = await install(folder, [(await pack(folder)).tarball])
const installed = join(app, 'node_modules/ipvs')

t.test('on Linux 6.1 the installed package adds a service and reads it back', async (t) => {
  const guest = [join(root, 'rig/vm'), '--kernel', '6.1', '--', 'unshare', '--net', process.execPath, 'director.mjs']
  t.same(JSON.parse(await run(app, guest)), {
    services: [{ protocol: 'tcp', address: '192.0.2.100', port: 80, scheduler: 'wlc' }],
    addons: [join(installed, 'prebuilds/linux-x64/ipvs.napi.glibc.node')],
  })
})

t.test('the addons for arm64 are loaded by a node for arm64', async (t) => {
  const emulated = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', join(await node('24', 'arm64'), 'node')]
  t.same(JSON.parse(await run(app, [...emulated, 'emulated.mjs'])), {
    arch: 'arm64',
    sameLayout: true,
    closed: 'closed',
    notified: 'ENOENT',
    addons: ['ipvs', 'system'].map((name) => join(installed, `prebuilds/linux-arm64/${name}.napi.glibc.node`)),
  })
})

t.test('a user can put a changed libnl into the addon, as THIRD-PARTY.md says', async (t) => {
  const notice = await readFile(join(installed, 'THIRD-PARTY.md'), 'utf8')
  const commands = /^```sh\n(.*?)^```$/ms.exec(notice)?.[1] ?? ''
  const mark = 'libnl as its user changed it'
  const change = `echo '__attribute__((used)) static const char mark[] = "${mark}";' >>lib/socket.c`
  t.match(commands, '# your changes')
  const prefix = dirname(dirname(process.execPath))
  await run(app, ['sh', '-ec', commands.replace('# your changes', change)], {
    npm_config_yes: 'true', // to npx
    MAKEFLAGS: '-j2',
    // node-gyp would download node's headers.
    ...(existsSync(join(prefix, 'include/node/node.h')) ? { npm_config_nodedir: prefix } : {}),
  })
  const built = join(installed, 'build/Release/ipvs.node')
  t.ok((await readFile(built)).includes(mark))
  const addons = [built, join(installed, 'build/Release/system.node')]
  t.match(JSON.parse(await run(app, [process.execPath, 'emulated.mjs'])), { sameLayout: true, addons })
})
