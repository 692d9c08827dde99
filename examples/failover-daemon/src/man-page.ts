/** The man page ipvs-failover(8). */
import { manPage } from 'ipvs/command-line'
import { failover, serverWords } from './command-line.js'
import { ORDERS_FILE } from './orders.js'
import { LEDGER_FILE } from './state.js'
import { version } from './version.js'

const state = '/var/lib/ipvs-failover'

export const failoverPage = (): string =>
  manPage(failover, {
    source: 'docs/make.mjs from src/command-line.ts and src/man-page.ts',
    version: version(),
    description: [
      'A daemon for the director of an IPVS cluster. It checks the real servers of each virtual service, takes those that fail out of ' +
        "the kernel's table, and puts them back when they have recovered. The services, the servers and the checks stand in one file.",
      'status, plan, reload, drain, disable and enable ask a running daemon by a Unix socket, which root and its group may use. The others ' +
        'need none.',
      serverWords,
      'The daemon never empties a table, and only what it created or adopted is ever removed. At its end, whatever ends it, the table ' +
        'stays as it is; the next one adopts it.',
    ],
    sections: [
      {
        title: 'SIGNALS',
        items: [
          [
            'SIGHUP',
            'The daemon reads its configuration anew, as by `ipvs-failover reload`. One with a mistake is refused.',
          ],
          [
            'SIGTERM, SIGINT',
            'The daemon ends, and lets alerts and hooks that wait end before it, for a bounded time. A second one ends it at once.',
          ],
        ],
      },
      {
        title: 'ENVIRONMENT',
        items: [
          [
            'RUNTIME_DIRECTORY',
            'The folder of control.sock, for the daemon and for those who ask it. systemd sets it.',
          ],
          [
            'STATE_DIRECTORY',
            `The folder of ${LEDGER_FILE} and ${ORDERS_FILE}, unless the configuration names one. systemd sets it.`,
          ],
          [
            'NOTIFY_SOCKET, WATCHDOG_USEC',
            'Where systemd is told that the daemon is ready, and that rounds are completed; and how often it wants to hear that.',
          ],
        ],
      },
      {
        title: 'FILES',
        items: [
          [
            '/etc/ipvs-failover/failover.yaml',
            "The configuration, where the package's unit of systemd has it. Every option is in docs/options.md of the package, " +
              'failover.yaml there is an example, and failover.schema.json is for editors.',
          ],
          [
            '/run/ipvs-failover/control.sock',
            'Takes commands (0660, in a folder of 0750); another with controlSocket or `--socket`.',
          ],
          [
            `${state}/${LEDGER_FILE}`,
            'What the daemon created or adopted; nothing else is ever removed. Another folder with stateDirectory or STATE_DIRECTORY.',
          ],
          [`${state}/${ORDERS_FILE}`, 'What drain and disable said and enable has not taken back.'],
          [
            'nodeStates/NODE',
            'In the folder that the configuration names, a file for each node, for other programs: 0 offline, 1 online in every service, ' +
              '2 answers ping and fails a check.',
          ],
        ],
      },
    ],
    seeAlso: ['ipvs(8)', 'ipvsadm(8)', 'keepalived(8)', 'setpriv(1)', 'systemd.service(5)'],
  })
