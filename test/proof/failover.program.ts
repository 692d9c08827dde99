/** The daemon in one file: loading its many modules takes an emulated machine ten seconds. */
import '../../examples/failover-daemon/src/main.js'
