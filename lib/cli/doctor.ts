/** `ipvs doctor` */
import { isIP } from 'node:net'
import { CliError, isOn, Status, textOf, textsOf, type Call, type Io } from './command.js'
import { commandIn, diagnose } from './doctor/diagnose.js'
import { thisHost, type Host } from './doctor/host.js'
import { isOwn, readFacts } from './doctor/read.js'
import { readNetwork } from './doctor/read-network.js'
import { diagnoseRealServer } from './doctor/real-server.js'
import { showFindings } from './doctor/show.js'
import { paintFor } from '../command-line/style.js'
import type { Finding } from './doctor/finding.js'

export async function run(call: Call, io: Io): Promise<number> {
  return examine(call, io, thisHost)
}

/** The same on any host. */
export async function examine(call: Call, io: Io, host: Host): Promise<number> {
  const { stdout } = io
  const namespace = textOf(call, 'namespace')
  const addresses = textsOf(call, 'real-server')
  const findings =
    addresses.length > 0
      ? await examineRealServer(addresses, namespace, host)
      : diagnose(await readFacts(io, host, namespace))
  const columns = stdout.isTTY === true ? (stdout.columns ?? 80) : Infinity
  stdout.write(
    isOn(call, 'json') ? `${JSON.stringify(findings, null, 2)}\n` : showFindings(findings, paintFor(io), columns),
  )
  return findings.some(({ level }) => level === 'fail') ? Status.failed : Status.ok
}

async function examineRealServer(
  addresses: readonly string[],
  namespace: string | undefined,
  host: Host,
): Promise<readonly Finding[]> {
  const wrong = addresses.find((address) => isIP(address) === 0 || address.includes('%'))
  if (wrong !== undefined) {
    throw new CliError(`--real-server: expected an IPv4 or IPv6 address, found ${JSON.stringify(wrong)}`, Status.usage)
  }
  if (namespace !== undefined && !(await isOwn(host, namespace))) {
    const words = addresses.map((address) => `--real-server ${address}`).join(' ')
    const inside = commandIn(namespace, `ipvs doctor ${words}`)
    throw new CliError(
      `a real server in another network namespace is seen only from inside; run \`${inside}\``,
      Status.usage,
    )
  }
  return diagnoseRealServer(addresses, host.platform, await readNetwork(host))
}
