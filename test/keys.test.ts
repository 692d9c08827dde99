import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { formatAddress } from '../lib/address.js'
import { Destinations, type DestinationIdentity } from '../lib/destinations.js'
import { destinationName } from '../lib/keys.js'
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

/** Others, so many that they are found by maps. */
const crowd = Array.from({ length: 20 }, (_, i) => destinationKey({ address: `198.51.100.${i + 1}`, port: 80 }))

t.test('two destinations are the same exactly when they have the same name, among few and among many', async () => {
  fc.assert(
    fc.property(destination, destination, fc.boolean(), (a, b, among) => {
      const others = among ? crowd : []
      const found = new Destinations<DestinationRecord>()
      for (const one of [...others, a, b]) found.put(one)
      const same = destinationName(a) === destinationName(b)
      const all = [...others, ...(same ? [b] : [a, b])]
      return found.get(a) === (same ? b : a) && found.get(b) === b && isDeepStrictEqual(found.all, all)
    }),
    { numRuns: 2000 },
  )
})

t.test('they are before an address becomes bytes, too, in every spelling', async (t) => {
  const checked = (address: string, port = 80) => checkedDestination({ address, port, forwarding: 'direct' })
  fc.assert(
    fc.property(destination, (record) => {
      const found = new Destinations<DestinationIdentity>()
      found.put(checked(formatAddress(record), record.port))
      return found.get(record) === found.all[0]
    }),
  )
  const found = new Destinations<DestinationIdentity>()
  found.put(checked('2001:0DB8:0:0::1'))
  t.equal(found.get(checked('2001:db8::1')), found.all[0])
  t.equal(found.get(checked('2001:db8::2')), undefined)
})
