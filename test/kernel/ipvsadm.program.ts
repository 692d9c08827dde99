/** Carries out command lines of ipvsadm in the namespace that it is run in, and prints what each did, as JSON. */
import { ipvsadm } from '../../lib/ipvsadm/index.js'

const outcomes = []
for (const line of process.argv.slice(2)) {
  let [stdout, stderr] = ['', '']
  const status = await ipvsadm(line.split(' '), {
    stdin: '',
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  outcomes.push({ status, stdout, stderr })
}
console.log(JSON.stringify(outcomes))
