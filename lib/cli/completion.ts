/** `ipvs completion` */
import { readFile } from 'node:fs/promises'
import type { Call, Io } from './command.js'

const files: Readonly<Record<string, string>> = { bash: 'ipvs.bash', zsh: '_ipvs', fish: 'ipvs.fish' }

export async function run({ operands: [shell = ''] }: Call, io: Io): Promise<number> {
  const script = new URL(`completion/${files[shell]}`, import.meta.resolve('ipvs/package.json'))
  io.stdout.write(await readFile(script, 'utf8'))
  return 0
}
