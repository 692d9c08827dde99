// Makes docs/man/ipvs.8 anew, after `npm run build:lib`: node docs/man/make.mjs
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manPage } from '../../dist/cli/man.js'
import { version } from '../../dist/version.js'

writeFileSync(join(import.meta.dirname, 'ipvs.8'), manPage(version()))
