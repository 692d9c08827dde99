/** `bird:` of the file, and what a service says to be announced. */
import { absolutePath, mapping, oneOf } from '../fields.js'

/** How bird is told. */
export interface BirdConfig {
  /** The file that bird's configuration includes. */
  readonly include: string
  readonly controlSocket: string
}

export const announceField = oneOf('bird')
  .meta({
    description:
      'Who tells routers of the virtual address: the daemon bird, while each service that is announced at that address has its quorum.',
    otherwise: 'nobody',
    example: 'bird',
  })
  .optional()

export const BirdField = mapping('a mapping with include and controlSocket', {
  include: absolutePath()
    .prefault('/run/bird/ipvs-failover.conf')
    .describe(
      'The file that this daemon writes and the configuration of bird includes. In /run: after a boot bird is to announce nothing before ' +
        'the table is there.',
    ),
  controlSocket: absolutePath('an absolute path of at most 100 characters', 100)
    .prefault('/run/bird/bird.ctl')
    .describe('Where bird takes commands.'),
})
