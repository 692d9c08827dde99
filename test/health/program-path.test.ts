import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Step, pathFault, programFault, stepsTo } from '../../lib/health/program-path.js'
import { programFolder } from './programs.js'

const folder = (path: string, mode = 0o755, uid = 0): Step => ({ path, stat: { uid, mode: 0o040000 | mode } })
const file = (mode = 0o755, uid = 0): Step => ({ path: '/opt/check', stat: { uid, mode: 0o100000 | mode } })
const link = (path: string, uid = 0): Step => ({ path, stat: { uid, mode: 0o120777 } })

t.test('who could put another program in the place of one', async (t) => {
  const us = 1000
  for (const [steps, fault] of [
    [[folder('/'), folder('/opt'), file()], undefined],
    [[folder('/'), folder('/opt', 0o755, us), file(0o700, us)], undefined],
    [[folder('/'), link('/opt'), folder('/srv'), file()], undefined],
    [[folder('/'), folder('/opt', 0o1777), file()], undefined],
    [[folder('/'), folder('/opt', 0o1777), file(0o755, 7)], '/opt/check belongs to user 7: expected root or 1000'],
    [
      [folder('/'), folder('/opt', 0o1777), link('/opt/check', 7)],
      '/opt/check belongs to user 7: expected root or 1000',
    ],
    [[folder('/'), folder('/opt', 0o755, 7), file()], '/opt belongs to user 7: expected root or 1000'],
    [[folder('/'), folder('/opt', 0o775), file()], '/opt can be written by its group: expected its owner alone'],
    [[folder('/'), folder('/opt', 0o777), file()], '/opt can be written by everybody: expected its owner alone'],
    [[folder('/'), folder('/opt'), file(0o775)], '/opt/check can be written by its group: expected its owner alone'],
    [[folder('/'), folder('/opt'), file(0o1757)], '/opt/check can be written by everybody: expected its owner alone'],
    [[folder('/'), folder('/opt'), file(0o644)], '/opt/check is not executable'],
    [[folder('/'), folder('/opt')], '/opt is no file'],
    [[folder('/'), { path: '/opt', stat: undefined }], '/opt does not exist'],
  ] as const) {
    t.equal(pathFault(steps, us), fault, fault ?? 'nobody')
  }
  t.equal(pathFault([folder('/'), file(0o755, 1000)], 0), '/opt/check belongs to user 1000: expected root')
})

t.test('every step to a program is looked at, those behind links too', async (t) => {
  const { folder, write } = programFolder(t)
  const path = write('check', '#!/bin/sh\n')
  t.equal(programFault(path), undefined)

  mkdirSync(join(folder, 'open'))
  symlinkSync('../open/inner', join(folder, 'open', 'self'))
  symlinkSync('./open/../check', join(folder, 'link'))
  t.equal(programFault(join(folder, 'link')), undefined)
  const passed = stepsTo(join(folder, 'link')).map((step) => step.path)
  t.match(passed, ['/', ...passed.slice(1, -3), join(folder, 'link'), join(folder, 'open'), path])

  chmodSync(join(folder, 'open'), 0o777)
  t.equal(programFault(join(folder, 'link')), `${folder}/open can be written by everybody: expected its owner alone`)
  t.equal(
    programFault(join(folder, 'open', 'self')),
    `${folder}/open can be written by everybody: expected its owner alone`,
  )
  t.match(programFault(join(path, 'below')), 'ENOTDIR')
  t.equal(programFault(join(folder, 'none')), `${folder}/none does not exist`)
  symlinkSync('round', join(folder, 'round'))
  t.match(programFault(join(folder, 'round')), 'more than 40 links')
})

const skip = process.getuid?.() === 0 ? false : 'only root gives files away'
t.test("root runs nobody else's program", { skip }, async (t) => {
  const { write } = programFolder(t)
  const path = write('check', '#!/bin/sh\n')
  chownSync(path, 65534, 65534)
  t.equal(programFault(path), `${path} belongs to user 65534: expected root`)
})
