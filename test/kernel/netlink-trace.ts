/** What a process sent to IPVS, as strace saw it: messages of generic netlink, taken apart into their attributes. Pure. */

/** One message. */
export interface Message {
  /** IPVS_CMD_* */
  readonly command: number
  readonly version: number
  /** NLM_F_* as strace tells them. */
  readonly flags: string
  /** In the order of the message: names such as `SERVICE.PORT`, values as hexadecimal bytes. */
  readonly attributes: readonly (readonly [name: string, value: string])[]
}

/** The options with which strace writes what `messagesIn` reads. */
export const straceOptions: readonly string[] = ['-f', '-qq', '-xx', '-s', '65536', '-e', 'trace=sendmsg,sendto']

/** Names of attributes by number, from 1: IPVS_CMD_ATTR_*, IPVS_SVC_ATTR_*, IPVS_DEST_ATTR_*, IPVS_DAEMON_ATTR_*. */
const commandAttributes = ['SERVICE', 'DEST', 'DAEMON', 'TIMEOUT_TCP', 'TIMEOUT_TCP_FIN', 'TIMEOUT_UDP']
const nested: Readonly<Record<string, readonly string[]>> = {
  SERVICE: 'AF PROTOCOL ADDR PORT FWMARK SCHED_NAME FLAGS TIMEOUT NETMASK STATS PE_NAME'.split(' '),
  DEST: (
    'ADDR PORT FWD_METHOD WEIGHT U_THRESH L_THRESH ACTIVE_CONNS INACT_CONNS PERSIST_CONNS STATS ADDR_FAMILY STATS64 ' +
    'TUN_TYPE TUN_PORT TUN_FLAGS'
  ).split(' '),
  DAEMON: 'STATE MCAST_IFN SYNC_ID SYNC_MAXLEN MCAST_GROUP MCAST_GROUP6 MCAST_PORT MCAST_TTL'.split(' '),
}

const NLA_F_NESTED = 0x8000

/** Every message to IPVS in a trace, those to the controller of generic netlink left out. */
export function messagesIn(trace: string): readonly Message[] {
  // strace tells the header in words, and the payload in bytes.
  const messages = /\{nlmsg_len=(\d+), nlmsg_type=([^,]*), nlmsg_flags=([^,]*), [^}]*\}, "((?:\\x[0-9a-f]{2})*)"/g
  return [...trace.matchAll(messages)]
    .filter(([, , type = '']) => !/nlctrl|GENL_ID_CTRL|^0x10 /.test(type))
    .map(([, length, , flags = '', escaped = '']) => {
      const bytes = Buffer.from(escaped.replaceAll('\\x', ''), 'hex')
      const headers = 16
      if (bytes.length + headers !== Number(length))
        throw new RangeError(`${bytes.length} of ${length} bytes are in the trace`)
      return {
        command: bytes.readUInt8(0),
        version: bytes.readUInt8(1),
        flags: flags.replaceAll('NLM_F_', '').replace('0x300', 'DUMP'),
        attributes: attributesIn(bytes.subarray(4), commandAttributes),
      }
    })
}

function attributesIn(bytes: Buffer, names: readonly string[], prefix = ''): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt16LE(at)
    const type = bytes.readUInt16LE(at + 2)
    if (length < 4 || at + length > bytes.length)
      throw new RangeError(`an attribute of ${length} bytes at ${at} of ${bytes.length}`)
    const name = names[(type & ~NLA_F_NESTED) - 1] ?? `attribute ${type}`
    const value = bytes.subarray(at + 4, at + length)
    if (type & NLA_F_NESTED) found.push(...attributesIn(value, nested[name] ?? [], `${name}.`))
    else found.push([`${prefix}${name}`, value.toString('hex')])
    at += (length + 3) & ~3
  }
  return found
}
