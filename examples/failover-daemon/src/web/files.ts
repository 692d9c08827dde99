/** The files of the page, read once. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

export interface PageFile {
  readonly type: string
  readonly content: Buffer
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** By path: `/`, and `/page/NAME`. */
export function pageFiles(folder = pageFolder()): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)]
    if (type === undefined) continue
    files.set(name === 'index.html' ? '/' : `/page/${name}`, { type, content: readFileSync(join(folder, name)) })
  }
  return files
}

/** Beside the package.json of this package, wherever this module was compiled or bundled to. */
function pageFolder(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    for (const place of ['page', 'examples/failover-daemon/page'])
      if (existsSync(join(folder, place, 'index.html'))) return join(folder, place)
  }
  throw new Error(`expected the files of the page above ${import.meta.dirname}: install the package again`)
}
