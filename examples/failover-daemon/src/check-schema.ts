/** How the servers of a service are checked, as the file says it. */
import * as z from 'zod'
import {
  absolutePath,
  argument,
  authorities,
  duration,
  hostName,
  integer,
  line,
  list,
  mapping,
  oneOf,
  orBoolean,
  payload,
  pemFile,
  programUser,
  yesOrNo,
} from './fields.js'
import { httpFields } from './http-fields.js'

const interval = () => duration(10, 3_600_000)
const timeout = () => duration(10, 600_000)

const checks = (meaning: string, otherwise: number) =>
  integer('a number of checks', 1, 1000).prefault(otherwise).describe(meaning)

const meanings = {
  interval: 'From the start of one check of a server to the next.',
  fastInterval: 'The same while results contradict the state; at most `interval`.',
  timeout: 'For the whole check; less than `interval`.',
}

const times = {
  interval: interval().prefault('2s').describe(meanings.interval),
  fastInterval: interval()
    .meta({
      description: meanings.fastInterval,
      otherwise: '`200ms`, or `interval` where that is less',
      example: '200ms',
    })
    .optional(),
  timeout: timeout().prefault('1s').describe(meanings.timeout),
  jitter: duration(0, 3_600_000)
    .meta({
      description:
        "An interval is shorter by up to so much, the first one by any part, at random, lest checks go in step (Mon's randskew); at most `interval`.",
      otherwise: 'a tenth of `interval`',
      example: '200ms',
    })
    .optional(),
  rise: checks('Passes in a row before a server is put in.', 2),
  fall: checks('Failures in a row before a server is taken out.', 3),
  tripwire: yesOrNo()
    .meta({
      description:
        'Whether an idle TCP connection is held to the port of each server that is up: when its process dies, it is checked at ' +
        'once, `fall` times.',
      otherwise: '`true`; `false` for udp, dns and icmp, and for script and mon in a service of UDP',
    })
    .optional(),
}
const timing = {
  port: integer('a port', 1, 65535)
    .meta({
      description: 'Port that is checked. Needed in a service of port 0.',
      otherwise: "the server's own",
      example: 8080,
    })
    .optional(),
  ...times,
}

// A program takes longer than a connection, and costs more.
const programTiming = {
  ...timing,
  interval: interval().prefault('10s').describe(meanings.interval),
  fastInterval: interval().prefault('1s').describe(meanings.fastInterval),
  timeout: timeout().prefault('5s').describe(meanings.timeout),
}

const Tls = orBoolean(
  mapping('true, or a mapping with servername, verify, ca, cert and key', {
    servername: hostName('a host name')
      .meta({
        description: 'Name that is asked for (SNI), and that the certificate must be for.',
        otherwise:
          "the name in `host` of http and http2, else none: then the certificate must be for the server's address",
        example: 'www.example.com',
      })
      .optional(),
    verify: yesOrNo().default(true).describe('Whether the certificate must be valid: trusted, in time, for the name.'),
    ca: authorities(),
    cert: pemFile()
      .meta({
        description: "The director's own certificate and its chain, where the server asks for one; with `key`.",
        otherwise: 'none',
        example: '/etc/ssl/me.pem',
      })
      .optional(),
    key: pemFile().meta({ description: 'Its private key.', otherwise: 'none', example: '/etc/ssl/me.key' }).optional(),
  }).optional(),
)
const tls = (meaning: string, otherwise: string) =>
  Tls.meta({ description: `${meaning} \`true\` is all defaults.`, otherwise, example: true })
const plain = 'no TLS'

const typeNames = 'tcp, tls, http, http2, sendExpect, smtp, udp, dns, icmp, script or mon'

/** HTTPS is a matter of `tls`. */
const typeExpected = (check: unknown) =>
  (check as { readonly type?: unknown }).type === 'https' ? 'http, with tls: true beside it' : typeNames

const typed = <const N extends string, S extends z.core.$ZodShape>(name: N, meaning: string, shape: S) =>
  mapping('a mapping', { type: z.literal(name).describe(meaning), ...shape })

