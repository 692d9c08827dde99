// The same on a kernel with IPVS, in a network namespace of its own: adds a service and reads it back.
import { open } from 'ipvs'

const ipvs = await open()
await ipvs.addService({ protocol: 'tcp', address: '192.0.2.100', port: 80, scheduler: 'wlc' })
const services = await ipvs.services()
await ipvs.close()
console.log(
  JSON.stringify({
    services: services.map(({ protocol, address, port, scheduler }) => ({ protocol, address, port, scheduler })),
    addons: process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')),
  }),
)
