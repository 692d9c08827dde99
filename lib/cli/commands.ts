/** The subcommands: data only, so that each call loads no more than its own. */
import type { CommandLine, Relay } from '../command-line/index.js'
import type { Command, Option } from './command.js'

/** Every command that reads or writes the table has it. */
const namespace: Option = {
  name: 'namespace',
  short: 'N',
  value: 'NAME',
  help: "network namespace: a name under /run/netns or a path; the process's own unless given",
}
const json: Option = { name: 'json', help: 'print JSON' }

/** How objects are named on the command line. */
export const objectWords: string =
  'SERVICE is tcp/ADDRESS:PORT, udp/ADDRESS:PORT or sctp/ADDRESS:PORT, an IPv6 address in brackets; without a protocol it is ' +
  'TCP; mark/N and mark/N/ipv6 are firewall marks. SERVER is ADDRESS:PORT; without a port it has that of the service.'

export const commands: readonly Command[] = [
  {
    name: 'list',
    operands: [{ name: 'SERVICE', optional: true, completes: 'service' }],
    summary: 'show virtual services and their real servers',
    description: [
      'Shows the table, or one service of it. With --json it is what `ipvs plan` and `ipvs apply` read.',
      'With --watch a terminal shows it again and again; elsewhere, and with --json, every change is a line of its own.',
      objectWords,
    ],
    options: [
      namespace,
      json,
      { name: 'watch', short: 'w', help: 'go on until interrupted' },
      {
        name: 'interval',
        short: 'i',
        value: 'DURATION',
        help: 'between two looks with --watch: 500ms, 2s; 2s unless given',
      },
    ],
    examples: ['ipvs list', 'ipvs list tcp/192.0.2.100:80 --json', 'ipvs list --watch --interval 1s'],
    load: () => import('./list.js'),
  },
  {
    name: 'plan',
    operands: [{ name: 'FILE', completes: 'file' }],
    summary: 'show what apply would change',
    description: [
      'FILE is JSON, as `ipvs list --json` prints it, or what `ipvsadm -S` saved; - is standard input. Nothing is changed.',
      'The services that FILE names come to hold exactly the servers that it names. Other services are left alone, and ' +
        'named as foreign, unless --prune is given.',
      'ipvsadm saves no limits (-x, -y): a FILE of its takes away those that servers have. With --json the plan is what ' +
        "the library's diff() makes.",
    ],
    options: [namespace, json, { name: 'prune', help: 'remove services that FILE does not name' }, colour()],
    statuses: { 2: 'changes are pending' },
    examples: ['ipvs plan table.json', 'ipvs plan --prune /etc/ipvsadm.rules'],
    load: () => import('./plan.js'),
  },
  {
    name: 'apply',
    operands: [{ name: 'FILE', completes: 'file' }],
    summary: 'make the table what a file says',
    description: [
      'Shows what `ipvs plan` shows, and does it: services are made, servers added and changed, and only then, per service ' +
        'whose changes all succeeded, servers removed. The first failure stops that service, not the others.',
      'With --json it is the plan, and the result: the changes that are applied, that failed, and that were not attempted.',
    ],
    options: [namespace, json, { name: 'prune', help: 'remove services that FILE does not name' }, colour()],
    examples: ['ipvs list --json >table.json', 'ipvs apply table.json', 'ipvs apply - <rules'],
    load: () => import('./apply.js'),
  },
  {
    name: 'drain',
    operands: [
      { name: 'SERVICE', completes: 'service' },
      { name: 'SERVER', completes: 'server' },
    ],
    summary: 'take a real server out gently',
    description: [
      'Sets weight 0, so that no new connections come, and waits until the old ones are gone. The weight stays 0: at the ' +
        'time limit and after Ctrl-C, too, when the sentence on stderr says how to give it back.',
      objectWords,
    ],
    options: [
      namespace,
      { name: 'timeout', short: 't', value: 'DURATION', help: 'how long to wait: 90s, 5m; 60s unless given' },
      { name: 'interval', short: 'i', value: 'DURATION', help: 'between two looks; 1s unless given' },
      {
        name: 'active',
        help: 'wait for active connections only: not for closing ones, UDP flows and persistent clients',
      },
      { name: 'remove', help: 'remove the server when it is drained' },
    ],
    statuses: { 3: 'connections were left at the time limit' },
    examples: ['ipvs drain 192.0.2.100:80 192.0.2.11 --timeout 5m'],
    load: () => import('./drain.js'),
  },
  {
    name: 'top',
    operands: [],
    summary: 'watch the rates of services and servers',
    description: [
      'Shows new connections, packets and bytes a second, as the kernel averages them, and the course of open connections, of ' +
        'services and real servers, until q or Ctrl-C. Where stdout is no terminal, each refresh is printed below the last.',
    ],
    options: [
      namespace,
      {
        name: 'interval',
        short: 'i',
        value: 'DURATION',
        help: 'between two refreshes; 2s unless given, which is how often the kernel counts',
      },
      { name: 'count', short: 'c', value: 'N', help: 'end after so many refreshes' },
      {
        name: 'sort',
        value: 'KEY',
        choices: ['connections', 'rate', 'bytes', 'name'],
        help: 'busiest first by connections, rate (of new connections) or bytes; or by name, which is the default',
      },
    ],
    examples: ['ipvs top', 'ipvs top --count 1 --sort rate'],
    load: () => import('./top.js'),
  },
  {
    name: 'connections',
    operands: [],
    summary: 'list the connection table',
    description: [
      'Lists what the director forwards now, with the time until the kernel forgets it. With --json each is a line. ' +
        'While connections come and go, some may be missed or shown twice.',
      'FILTER is KEY=VALUE; all that are given must hold. Keys: protocol, state, client, service, server, template. client, ' +
        'service and server take an address, ADDRESS:PORT, or a prefix such as 10.0.0.0/8; service also takes what `ipvs list` ' +
        'calls it, mark/7 for instance; template takes yes or no. KEY!=VALUE is the opposite.',
    ],
    options: [
      namespace,
      json,
      {
        name: 'filter',
        short: 'f',
        value: 'FILTER',
        multiple: true,
        help: 'show only those; may be given several times',
      },
      { name: 'limit', short: 'l', value: 'N', help: 'end after so many that are wanted' },
      { name: 'count', help: 'print how many there are of each service, server and state, instead of each' },
    ],
    examples: ['ipvs connections --filter state=ESTABLISHED --filter client=10.0.0.0/8', 'ipvs connections --count'],
    load: () => import('./connections.js'),
  },
  {
    name: 'doctor',
    operands: [],
    summary: 'find what keeps the director, or a real server, from working',
    description: [
      'Looks at the kernel module, the capability, the schedulers, the sysctls that matter with advice for this kernel, the ' +
        'virtual addresses and forwarding. Each finding says what to do. Nothing is changed.',
      'With --real-server it looks instead at this host as a real server for direct routing or tunnels: the virtual address, ' +
        'arp_ignore, arp_announce, rp_filter. That needs no IPVS here.',
    ],
    options: [
      namespace,
      json,
      {
        name: 'real-server',
        value: 'VIP',
        multiple: true,
        help: 'look at this host as a real server of that virtual address',
      },
    ],
    statuses: { 1: 'something does not work' },
    examples: ['ipvs doctor', 'ipvs doctor --real-server 192.0.2.100'],
    load: () => import('./doctor.js'),
  },
  {
    name: 'completion',
    operands: [{ name: 'SHELL', completes: ['bash', 'zsh', 'fish'] }],
    summary: 'print the completion for a shell',
    description: [
      'Prints a script that completes commands, options, files, and the services and servers that the table holds, where ' +
        'they may be read. SHELL is bash, zsh or fish.',
      'Its places: ~/.local/share/bash-completion/completions/ipvs, or /etc/bash_completion.d/ipvs for everybody; a file _ipvs in a ' +
        'folder of fpath for zsh; ~/.config/fish/completions/ipvs.fish. bash and zsh take it by source, too.',
    ],
    options: [],
    examples: [
      'source <(ipvs completion bash)',
      'ipvs completion zsh >/usr/local/share/zsh/site-functions/_ipvs',
      'ipvs completion fish >~/.config/fish/completions/ipvs.fish',
    ],
    load: () => import('./completion.js'),
  },
]

function colour(): Option {
  return {
    name: 'color',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    help: 'auto, always or never: auto, which is the default, colours on a terminal unless NO_COLOR is set',
  }
}

/** Not in the list above: its arguments are ipvsadm's. */
export const adm: Relay = {
  name: 'adm',
  summary: 'what ipvsadm does, with its words',
  description: [
    'Takes every argument of ipvsadm 1.31, and answers as it does. A symbolic link to ipvs that is named ipvsadm, ' +
      'ipvsadm-save or ipvsadm-restore does the same.',
    'Its options are those of ipvsadm(8), its exit statuses too.',
  ],
}

export const ipvs: CommandLine<Command> = {
  name: 'ipvs',
  purpose: "control the Linux kernel's load balancer (IPVS)",
  commands,
  relays: [adm],
  statuses: {
    0: 'done, or nothing to do',
    1: 'it failed: the sentence on stderr says why, and what to do',
    64: 'wrong arguments',
    130: 'interrupted',
  },
}

/** What can stand first. */
export const commandNames: readonly string[] = [...commands.map(({ name }) => name), adm.name, 'help']
