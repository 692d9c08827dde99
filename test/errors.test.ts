import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { closedError, IpvsApplyError, IpvsError, toIpvsError, type IpvsErrorCode } from '../lib/errors.js'
import { Command, Stage } from '../lib/records.js'

const {
  EAFNOSUPPORT,
  EACCES,
  EEXIST,
  EINTR,
  EINVAL,
  EMFILE,
  ELOOP,
  ENAMETOOLONG,
  ENOBUFS,
  ENOENT,
  ENOTDIR,
  EPERM,
  ERANGE,
  ESRCH,
} = constants.errno

/** The declaration of IpvsErrorCode, as it stands in lib/errors.ts. */
function declaration(): ts.TypeAliasDeclaration {
  const path = join(process.cwd(), 'lib/errors.ts')
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const found = source.statements.find(
    (node): node is ts.TypeAliasDeclaration => ts.isTypeAliasDeclaration(node) && node.name.text === 'IpvsErrorCode',
  )
  if (!found) throw new Error('lib/errors.ts declares no IpvsErrorCode')
  return found
}

function codesOfType(type: ts.TypeNode): readonly string[] {
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(codesOfType)
  return ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal) ? [type.literal.text] : []
}

t.test('every code stands in the table of the doc comment, once, with a meaning', async (t) => {
  const alias = declaration()
  const [comment] = ts.getJSDocCommentsAndTags(alias).map((node) => node.getText())
  const rows = [...(comment ?? '').matchAll(/\| `(\w+)` \| (.+) \|/g)].map(([, code, when]) => ({ code, when }))
  const codes = codesOfType(alias.type)
  t.ok(codes.length > 10)
  t.same(
    rows.map(({ code }) => code),
    codes,
  )
  t.ok(rows.every(({ when }) => when !== undefined && when.length > 10))
})

const refused = new IpvsError('no', { code: 'IPVS_REJECTED', operation: 'addService', errno: EINVAL })

t.test('IpvsError.is tells by code', async (t) => {
  t.equal(IpvsError.is(refused), true)
  t.equal(IpvsError.is(refused, 'IPVS_REJECTED'), true)
  t.equal(IpvsError.is(refused, 'IPVS_CLOSED', 'IPVS_REJECTED'), true)
  t.equal(IpvsError.is(refused, 'IPVS_CLOSED'), false)
  const others: unknown[] = [undefined, null, 'IPVS_REJECTED', new Error('no'), { code: 'IPVS_REJECTED' }]
  for (const other of others) t.equal(IpvsError.is(other, 'IPVS_REJECTED'), false)
})

t.test('IpvsError.is narrows the code', async (t) => {
  const error: unknown = refused
  if (IpvsError.is(error)) {
    const any: IpvsErrorCode = error.code
    t.equal(any, 'IPVS_REJECTED')
  }
  if (IpvsError.is(error, 'IPVS_REJECTED', 'IPVS_CLOSED')) {
    const narrowed: 'IPVS_REJECTED' | 'IPVS_CLOSED' = error.code
    // @ts-expect-error the code is one of the two
    t.not(narrowed, error.code === 'IPVS_UNAVAILABLE')
  }
})

t.test('an error carries operation, errno and its name, where the kernel gave one', async (t) => {
  t.match(refused, { name: 'IpvsError', operation: 'addService', errno: EINVAL, errnoName: 'EINVAL' })
  const closed = closedError('table')
  t.match(closed, { code: 'IPVS_CLOSED', operation: 'table' })
  t.notOk('errno' in closed || 'errnoName' in closed || 'cause' in closed)
})

