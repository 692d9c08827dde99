import { spawnSync } from 'node:child_process'
import t from 'tap'
import { confine, confineNow, optionsOf, privilegeLeft, userOf } from '../../lib/health/confine.js'
import { programFolder } from './programs.js'

const none = '0000000000000000'
const status = (sets: Partial<Record<'Inh' | 'Prm' | 'Eff' | 'Amb', string>> = {}, rest = 'NoNewPrivs:\t1\n') => {
  const { Inh = none, Prm = none, Eff = none, Amb = none } = sets
  return `Uid:\t7\t7\t7\t7\nCapInh:\t${Inh}\nCapPrm:\t${Prm}\nCapEff:\t${Eff}\nCapBnd:\t000001ffffffffff\nCapAmb:\t${Amb}\n${rest}`
}

t.test('a privilege that is left is found', async (t) => {
  t.equal(privilegeLeft(status(), 7), undefined)
  for (const set of ['Inh', 'Prm', 'Eff', 'Amb'] as const) {
    t.match(privilegeLeft(status({ [set]: '0000000000001000' }), 7), `capabilities 0x1000 (Cap${set})`)
  }
  t.match(privilegeLeft(status({}, 'NoNewPrivs:\t0\n'), 7), 'new privileges')
  t.match(privilegeLeft(status({}, ''), 7), 'new privileges')
  t.match(privilegeLeft(status(), 8), 'changes no user')
  t.match(privilegeLeft('', 7), 'unknown capabilities')
})

t.test('the bounding set is emptied by those who can, the user changed only if it is another', async (t) => {
  const always = ['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--pdeathsig=KILL']
  t.same(optionsOf(status(), undefined, 7), always)
  t.same(optionsOf(status({ Eff: '0000000000000100' }), undefined, 0), [...always, '--bounding-set=-all'])
  t.same(optionsOf(status(), { uid: 7, gid: 8 }, 7), always)
  t.same(optionsOf(status(), { uid: 7, gid: 8 }, 0), [...always, '--reuid=7', '--regid=8', '--clear-groups'])
})

t.test('users are those of /etc/passwd', async (t) => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\nmon:x:103:110::/var/lib/mon:/bin/sh\nbad:x::1::\n'
  t.same(userOf(passwd, 'mon'), { uid: 103, gid: 110 })
  t.equal(userOf(passwd, 'mo'), undefined)
  t.equal(userOf(passwd, 'bad'), undefined)
  t.same(confineNow('no-such-user'), { problem: 'user no-such-user is not in /etc/passwd' })
})

t.test('a setpriv that is missing, fails, knows not the options or does nothing', async (t) => {
  const { write } = programFolder(t)
  const old = write('old', '#!/bin/sh\necho "setpriv: unrecognized option \'--pdeathsig=KILL\'" >&2\nexit 1\n')
  const idle = write('idle', '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n')
  for (const [setpriv, problem] of [
    ['/no/setpriv', /^\/no\/setpriv is missing: programs are run by it, of util-linux$/],
    [old, /^setpriv failed: setpriv: unrecognized option '--pdeathsig=KILL'$/],
    [write('dumb', '#!/bin/sh\nexit 7\n'), /^setpriv failed: exit status 7$/],
    [idle, /^setpriv leaves a program/],
  ] as const) {
    t.match(confineNow(undefined, setpriv), { problem })
    t.match(await confine(undefined, setpriv), { problem })
  }
})

// Without that capability it leaves a root process all others, with exit status 0.
const skip = process.getuid?.() === 0 ? false : 'only root has such capabilities'
t.test('a root process that cannot give its capabilities up runs nothing', { skip }, async (t) => {
  const code = "import { script } from 'ipvs/health'; console.log(script({ command: ['/bin/true'] }).problem())"
  const run = spawnSync('setpriv', ['--bounding-set=-setpcap', process.execPath, '--input-type=module', '-e', code], {
    encoding: 'utf8',
  })
  t.match(run.stdout, /^setpriv leaves a program capabilities 0x[\da-f]+ \(CapEff\): a root process needs CAP_SETPCAP/)
  t.equal(run.stderr, '')
})
