// What a proof has measured: the comments of its TAP that begin with `measured:`. They are shown; with NODE_IPVS_WRITE=1, and if all went
// well, they also replace what stands in a page of the daemon's documentation between `<!-- measured by NAME -->` and `<!-- end -->`:
// as they are if they make tables, as a list otherwise.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'

const pages = join(import.meta.dirname, '../examples/failover-daemon/docs')
const mark = '# measured:'

/** @param {string} name the program's, with its kernel @param {readonly string[]} comments @param {boolean} ok */
export async function showMeasured(name, comments, ok) {
  const lines = comments.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length).trim())
  if (lines.length === 0) return
  for (const line of lines) console.log(`     ${line}`)
  if (!ok || process.env.NODE_IPVS_WRITE !== '1') return
  const isTable = lines.some((line) => line.startsWith('|'))
  const source = isTable ? lines : [...lines.map((line) => `- ${line}`), '', where(name)]
  const text = await format(source.join('\n'), { ...(await resolveConfig(join(pages, 'x.md'))), parser: 'markdown' })
  const [head, end] = [`<!-- measured by ${name} -->`, '<!-- end -->']
  for (const file of readdirSync(pages).filter((name) => name.endsWith('.md'))) {
    const page = join(pages, file)
    const [before = '', after] = readFileSync(page, 'utf8').split(head)
    if (after === undefined) continue
    writeFileSync(page, `${before}${head}\n\n${text}\n${after.slice(after.indexOf(end))}`)
    return
  }
  console.log(`     no page in ${pages} has ${head}`)
}

/** When, and on what. @param {string} name */
function where(name) {
  const day = new Date().toISOString().slice(0, 10)
  const machine = name.includes('.guest.ts')
    ? 'in an emulated machine of one processor, many times slower than a real one'
    : `Linux ${release().split('.', 2).join('.')}, ${cpus().length} processors`
  return `${day}, Node.js ${process.version}, ${machine}.`
}
