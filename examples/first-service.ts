import { open } from 'ipvs'

const ipvs = await open()
const service = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
await ipvs.addService({ ...service, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } })
for (const address of ['192.0.2.11', '192.0.2.12']) {
  await ipvs.addDestination(service, { address, port: 80, forwarding: 'direct' })
}
for (const { address, weight, connections } of await ipvs.destinations(service)) {
  console.log(address, weight, connections.active)
}
await ipvs.close()
