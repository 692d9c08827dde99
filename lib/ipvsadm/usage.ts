/** `ipvsadm -h` and `-v`. */
import { version } from '../version.js'

/** Begins as ipvsadm's does, for scripts that look for a version. */
export function versionLine(): string {
  return `ipvsadm v1.31 2019/12/24 (compiled with ipvs ${version()} and IPVS v1.2.1)\n`
}

export function usage(): string {
  return `${versionLine()}${text}`
}

const text = `Usage:
  ipvsadm -A|E SERVICE [-s SCHEDULER] [-p [SECONDS]] [-M NETMASK] [--pe ENGINE] [-b FLAGS] [-o]
  ipvsadm -D SERVICE
  ipvsadm -C
  ipvsadm -R [--atomic] <RULES
  ipvsadm -S [-n] >RULES
  ipvsadm -a|e SERVICE -r SERVER [-g|-i|-m] [-w WEIGHT] [-x UPPER] [-y LOWER] [TUNNEL]
  ipvsadm -d SERVICE -r SERVER
  ipvsadm -L|l [SERVICE|-c|--timeout|--daemon] [-n] [FORMAT]
  ipvsadm -Z [SERVICE]
  ipvsadm --set TCP TCPFIN UDP
  ipvsadm --start-daemon {master|backup} [DAEMON]
  ipvsadm --stop-daemon {master|backup}
  ipvsadm -h|-v

Commands, of which one comes first:
  -A, --add-service       make a virtual service
  -E, --edit-service      give it these settings, and defaults for the others
  -D, --delete-service    remove it with its real servers
  -C, --clear             remove all services
  -R, --restore           carry out commands from standard input, one a line
  -S, --save              print the commands that make this table
  -a, --add-server        add a real server to a service
  -e, --edit-server       give it these settings, and defaults for the others
  -d, --delete-server     remove it at once
  -L, -l, --list          show the table (the same: no arguments at all)
  -Z, --zero              set the counters of a service, or of all, to zero
      --set               set the timeouts, in seconds; 0 keeps one
      --start-daemon      start a connection sync daemon
      --stop-daemon       stop it
  -h, --help              this help
  -v, --version           the version

SERVICE:
  -t, --tcp-service HOST:PORT
  -u, --udp-service HOST:PORT
      --sctp-service HOST:PORT
  -f, --fwmark-service N [-6]   packets with this mark; -6: IPv6
  HOST is an address or a name, IPv6 as [ADDRESS]:PORT; PORT a number or a name.

Of services:
  -s, --scheduler NAME    rr, wrr, lc, wlc (default), lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos
  -p, --persistent [N]    a client stays with its server for N seconds (360), 1 to 2678400
  -M, --netmask MASK      which clients are one: 255.255.255.0, or bits for IPv6
      --pe NAME           persistence engine: sip
  -o, --ops               schedule each UDP packet by itself
  -b, --sched-flags LIST  sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3, with commas

Of real servers:
  -r, --real-server HOST[:PORT]
  -g, --gatewaying        direct routing (default)
  -i, --ipip              tunnel
  -m, --masquerading      NAT
  -w, --weight N          share of connections (1); 0: no new ones
  -x, --u-threshold N     skip it at so many connections; 0: no limit
  -y, --l-threshold N     take it back at so many
      --tun-type TYPE     with -i: ipip (default), gue, gre
      --tun-port PORT     with gue
      --tun-nocsum, --tun-csum, --tun-remcsum   checksum of gue and gre (--tun-remcsum: gue only)

FORMAT:
  -n, --numeric           numbers instead of names
      --stats             totals
      --rate              per second
      --thresholds        -x and -y
      --persistent-conn   persistent connections; with -c: persistence engines
      --tun-info          tunnels
  -X, --exact             whole numbers
      --nosort            in the kernel's order
      --sort              nothing: it is the default
  -c, --connection        the connection table
      --timeout           the timeouts
      --daemon            the sync daemons

DAEMON:
      --mcast-interface NAME   (eth0)
      --syncid N               0 to 255 (0)
      --sync-maxlen N          bytes of a message, 1 to 65507 (of the interface)
      --mcast-group ADDRESS    (224.0.0.81)
      --mcast-port N           (8848)
      --mcast-ttl N            1 to 255 (1)

Not of ipvsadm:
      --atomic            with -R: check all lines before the first is carried out, then change what differs; all or nothing
`
