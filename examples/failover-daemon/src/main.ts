/** What bin/ipvs-failover.js runs. */
import './heap.js'
import { cli } from './cli.js'

process.exitCode = await cli(process.argv.slice(2))
