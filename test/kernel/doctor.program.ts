/** The command itself, for doctor.guest.ts: what a host has can be seen only from inside its network namespace. */
import '../../lib/cli/main.js'
