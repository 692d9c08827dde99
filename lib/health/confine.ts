/** How a program is run without any privilege, by setpriv(1) of util-linux: Node.js cannot change capabilities. */
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { messageOf, printable } from './verdict.js'

/** The words before the program's own, or why there are none. */
export type Confinement = { readonly argv: readonly string[] } | { readonly problem: string }

const capSetpcap = 1n << 8n
const proof = ['/bin/cat', '/proc/self/status']
const proofMs = 10_000

/** What setpriv says when it is told to run a program that prints its own status. */
interface Proof {
  readonly error?: Error | undefined
  /** Exit status; null if a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * The words that run a program without capabilities, as another user if one is named, and proof that they do: setpriv leaves a root
 * process that lacks CAP_SETPCAP its capabilities and says nothing, and older ones know fewer options. So its work is looked at.
 */
export function confine(user: string | undefined, setpriv = '/usr/bin/setpriv'): Promise<Confinement> {
  return new Promise((resolve) => {
    const planned = plan(user, setpriv)
    if ('problem' in planned) return resolve(planned)
    const [file, ...args] = [...planned.argv, ...proof] as [string, ...string[]]
    const options = { cwd: '/', env: {}, timeout: proofMs, killSignal: 'SIGKILL' } as const
    try {
      execFile(file, args, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        resolve(judge(planned, { error: status === null ? (error ?? undefined) : undefined, status, stdout, stderr }))
      })
    } catch (error) {
      resolve({ problem: messageOf(error) })
    }
  })
}

/** The same for one who may wait. */
export function confineNow(user: string | undefined, setpriv = '/usr/bin/setpriv'): Confinement {
  const planned = plan(user, setpriv)
  if ('problem' in planned) return planned
  const [file, ...args] = [...planned.argv, ...proof] as [string, ...string[]]
  const options = { cwd: '/', env: {}, encoding: 'utf8', timeout: proofMs, killSignal: 'SIGKILL' } as const
  return judge(planned, spawnSync(file, args, options))
}

interface Plan {
  readonly argv: readonly string[]
  readonly uid: number | undefined
}

function plan(user: string | undefined, setpriv: string): Plan | { readonly problem: string } {
  try {
    const identity = user === undefined ? undefined : userOf(readFileSync('/etc/passwd', 'utf8'), user)
    if (user !== undefined && !identity) return { problem: `user ${user} is not in /etc/passwd` }
    const us = process.geteuid?.()
    const options = optionsOf(readFileSync('/proc/thread-self/status', 'utf8'), identity, us)
    return { argv: [setpriv, ...options, '--'], uid: identity?.uid ?? us }
  } catch (error) {
    return { problem: messageOf(error) }
  }
}

function judge({ argv, uid }: Plan, { error, status, stdout, stderr }: Proof): Confinement {
  if (error && 'code' in error && error.code === 'ENOENT') {
    return { problem: `${argv[0]} is missing: programs are run by it, of util-linux` }
  }
  if (error) return { problem: messageOf(error) }
  if (status !== 0) {
    const said = stderr.trim().split('\n')[0] ?? ''
    return { problem: printable(`setpriv failed: ${said === '' ? `exit status ${status}` : said}`) }
  }
  const problem = privilegeLeft(stdout, uid)
  return problem === undefined ? { argv } : { problem }
}

/** Of /etc/passwd. */
export interface Identity {
  readonly uid: number
  readonly gid: number
}

/** The user of that name in the text of /etc/passwd: its number, and its primary group's. */
export function userOf(passwd: string, name: string): Identity | undefined {
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? []
  return uid && gid && /^\d+$/.test(uid) && /^\d+$/.test(gid) ? { uid: Number(uid), gid: Number(gid) } : undefined
}

/** What setpriv is told by one who has `status`, the text of a /proc/…/status, and is `us`. */
export function optionsOf(status: string, identity: Identity | undefined, us: number | undefined): string[] {
  const options = ['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--pdeathsig=KILL']
  // Without that capability nobody can. Nothing in the set can be gained after no_new_privs.
  if ((capabilities(status, 'Eff') ?? 0n) & capSetpcap) options.push('--bounding-set=-all')
  if (identity && identity.uid !== us) {
    options.push(`--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--clear-groups')
  }
  return options
}

/** What privilege a program with this /proc/self/status has, in words, if any. */
export function privilegeLeft(status: string, uid: number | undefined): string | undefined {
  for (const set of ['Eff', 'Prm', 'Inh', 'Amb']) {
    const found = capabilities(status, set)
    if (found !== 0n) {
      const held = found === undefined ? 'unknown capabilities' : `capabilities 0x${found.toString(16)}`
      return `setpriv leaves a program ${held} (Cap${set}): a root process needs CAP_SETPCAP to give them up`
    }
  }
  if (!/^NoNewPrivs:\t1$/m.test(status)) return 'setpriv leaves a program new privileges'
  if (!new RegExp(`^Uid:\t${uid}\t${uid}\t${uid}\t${uid}$`, 'm').test(status)) return 'setpriv changes no user'
  return undefined
}

function capabilities(status: string, set: string): bigint | undefined {
  const hex = new RegExp(`^Cap${set}:\t([\\da-f]{1,16})$`, 'm').exec(status)?.[1]
  return hex === undefined ? undefined : BigInt(`0x${hex}`)
}
