// Makes docs/man/ipvs.8 anew, after `npm run build:lib`: node docs/man/make.mjs
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ipvsPage } from '../../dist/cli/page.js'
import { version } from '../../dist/version.js'

writeFileSync(join(import.meta.dirname, 'ipvs.8'), ipvsPage(version()))
