// Makes docs/options.md, docs/status.md, failover.schema.json, status.schema.json and docs/man/ipvs-failover.8 anew, after `tsc -b`:
// npm run options
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failoverPage } from '../dist/man-page.js'
import { jsonSchemaText, statusSchema } from '../dist/options/json-schema.js'
import { optionsPage } from '../dist/options/page.js'
import { statusPage } from '../dist/options/status-page.js'

writeFileSync(join(import.meta.dirname, 'options.md'), optionsPage())
writeFileSync(join(import.meta.dirname, '../failover.schema.json'), jsonSchemaText())
writeFileSync(join(import.meta.dirname, 'status.md'), statusPage())
writeFileSync(join(import.meta.dirname, '../status.schema.json'), jsonSchemaText(statusSchema()))
writeFileSync(join(import.meta.dirname, 'man/ipvs-failover.8'), failoverPage())
