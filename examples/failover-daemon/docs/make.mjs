// Makes docs/options.md, failover.schema.json and docs/man/ipvs-failover.8 anew, after `tsc -b`: npm run options
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failoverPage } from '../dist/man-page.js'
import { jsonSchemaText } from '../dist/options/json-schema.js'
import { optionsPage } from '../dist/options/page.js'

writeFileSync(join(import.meta.dirname, 'options.md'), optionsPage())
writeFileSync(join(import.meta.dirname, '../failover.schema.json'), jsonSchemaText())
writeFileSync(join(import.meta.dirname, 'man/ipvs-failover.8'), failoverPage())
