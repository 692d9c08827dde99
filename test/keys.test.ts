import fc from 'fast-check'
import t from 'tap'
import { formatAddress } from '../lib/address.js'
import { checkedDestinationId, destinationId, destinationName } from '../lib/keys.js'
import { AF_INET, AF_INET6, type DestinationRecord } from '../lib/records.js'
import { checkedDestination, destinationKey } from '../lib/validate-destination.js'

/** Few bytes, so that keys often coincide, with both ends of what a byte holds. */
const byte = fc.constantFrom(0, 1, 254, 255)
const destination: fc.Arbitrary<DestinationRecord> = fc
  .tuple(
    fc.constantFrom(AF_INET, AF_INET6),
    fc.array(byte, { minLength: 4, maxLength: 4 }),
    fc.constantFrom(0, 1, 80, 65535),
  )
  .map(([family, bytes, port]) => {
    const address = formatAddress({ family, address: Uint8Array.from([...bytes, ...Array<number>(12).fill(0)]) })
    return destinationKey({ address, port })
  })

t.test('two destinations have the same id exactly when they have the same name', async () => {
  fc.assert(
    fc.property(destination, destination, (a, b) => {
      return (destinationId(a) === destinationId(b)) === (destinationName(a) === destinationName(b))
    }),
    { numRuns: 2000 },
  )
})

t.test('the id is the same before an address becomes bytes, in every spelling', async (t) => {
  fc.assert(
    fc.property(destination, (record) => {
      const given = { address: formatAddress(record), port: record.port, forwarding: 'direct' }
      return checkedDestinationId(checkedDestination(given, 'destination')) === destinationId(record)
    }),
  )
  const [long, short] = ['2001:0DB8:0:0::1', '2001:db8::1'].map((address) =>
    checkedDestinationId(checkedDestination({ address, port: 80, forwarding: 'direct' }, 'destination')),
  )
  t.equal(long, short)
})
