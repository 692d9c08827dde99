import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { serverCert, serverKey } from '../../../test/health/certificates.js'
import { ConfigError } from '../src/parse-config.js'
import { parseConfig } from './judged-config.js'

const services = `services:
  - { virtual: 192.0.2.100:80, forwarding: direct, servers: [192.0.2.11], check: { type: tcp } }
`
const pageOf = (page: string) => parseConfig(`${services}${page}`, 'f.yaml').page
function refusal(page: string): string {
  try {
    pageOf(page)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}

const folder = t.testdir({ password: 'secret\n' })
const password = join(folder, 'password')
chmodSync(password, 0o600)
const [certificate, key] = ['certificate', 'key'].map((name) => join(folder, name)) as [string, string]
writeFileSync(certificate, serverCert)
writeFileSync(key, serverKey, { mode: 0o600 })

const auth = `auth: { user: ops, passwordFile: ${password} }`

t.test('by itself the page is on loopback, and it can be turned off', async (t) => {
  t.match(pageOf(''), { listen: { address: '127.0.0.1', port: 9780 }, hosts: [], behindProxy: false })
  t.strictSame(pageOf('page: true\n'), pageOf(''))
  t.equal(pageOf('page: false\n'), undefined)
})

t.test('loopback and a Unix socket take nothing more', async (t) => {
  for (const [written, listen] of [
    ['127.0.0.2:8080', { address: '127.0.0.2', port: 8080 }],
    ['"[::1]:8080"', { address: '::1', port: 8080 }],
    ['/run/ipvs-failover/page.sock', { path: '/run/ipvs-failover/page.sock' }],
  ] as const)
    t.strictSame(pageOf(`page: { listen: ${written} }\n`)?.listen, listen)
})

t.test('elsewhere it takes a password, and TLS or a proxy that does it', async (t) => {
  for (const listen of ['192.0.2.1:8080', '0.0.0.0:8080', '"[::]:8080"', '"[2001:db8::1]:8080"']) {
    const bare = refusal(`page: { listen: ${listen} }\n`)
    t.match(
      bare,
      /f\.yaml:3:7: page: expected auth, as the page is elsewhere than on loopback \(\S+:8080\), found none/,
    )
    t.match(bare, /f\.yaml:3:7: page: expected tls, or behindProxy: true, as the page is elsewhere.*, found neither/)
    t.match(refusal(`page: { listen: ${listen}, behindProxy: true }\n`), /^(?!.*expected tls).*expected auth/)
    t.match(refusal(`page: { listen: ${listen}, ${auth} }\n`), /^(?!.*expected auth).*expected tls/)
    t.ok(pageOf(`page: { listen: ${listen}, ${auth}, behindProxy: true }\n`))
    t.ok(pageOf(`page: { listen: ${listen}, ${auth}, tls: { certificate: ${certificate}, key: ${key} } }\n`))
  }
})

t.test('mistakes have their place', async (t) => {
  t.match(refusal('page: yes please\n'), /f\.yaml:3:7: page: expected true, false, or a mapping with listen/)
  t.match(refusal('page: { listen: localhost:80 }\n'), /f\.yaml:3:17: page\.listen: expected an address and a port/)
  for (const port of ['0', '65536', ''])
    t.match(refusal(`page: { listen: "127.0.0.1:${port}" }\n`), /page\.listen: expected an address and a port/, port)
  t.match(refusal('page: { listn: 127.0.0.1:80 }\n'), /did you mean listen\?/)
  t.match(refusal('page: { auth: { user: ops } }\n'), /page\.auth\.passwordFile: expected .*, found nothing/)
  t.match(
    refusal(`page: { auth: { user: "a:b", passwordFile: ${password} } }\n`),
    /page\.auth\.user: expected a name without a colon/,
  )
  chmodSync(password, 0o640)
  t.match(
    refusal(`page: { ${auth} }\n`),
    /page\.auth\.passwordFile: expected an absolute path of a readable file of mode 0600/,
  )
  chmodSync(password, 0o600)
  const both = `page: { tls: { certificate: ${certificate}, key: ${certificate} } }\n`
  t.match(refusal(both), /page\.tls\.key: expected a readable file of PEM that others cannot read/)
  chmodSync(certificate, 0o640)
  t.match(refusal(both), /page\.tls: expected a certificate with its key/)
})
