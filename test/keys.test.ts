import fc from 'fast-check'
import t from 'tap'
import { formatAddress } from '../lib/address.js'
import { DestinationMap } from '../lib/destination-map.js'
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

t.test('a map knows two destinations for the same exactly when they have the same name', async () => {
  fc.assert(
    fc.property(destination, destination, (a, b) => {
      const map = new DestinationMap<string>()
      map.set(a, 'a')
      map.set(b, 'b')
      const same = destinationName(a) === destinationName(b)
      return map.get(a) === (same ? 'b' : 'a') && map.get(b) === 'b' && map.size === (same ? 1 : 2)
    }),
    { numRuns: 2000 },
  )
})

t.test('it does before an address becomes bytes, too, in every spelling', async (t) => {
  const checked = (address: string, port = 80) => checkedDestination({ address, port, forwarding: 'direct' })
  fc.assert(
    fc.property(destination, (record) => {
      const map = new DestinationMap<true>()
      map.set(checked(formatAddress(record), record.port), true)
      return map.get(record) === true
    }),
  )
  const map = new DestinationMap<true>()
  map.set(checked('2001:0DB8:0:0::1'), true)
  t.equal(map.get(checked('2001:db8::1')), true)
  t.equal(map.get(checked('2001:db8::2')), undefined)
})
