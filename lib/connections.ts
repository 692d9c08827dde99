/** /proc/net/ip_vs_conn: hexadecimal text, one entry a line. */
import { open, type FileHandle } from 'node:fs/promises'
import { formatAddress } from './address.js'
import { IpvsError } from './errors.js'
import { AF_INET, AF_INET6, type ThreadRecord } from './records.js'
import type { Connection, Endpoint } from './director.js'

/**
 * The connection table of the namespace that a thread is in; undefined for an in-memory kernel, which forwards nothing. The path
 * is that of the task: /proc/net would be the namespace of the process's main thread.
 */
export async function openConnections({ id }: ThreadRecord): Promise<FileHandle | undefined> {
  if (id === 0) return undefined
  return open(`/proc/self/task/${id}/net/ip_vs_conn`).catch((cause: NodeJS.ErrnoException) => {
    throw notOpened(cause)
  })
}

/** Why the table cannot be read. */
export function notOpened(cause: NodeJS.ErrnoException): IpvsError {
  const subject = { operation: 'connections', errno: cause.errno === undefined ? undefined : -cause.errno, cause }
  if (cause.code === 'ENOENT') {
    const text = 'connections: this kernel shows no /proc/net/ip_vs_conn; load the module ip_vs, mount /proc'
    return new IpvsError(text, { ...subject, code: 'IPVS_UNAVAILABLE' })
  }
  const text = `connections: /proc/net/ip_vs_conn cannot be opened; mind the limit of open files, try again (${cause.code})`
  return new IpvsError(text, { ...subject, code: 'IPVS_REJECTED' })
}

/** Its entries; the file is closed at the end, also when the loop is left. */
export async function* readConnections(
  file: FileHandle,
  limit: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Connection> {
  try {
    if (limit === 0) return
    let count = 0
    for await (const line of readLines(file)) {
      signal?.throwIfAborted()
      yield parseConnection(line)
      if (++count === limit) return
    }
  } finally {
    await file.close()
  }
}

/** One read() gives 4 KiB at most, whatever the buffer. */
const bufferSize = 4096

/** All lines but the first, which names the columns. */
async function* readLines(file: FileHandle): AsyncGenerator<string> {
  const buffer = new Uint8Array(bufferSize)
  let rest = ''
  let isTitle = true
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, bufferSize, null)
    if (bytesRead === 0) return
    const lines = (rest + Buffer.from(buffer.buffer, 0, bytesRead).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!isTitle) yield line
      isTitle = false
    }
  }
}

/** `Pro FromIP FPrt ToIP TPrt DestIP DPrt State Expires PEName PEData`, the last two where an engine made the entry. */
export function parseConnection(line: string): Connection {
  const words = line.trim().split(/ +/)
  const [protocol, from, fromPort, to, toPort, server, serverPort, state, expires, engine, ...data] = words
  if (protocol === undefined || state === undefined || !/^[0-9]+$/.test(expires ?? '')) throw unknownLine(line)
  const client = endpoint(line, from, fromPort)
  return {
    protocol: protocol.toLowerCase(),
    state,
    expiresSeconds: Number(expires),
    client,
    virtual: endpoint(line, to, toPort),
    destination: endpoint(line, server, serverPort),
    // FTP's data connections have no client port yet, either, but are in another state (ip_vs_ftp.c).
    template: client.port === 0 && (state === 'NONE' || state === 'ASSURED'),
    ...(engine === undefined ? {} : { engine: { name: engine, data: data.join(' ') } }),
  }
}

function endpoint(line: string, address = '', port = ''): Endpoint {
  const digits = address.replaceAll(':', '')
  const isAddress = /^([0-9a-f]{8}|[0-9a-f]{32})$/i.test(digits)
  if (!isAddress || !/^[0-9a-f]{4}$/i.test(port)) throw unknownLine(line)
  const bytes = new Uint8Array(16)
  bytes.set(Buffer.from(digits, 'hex'))
  const family = digits.length === 8 ? AF_INET : AF_INET6
  return { address: formatAddress({ family, address: bytes }), port: parseInt(port, 16) }
}

function unknownLine(line: string): IpvsError {
  return new IpvsError(
    `connections: expected an entry as Linux 6 prints it, found '${line.slice(0, 200)}'; report this kernel's version`,
    { code: 'IPVS_REJECTED', operation: 'connections' },
  )
}
