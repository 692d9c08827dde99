// Makes docs/options.md and failover.schema.json anew, after `tsc -b`: npm run options
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonSchemaText } from '../dist/options/json-schema.js'
import { optionsPage } from '../dist/options/page.js'

writeFileSync(join(import.meta.dirname, 'options.md'), optionsPage())
writeFileSync(join(import.meta.dirname, '../failover.schema.json'), jsonSchemaText())
