/** One daemon per network namespace: two would undo each other's work. */
import { createServer } from 'node:net'

// An abstract socket is seen in its network namespace alone, as the table is, and goes with its process, however that ends.
const name = '\0ipvs-failover'

/** Holds the namespace until the process ends, or the returned function is called; undefined if another holds it. */
export async function holdNamespace(): Promise<(() => void) | undefined> {
  const server = createServer((socket) => socket.destroy())
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(name, () => resolve(() => server.close()))
  })
}
