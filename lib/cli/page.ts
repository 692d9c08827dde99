/** The man page ipvs(8). */
import { manPage } from '../command-line/index.js'
import { ipvs, objectWords } from './commands.js'

/** The page of a version of the package. */
export function ipvsPage(version: string): string {
  return manPage(ipvs, {
    source: 'docs/man/make.mjs from lib/cli/commands.ts',
    version,
    description: [
      'Reads and writes the table of virtual services and real servers in the Linux kernel, by netlink. The services are those of one ' +
        'network namespace.',
      objectWords,
      'DURATION is 500ms, 60s, 5m or 1h; digits alone are seconds.',
      'To read or write the table needs CAP_NET_ADMIN in the initial user namespace; to enter another network namespace, ' +
        'CAP_SYS_ADMIN. The kernel loads the module ip_vs when it is asked the first time.',
      'What fails is told in one sentence on stderr, which says what to do.',
    ],
    sections: [
      {
        title: 'ENVIRONMENT',
        items: [
          ['NO_COLOR', 'If it is set and not empty, nothing is coloured, unless --color is always.'],
          ['TERM', 'If it is dumb, nothing is coloured, unless --color is always.'],
        ],
      },
    ],
    seeAlso: ['ipvsadm(8)', 'ip-netns(8)', 'nft(8)', 'keepalived(8)'],
  })
}
