/** Sessions around the in-memory kernel: to see what is sent, to come in between, and to lose answers. */
import { constants } from 'node:os'
import type { Ipvs } from '../lib/index.js'
import { createIpvs } from '../lib/ipvs.js'
import type { FakeKernel } from '../lib/testing/fake-session.js'
import { nothingRead, Stage, type Answer, type Request } from '../lib/records.js'
import { decodeRequests, encodeReplies } from '../lib/wire.js'

/** A handle that shows each batch before the kernel gets it. */
export function observed(kernel: FakeKernel, see: (requests: readonly Request[]) => void | Promise<void>): Ipvs {
  const session = kernel.session()
  return createIpvs({
    request: async (batch) => {
      const bytes = batch.slice() // the next batch may be written there
      await see(decodeRequests(bytes))
      return session.request(bytes)
    },
    close: async () => session.close(),
  })
}

/** What the addon answers when the kernel's answer did not arrive. */
export const lost: Answer = { ...nothingRead, error: constants.errno.ENOBUFS, stage: Stage.answer }

/** A handle over a kernel that carries out each request; `change` may put something else in place of its answer. */
export function changed(kernel: FakeKernel, change: (request: Request, reply: Answer) => Answer): Ipvs {
  return createIpvs({
    request: async (batch) =>
      Promise.resolve(encodeReplies(decodeRequests(batch).map((request) => change(request, kernel.answer(request))))),
    close: async () => Promise.resolve(),
  })
}
