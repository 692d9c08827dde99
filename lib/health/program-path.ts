/** Whether a program is beyond the reach of others: only then it is run. */
import { type Stats, lstatSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf } from './verdict.js'

/** One step on the way from the root to a program; links are steps of their own. */
export interface Step {
  readonly path: string
  /** What is there, the link itself if it is one; undefined where nothing is. */
  readonly stat: Pick<Stats, 'uid' | 'mode'> | undefined
}

const types = { mask: 0o170000, link: 0o120000, folder: 0o040000, file: 0o100000 }
const writableByOthers = 0o022
const sticky = 0o1000
const executable = 0o111
const mostLinks = 40

/**
 * Why a program must not be run: somebody else than root and `us`, a user's number, could put another one in its place. In a folder
 * with the sticky bit, such as /tmp, nobody can who does not own what is in it.
 */
export function pathFault(steps: readonly Step[], us: number): string | undefined {
  for (const { path, stat } of steps) {
    if (!stat) return `${path} does not exist`
    const { uid, mode } = stat
    const type = mode & types.mask
    if (uid !== 0 && uid !== us) return `${path} belongs to user ${uid}: expected root${us === 0 ? '' : ` or ${us}`}`
    if (type === types.link || (type === types.folder && mode & sticky)) continue
    if (mode & writableByOthers) {
      return `${path} can be written by ${mode & 0o002 ? 'everybody' : 'its group'}: expected its owner alone`
    }
  }
  const last = steps.at(-1)
  const mode = last?.stat?.mode ?? 0
  if ((mode & types.mask) !== types.file) return `${last?.path} is no file`
  return mode & executable ? undefined : `${last?.path} is not executable`
}

/** The same for an absolute path, as the file system is now. */
export function programFault(path: string): string | undefined {
  try {
    return pathFault(stepsTo(path), process.geteuid?.() ?? 0)
  } catch (error) {
    return messageOf(error)
  }
}

/** All that is passed on the way to an absolute path, through every link, up to what is missing. */
export function stepsTo(path: string): Step[] {
  const steps: Step[] = [{ path: '/', stat: lstatSync('/') }]
  const names = namesOf(path)
  let folder = '/'
  let links = 0
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === '..') {
      folder = dirname(folder)
      continue
    }
    const here = join(folder, name)
    const stat = lstatSync(here, { throwIfNoEntry: false })
    steps.push({ path: here, stat })
    if (!stat) break
    if (!stat.isSymbolicLink()) {
      folder = here
      continue
    }
    if (++links > mostLinks) throw new Error(`${path} leads through more than ${mostLinks} links`)
    const to = readlinkSync(here)
    if (to.startsWith('/')) folder = '/'
    names.unshift(...namesOf(to))
  }
  return steps
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.')