export const Check = z.discriminatedUnion(
  'type',
  [
    typed('tcp', 'Passes when a connection can be opened.', timing),
    typed('tls', 'Passes when a TLS handshake succeeds, with a valid certificate.', {
      tls: tls('How TLS is spoken.', 'all defaults'),
      ...timing,
    }),
    typed('http', 'Asks by HTTP/1.1, or HTTPS.', { ...httpFields, tls: tls('HTTPS.', plain), ...timing }),
    typed('http2', 'Asks by HTTP/2; has the options of http.', {
      ...httpFields,
      tls: tls('HTTP/2 by TLS, else by prior knowledge.', plain),
      ...timing,
    }),
    typed('sendExpect', 'Looks for a text in what a server by TCP says, or answers.', {
      send: payload('text to send, of 1 to 65536 characters', 65536)
        .meta({
          description: 'What is sent once the connection stands.',
          otherwise: 'nothing: a server may greet',
          example: 'PING\r\n',
        })
        .optional(),
      expect: payload('text to find in the answer, of 1 to 4096 characters', 4096).meta({
        description: 'What the first 4 KiB of the answer must contain.',
        example: '+PONG',
      }),
      tls: tls('TLS from the first byte on.', plain),
      ...timing,
    }),
    typed('smtp', 'Passes when a mail server greets, and answers EHLO.', {
      hello: hostName('the name to introduce oneself by')
        .meta({
          description: 'The name to introduce oneself by.',
          otherwise: '`localhost`',
          example: 'director.example.com',
        })
        .optional(),
      tls: tls('TLS from the first byte on, as on port 465.', plain),
      ...timing,
    }),
    typed('udp', 'Sends a datagram, and passes when it is answered.', {
      send: payload('text to send, of 1 to 1400 characters', 1400).meta({
        description: 'The datagram that is sent.',
        example: 'ping',
      }),
      expect: payload('text to find in the answer, of 1 to 1400 characters', 1400)
        .meta({ description: 'What the answer must contain.', otherwise: 'any answer passes', example: 'pong' })
        .optional(),
      ...timing,
    }),
    typed('dns', 'Asks a name server by UDP.', {
      name: line('a domain name', /^(\.|(?=.{1,254}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?)$/)
        .prefault('.')
        .describe('Name that is asked for.'),
      record: oneOf('A', 'NS', 'CNAME', 'SOA', 'PTR', 'MX', 'TXT', 'AAAA', 'SRV')
        .prefault('SOA')
        .describe('Type of record that is asked for.'),
      codes: list(
        'a list of at least one code',
        oneOf('NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'),
        1,
      )
        .prefault(['NOERROR'])
        .describe('Codes of the answer that pass.'),
      ...timing,
    }),
    typed(
      'icmp',
      'Whether the host answers a ping, not its programs. Has no port; needs CAP_NET_RAW or the sysctl `net.ipv4.ping_group_range`.',
      times,
    ),
    typed('script', 'Runs a program for each server: exit status 0 passes.', {
      command: list('a list of a program and its words', argument(), 1).meta({
        description:
          "The program, by its absolute path, and its words, which no shell reads; one that is `{address}` or `{port}` is the server's. " +
          'Nobody but root, or the user whom the daemon runs as, may be able to change it.',
        example: ['/usr/local/lib/checks/db', '{address}', '{port}'],
      }),
      user: programUser(),
      weightFromStatus: yesOrNo()
        .default(false)
        .describe('Whether exit status 2 to 255 (but 126 and 127) is a pass, and less 2 the weight.'),
      summary: yesOrNo().default(false).describe('Whether the first line that it prints goes into the log.'),
      ...programTiming,
    }),
    typed('mon', 'Runs a monitor of Mon, unchanged, for each server.', {
      monitor: line('the name of a monitor, without a folder', /^\w[\w.+-]*$/, 255).meta({
        description: "A monitor of Mon's.",
        example: 'http.monitor',
      }),
      args: list('a list of words', argument())
        .prefault([])
        .meta({
          description: 'Its words before the host; a last word `;;` leaves the host away, as in mon.cf.',
          example: ['-t', '4'],
        }),
      directories: list('a list of at least one folder', absolutePath(), 1)
        .meta({
          description: 'Where it is looked for.',
          otherwise: '`[/usr/lib/mon/mon.d, /usr/lib/mon/mon-local.d]`',
          example: ['/usr/lib/mon/mon.d'],
        })
        .optional(),
      user: programUser(),
      summary: yesOrNo()
        .default(true)
        .describe('Whether its summary, the first line that it prints, goes into the log.'),
      ...programTiming,
    }),
  ],
  {
    error: ({ code, input }) =>
      code === 'invalid_union' ? typeExpected(input) : `a mapping with the type ${typeNames}`,
  },
)
