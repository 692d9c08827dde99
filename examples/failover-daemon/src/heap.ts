/** What V8 is told of a daemon that checks all the time: to be imported before what it runs. */
import { setFlagsFromString } from 'node:v8'

// At the start all checks wait at once for the first writes. V8 learns from it that what a check makes lives long, and would from then on make
// it where only a full collection looks: 5 MB a second of 10,000 servers.
setFlagsFromString('--no-allocation-site-pretenuring')
// The heap of a process that is busy may otherwise become four times what lives in it before a full collection.
setFlagsFromString('--heap-growing-percent=30')
