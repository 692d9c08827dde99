/** ipvsadm-save and ipvsadm-restore, which come with ipvsadm as shell scripts. */
import { systemNames } from './names.js'
import { replaceAtomically } from './restore.js'
import { ownNamespace, runIpvsadm, withKernel } from './run.js'
import type { Streams } from './streams.js'

const helps: Readonly<Record<string, string>> = {
  'ipvsadm-save': `ipvsadm-save [-n] >RULES
   Saves the table to standard output; with -n in numbers.
`,
  'ipvsadm-restore': `ipvsadm-restore <RULES
   Makes the table what ipvsadm-save saved: what is the same stays untouched, and nothing changes unless all lines can be read.
`,
}

export async function runScript(name: string, words: readonly string[], streams: Streams): Promise<number> {
  const isSave = name === 'ipvsadm-save'
  const others = words.filter((word) => word.startsWith('-') && !(isSave && word === '-n'))
  if (others.length > 0) {
    streams.stderr.write(helps[name] ?? '')
    return 1
  }
  if (isSave) return runIpvsadm(words.includes('-n') ? ['-S', '-n'] : ['-S'], streams)
  // The script clears the table and then fills it: here it never stands empty.
  return withKernel(streams, ownNamespace, systemNames, replaceAtomically)
}
