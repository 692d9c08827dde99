/** The command line of `ipvs-failover`, as data: arguments are read by it, help and the man page made of it. */
import type { Command, CommandLine, Option } from 'ipvs/command-line'

const config: Option = { name: 'config', short: 'c', value: 'FILE', required: true, help: 'the configuration, YAML' }
const socket: Option = {
  name: 'socket',
  value: 'PATH',
  help: "the daemon's control socket; control.sock in $RUNTIME_DIRECTORY, else in /run/ipvs-failover, unless given",
}
const json: Option = { name: 'json', help: 'print JSON' }
const service: Option = {
  name: 'service',
  value: 'VIP:PORT',
  help: 'in this virtual service only; in all of them unless given',
}

/** What operators call a server. */
export const serverWords =
  'SERVER is an address, with or without a port, or the name that it was found by. ADDRESS:PORT takes an IPv6 address in brackets.'

export const commands = [
  {
    name: 'run',
    operands: [],
    summary: "keep the kernel's IPVS table right until SIGTERM",
    description: [
      'Takes dead real servers out of the table and puts recovered ones back. It needs CAP_NET_ADMIN, writes its log to ' +
        'stdout as JSON lines, and leaves the table as it is when it ends, however it ends.',
      'What stands in FILE is looked at again by `ipvs-failover reload` and SIGHUP, and when FILE changes if its reloadOnChange says so.',
    ],
    options: [
      config,
      { ...socket, help: "where to listen for commands; unless given, FILE's controlSocket, or the usual place" },
    ],
    statuses: {
      0: 'ended by SIGTERM or SIGINT',
      1: 'IPVS cannot be used, or ICMP where a check needs it',
      75: 'another daemon runs in this network namespace',
    },
    examples: ['ipvs-failover run -c /etc/ipvs-failover/failover.yaml'],
  },
  {
    name: 'check-config',
    operands: [],
    summary: 'validate a configuration and change nothing',
    description: [
      'Each mistake is a line on stderr: file:line:column, what is expected there, and what is there.',
      'Where FILE says so, what etcd has is validated with it; if etcd does not answer, what it had when the daemon took it last.',
    ],
    options: [
      config,
      {
        name: 'service',
        value: 'NAME=FILE',
        help: 'as if etcd had what FILE holds as the service NAME: before it is put there',
      },
    ],
    examples: [
      'ipvs-failover check-config -c /etc/ipvs-failover/failover.yaml',
      'ipvs-failover check-config -c /etc/ipvs-failover/failover.yaml --service web=web.yaml',
    ],
  },
  {
    name: 'import',
    operands: [],
    summary: 'write the configuration for an installation of mon, keepalived or ldirectord',
    description: [
      'Writes it to stdout. What it cannot carry over it lists on stderr, a line each, and as comments at the head. It looks ' +
        'nothing up and changes nothing.',
    ],
    options: [
      { name: 'mon', value: 'FILE', help: 'mon.cf' },
      { name: 'lvs-init', value: 'FILE', help: 'the script that makes the services, with --mon' },
      {
        name: 'nodes',
        value: 'DIR',
        help: "the folder with the files of nodes, http_nodes for instance: the director's or a copy of it, with --mon",
      },
      {
        name: 'mon-common',
        value: 'FILE',
        help: 'the shell variables of mon.cf and lvs-init; unless given, mon_common beside mon.cf, if it is there',
      },
      {
        name: 'set',
        value: 'NAME=VALUE',
        multiple: true,
        help: 'a shell variable that no file sets, VIP=192.0.2.100 for instance, with --mon; may be given several times',
      },
      {
        name: 'pair',
        value: 'PORT=GROUP',
        multiple: true,
        help:
          'which hostgroup of mon.cf stands behind a port, 5000=myapp_nodes for instance, where names and ports do not tell; ' +
          'may be given several times',
      },
      { name: 'keepalived', value: 'FILE', help: 'keepalived.conf' },
      { name: 'config-id', value: 'NAME', help: 'what lines that begin with @NAME are for, as with `keepalived -i`' },
      { name: 'ldirectord', value: 'FILE', help: 'ldirectord.cf' },
    ],
    forms: [
      '--mon FILE --lvs-init FILE --nodes DIR [OPTION...]',
      '--keepalived FILE [--config-id NAME]',
      '--ldirectord FILE',
    ],
    statuses: {
      0: 'all is carried over',
      2: 'wrong arguments, or a file that is none of its kind: file:line:column on stderr, and nothing on stdout',
      3: 'the configuration was written, and something could not be carried over',
    },
    examples: [
      'ipvs-failover import --mon mon.cf --lvs-init lvs-init --nodes /cluster >failover.yaml',
      'ipvs-failover import --keepalived /etc/keepalived/keepalived.conf >failover.yaml',
      'ipvs-failover import --ldirectord /etc/ha.d/ldirectord.cf >failover.yaml',
    ],
  },
  {
    name: 'real-server-script',
    operands: [],
    summary: 'print a shell script that prepares a real server',
    description: [
      'The script gives a real server the virtual addresses of the services with direct or tunnel forwarding, and makes it silent ' +
        'about them. It may be run any number of times; with --remove it takes the addresses away again.',
    ],
    options: [config],
    examples: ['ipvs-failover real-server-script -c failover.yaml | ssh root@web1 sh'],
  },
  {
    name: 'status',
    operands: [],
    summary: 'show services, servers, and what is wrong',
    description: [
      'Asks the running daemon. The fields of the JSON are in docs/status.md of the package.',
      'With --watch it asks again and again until q or Ctrl-C: on a terminal it draws in place, with what does not fit left out; elsewhere ' +
        'there is an empty line between two snapshots, and with --json each is one line. A daemon that has gone is waited for.',
    ],
    options: [
      { name: 'watch', short: 'w', help: 'show it again and again' },
      { name: 'interval', short: 'i', value: 'DURATION', help: 'between two looks with --watch; 1s unless given' },
      json,
      socket,
    ],
    examples: ['ipvs-failover status', 'ipvs-failover status --watch', 'ipvs-failover status --json'],
  },
  {
    name: 'plan',
    operands: [],
    summary: 'show what a reload would write',
    description: ['The running daemon reads its file, and says how the table would change. Nothing is changed.'],
    options: [json, socket],
    examples: ['ipvs-failover plan'],
  },
  {
    name: 'reload',
    operands: [],
    summary: 'read the configuration anew',
    description: [
      'Returns when the new one holds, or is refused, when the old one holds. What is the same in both is not written, and its checks ' +
        'go on.',
    ],
    options: [{ name: 'force', help: 'even if most services are gone from it' }, socket],
    examples: ['ipvs-failover reload'],
  },
  {
    name: 'drain',
    operands: [{ name: 'SERVER' }],
    summary: 'give a server no new clients',
    description: [
      'It is taken out when the old ones have gone, or after the drainTimeout of its service, and stays out until it is enabled, also when ' +
        'the daemon starts anew.',
      serverWords,
    ],
    options: [service, json, socket],
    examples: ['ipvs-failover drain web3.example.net', 'ipvs-failover drain 192.0.2.13 --service 192.0.2.100:80'],
  },
  {
    name: 'disable',
    operands: [{ name: 'SERVER' }],
    summary: 'take a server out at once',
    description: ['It stays out until it is enabled, also when the daemon starts anew.', serverWords],
    options: [service, json, socket],
    examples: ['ipvs-failover disable 192.0.2.13:80'],
  },
  {
    name: 'enable',
    operands: [{ name: 'SERVER' }],
    summary: 'take drain and disable back',
    description: [serverWords],
    options: [service, json, socket],
    examples: ['ipvs-failover enable web3.example.net'],
  },
  {
    name: 'handover',
    operands: [],
    summary: 'give the virtual addresses to another director',
    description: [
      'For maintenance: nobody waits for this director to be missed. Returns when another one has them. This one takes them back after ' +
        '`grace`, if it is preferred and `preempt` is not false.',
    ],
    options: [socket],
    statuses: {
      0: 'another director has them',
      1: 'this director does not have them, or has them again as nobody took them',
    },
    examples: ['ipvs-failover handover'],
  },
  {
    name: 'keepalived',
    operands: [],
    summary: 'write the configuration of keepalived for ha:',
    description: [
      'keepalived moves the virtual addresses between directors, by VRRP; it is a service of its own (`keepalived --vrrp`). What is written ' +
        'is all of its configuration, or what an `include` of it names. Run it as root, and reload keepalived, whenever ha: or the virtual ' +
        'addresses of FILE have changed.',
    ],
    options: [config, { name: 'output', short: 'o', value: 'PATH', help: 'where to write it; stdout unless given' }],
    examples: [
      'ipvs-failover keepalived -c /etc/ipvs-failover/failover.yaml --output /etc/keepalived/ipvs-failover.conf',
    ],
  },
] as const satisfies readonly Command[]

export type CommandName = (typeof commands)[number]['name']

export const failover: CommandLine<Command & { readonly name: CommandName }> = {
  name: 'ipvs-failover',
  purpose: 'take dead real servers out of an IPVS director and put recovered ones back',
  commands,
  statuses: {
    0: 'done',
    1: 'it failed, or the daemon does not answer, or refuses: the sentence on stderr says why',
    2: 'wrong arguments, or a wrong FILE',
  },
}
