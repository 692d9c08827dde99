/** parseConfig() beside the JSON Schema for editors: every configuration of a test that goes through here is judged by both. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { readDocument } from '../src/document.js'
import { ConfigError, parseConfig as parse } from '../src/parse-config.js'

/** The verdict of failover.schema.json. */
export const editorTakes = new Ajv({ keywords: ['patternErrorMessage'] }).compile(
  JSON.parse(readFileSync('examples/failover-daemon/failover.schema.json', 'utf8')) as object,
)

/** What JSON Schema cannot say, by what parseConfig() says then. All else it must refuse, too. */
const beyondJsonSchema: readonly RegExp[] = [
  // How fields go together.
  /expected persistence with port 0/,
  /expected at most \d+ bits, as the service is/,
  /expected port \d+ as the service has/,
  /expected an IPv[46] address, as the service has/,
  /expected each (server|service) once/,
  /expected the server that takes over/,
  /expected whenAllDown: sorry with it/,
  /expected remove, as the service is persistent/,
  /expected (a flag of (mh|sh):|no flag, as|mh-fallback among them)/,
  /expected (less than|at most) the interval/,
  /expected the port to check, as the service has port 0/,
  /expected false, as neither the service nor its check has a port/,
  /expected left out with (GET|HEAD)/,
  /expected (auth|tls, or behindProxy: true), as the page is elsewhere/,
  /expected own, or `config:` with the etcd/,
  /expected tls with it, as .* is not on loopback/,
  /expected certificates with their key, both or none/,
  // Numbers within a text.
  /expected a duration with a unit .*found "[\d.]+(ms|s|m|h)"$/,
  /expected whole seconds such as 300s, .*found "[\d.]+(ms|s|m|h)"$/,
  // Which addresses a host can have, if they are IPv6.
  /virtual: .*found "\[[\da-f:.]+\]:\d+"$/i,
  // What a header, an expression, a period or a URL may be, and that the first of some arguments is a path.
  /expected another header than/,
  /expected at most 4096/,
  /expected .*a regular expression of JavaScript/,
  /expected a period in Mon's notation/,
  /expected an? (http or https )?URL .*without password, found "\w+:\/\/[^"]*:[^"]*@/,
  /expected a list: an absolute path and its arguments, found a list/,
  // What lies outside of the file.
  /^etcd:/,
  /expected an absolute path of a readable file of mode 0600 or 0400/,
  /expected rr, .*, or another whose module ip_vs_NAME this kernel has/,
  /expected a readable file of PEM/,
  /expected a certificate with its key/,
  /expected a host name, and certificates with their key/,
  /expected a program that can be run/,
  /expected the absolute path of a program/,
  /expected \{address\} and \{port\} as whole words/,
  // Who is who among directors.
  /expected a real server(, which no virtual address is| that is no other director)/,
  /expected an address of the service's family, or ha\.sync: false/,
  /expected (peers of (one|a) family|each (peer|address) once|another director's own address|a virtual address of a service)/,
  // Steps within a text.
  /expected a duration from 10ms to 1s, in steps of 10ms/,
]

/** parseConfig(), which throws something else where the two disagree. */
export function parseConfig(...[text, ...more]: Parameters<typeof parse>): ReturnType<typeof parse> {
  const isTaken = taken(text)
  try {
    const config = parse(text, ...more)
    if (isTaken === false) throw new Error(`the JSON Schema refuses what is right: ${reasons()}\n${text}`)
    return config
  } catch (error) {
    if (!(error instanceof ConfigError) || isTaken !== true) throw error
    const unexplained = error.lines.filter((line) => !beyondJsonSchema.some((rule) => rule.test(line)))
    if (unexplained.length > 0)
      throw new Error(`the JSON Schema takes what is wrong: ${unexplained.join('\n')}\n${text}`, { cause: error })
    throw error
  }
}

/** What the JSON Schema says of a text; nothing of what is no YAML, and of one that is as long as no configuration. */
function taken(text: string): boolean | undefined {
  if (text.length > 16_384) return undefined
  try {
    return editorTakes(readDocument(text, '').value)
  } catch {
    return undefined
  }
}

const reasons = () =>
  (editorTakes.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ')
