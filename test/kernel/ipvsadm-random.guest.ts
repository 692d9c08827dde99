/**
 * The same command lines at random, to Debian's ipvsadm in one namespace and to ours in another: no difference but those that
 * docs/ipvsadm.md lists. A run again, or a longer one: NODE_IPVS_SEED=N NODE_IPVS_STEPS=N node test/run.mjs kernels ipvsadm-random
 */
import t from 'tap'
import { comparable, comparison } from '../ipvsadm/deviations.js'
import { commandLine, pick } from '../ipvsadm/generate.js'
import { random as randomFrom } from '../random.js'
import { ourPeer, theirPeer } from './ipvsadm-peer.js'

const { NODE_IPVS_SEED, NODE_IPVS_STEPS } = process.env
const seed = NODE_IPVS_SEED === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(NODE_IPVS_SEED)
const steps = Number(NODE_IPVS_STEPS ?? 250)
/** Keeps the table small enough for one read() of /proc/net/ip_vs. */
const stepsOfATable = 60
const linesOfAFile = 40
/** In files: their processes do not have to start. */
const linesOfAStep = 16

const formats = [[], [], ['--stats'], ['--rate'], ['--thresholds'], ['--persistent-conn'], ['--tun-info']]

t.test(`${steps} command lines, each with its status, words and table, seed ${seed}`, async (t) => {
  const random = randomFrom(seed)
  const [theirs, ours] = [await theirPeer(t), await ourPeer(t)]
  const seen = { done: 0, usage: 0, refused: 0, list: 0, crashes: 0 }
  for (let step = 0; step < steps; step++) {
    const words = step % stepsOfATable === 0 ? ['-C'] : commandLine(random)
    const what = `seed ${seed}, step ${step}: ipvsadm ${words.map((word) => JSON.stringify(word)).join(' ')}`
    const [their, our] = await Promise.all([theirs.run(words), ours.run(words)])
    const format = pick(random, formats)
    const [theirList, ourList] = await Promise.all([theirs.list(format), ours.list(format)])
    const told = comparison(words, their, our)
    const isSame =
      t.strictSame(told.ours, told.theirs, what) &&
      t.strictSame(comparable('ours', ourList), comparable('theirs', theirList), `${what}: -Ln ${format.join(' ')}`) &&
      t.strictSame(
        comparable('ours', ours.kernels()),
        comparable('theirs', theirs.kernels()),
        `${what}: /proc/net/ip_vs`,
      )
    // What follows would be different because of it.
    if (!isSame) return
    if (their.status === 0) seen.done++
    else if (their.status === 1) seen.list++
    else if (their.status === 2) seen.usage++
    else if (their.status === 255) seen.refused++
    else seen.crashes++
  }
  t.comment(JSON.stringify(seen))
  if (steps >= 250)
    t.ok(seen.done > steps / 10 && seen.usage > steps / 20 && seen.refused > steps / 20, JSON.stringify(seen))
})

t.test(
  `${steps * linesOfAStep} command lines in files, a list after each, restored from standard input, seed ${seed}`,
  async (t) => {
    const random = randomFrom(seed + 1)
    const [theirs, ours] = [await theirPeer(t), await ourPeer(t)]
    const files = Math.ceil((steps * linesOfAStep) / linesOfAFile)
    for (let file = 0; file < files; file++) {
      // A line that is no command ends a file: few have one.
      const share = file % 3 === 0 ? 0.03 : 0
      const lines = Array.from({ length: linesOfAFile }, () => [
        restorable(commandLine(random, share)),
        `-Ln ${pick(random, formats).join(' ')}`,
      ]).flat()
      const text = ['-C', ...lines, '-S -n'].join('\n')
      const what = `seed ${seed}, file ${file}`
      const [their, our] = await Promise.all([theirs.run(['-R'], text), ours.run(['-R'], text)])
      const told = comparison(['-R'], their, our)
      const isSame =
        t.strictSame(told.ours, told.theirs, what) &&
        t.strictSame(
          comparable('ours', ours.kernels()),
          comparable('theirs', theirs.kernels()),
          `${what}: /proc/net/ip_vs`,
        )
      if (!isSame) return void t.comment(text)
    }
  },
)

/** Words that a line can hold: neither empty nor with blanks. */
function restorable(words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ')
}