t.test('each command and errno has its code', async (t) => {
  const { kernel, namespace, socket, family, answer } = Stage
  const cases: readonly (readonly [Command, number, Stage, IpvsErrorCode])[] = [
    [Command.newService, EEXIST, kernel, 'IPVS_SERVICE_EXISTS'],
    [Command.newService, ENOENT, kernel, 'IPVS_MODULE_NOT_FOUND'],
    [Command.setService, ENOENT, kernel, 'IPVS_MODULE_NOT_FOUND'],
    [Command.setService, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.delService, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.getService, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.newDest, EEXIST, kernel, 'IPVS_DESTINATION_EXISTS'],
    [Command.newDest, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.newDest, EAFNOSUPPORT, kernel, 'IPVS_REJECTED'],
    [Command.setDest, ENOENT, kernel, 'IPVS_DESTINATION_NOT_FOUND'],
    [Command.setDest, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.delDest, ENOENT, kernel, 'IPVS_DESTINATION_NOT_FOUND'],
    [Command.delDest, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.getDest, ESRCH, kernel, 'IPVS_SERVICE_NOT_FOUND'],
    [Command.getInfo, EPERM, kernel, 'IPVS_NOT_PERMITTED'],
    [Command.getService, EINTR, kernel, 'IPVS_INTERRUPTED'],
    [Command.flush, EINVAL, kernel, 'IPVS_REJECTED'],
    [Command.getInfo, ENOENT, namespace, 'IPVS_NAMESPACE_NOT_FOUND'],
    [Command.getInfo, EINVAL, namespace, 'IPVS_NAMESPACE_NOT_FOUND'],
    [Command.getInfo, ENOTDIR, namespace, 'IPVS_NAMESPACE_NOT_FOUND'],
    [Command.getInfo, ELOOP, namespace, 'IPVS_NAMESPACE_NOT_FOUND'],
    [Command.getInfo, ENAMETOOLONG, namespace, 'IPVS_NAMESPACE_NOT_FOUND'],
    [Command.getInfo, EPERM, namespace, 'IPVS_NOT_PERMITTED'],
    [Command.getInfo, ENOBUFS, namespace, 'IPVS_REJECTED'],
    [Command.getInfo, EACCES, socket, 'IPVS_NOT_PERMITTED'],
    [Command.newService, ENOENT, socket, 'IPVS_REJECTED'],
    [Command.getInfo, ENOENT, family, 'IPVS_UNAVAILABLE'],
    [Command.getInfo, EINVAL, family, 'IPVS_REJECTED'],
    [Command.newDest, EEXIST, answer, 'IPVS_OUTCOME_UNKNOWN'],
  ]
  for (const [command, errno, stage, code] of cases) {
    const error = toIpvsError({ operation: 'call', object: 'tcp 192.0.2.1:80' }, command, errno, stage)
    t.match(error, { code, errno, operation: 'call' }, `command ${command}, errno ${errno}, stage ${stage}`)
    t.match(error.message, /^call tcp 192\.0\.2\.1:80: .{20,} \(E[A-Z]+\)$/)
  }
})

t.test('who may not enter a network namespace is not sent for the capability that he has', async (t) => {
  for (const errno of [EPERM, EACCES]) {
    const error = toIpvsError({ operation: 'open', object: '/run/netns/a' }, Command.getInfo, errno, Stage.namespace)
    t.match(error, { code: 'IPVS_NOT_PERMITTED', message: /CAP_SYS_ADMIN/ })
    t.notMatch(error.message, /CAP_NET_ADMIN/)
  }
})

t.test('what no module, service or server explains tells the next step, too', async (t) => {
  const cases: readonly (readonly [Command, number, Stage, RegExp])[] = [
    [Command.newDest, ERANGE, Stage.kernel, /limits\.lower is more than limits\.upper/],
    [Command.setDest, ERANGE, Stage.kernel, /limits\.lower is more than limits\.upper/],
    [Command.getInfo, EMFILE, Stage.namespace, /; mind the limit of open files/],
    [Command.getInfo, EMFILE, Stage.socket, /; mind the limit of open files/],
    [Command.getInfo, EINVAL, Stage.family, /; try again/],
    [Command.getInfo, EINTR, Stage.kernel, /; try again/],
  ]
  for (const [command, errno, stage, message] of cases) {
    t.match(toIpvsError({ operation: 'call', object: '' }, command, errno, stage), { message })
  }
})

t.test('a refusal of the whole table names no object', async (t) => {
  const error = toIpvsError({ operation: 'flush', object: '' }, Command.flush, EPERM, Stage.kernel)
  t.match(error.message, /^flush: needs CAP_NET_ADMIN/)
})

t.test('the error of apply has the code of its first failure and counts the rest', async (t) => {
  const service = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' } as const
  const change = { type: 'addService', service } as const
  const error = new IpvsApplyError(
    { applied: [change], failed: [{ change, error: refused }], notAttempted: [change, change] },
    refused,
  )
  t.ok(IpvsError.is(error, 'IPVS_REJECTED'))
  t.match(error, { name: 'IpvsApplyError', operation: 'apply', errnoName: 'EINVAL', cause: refused })
  t.match(error.message, /1 of 4 changes failed, 2 not attempted; first: no/)
})
