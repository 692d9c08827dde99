/** Users' compilers read our declarations: with every strict option, and without skipping them as libraries. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const built = existsSync(join(process.cwd(), 'dist/index.d.ts'))

const strictest: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  types: ['node'],
}

const resolutions: Readonly<Record<string, ts.CompilerOptions>> = {
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
}

for (const [name, resolution] of Object.entries(resolutions)) {
  t.test(`a consumer compiles: ${name}`, { skip: built ? false : 'dist/ is not built' }, async (t) => {
    const lib = ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts']
    const program = ts.createProgram([join(process.cwd(), 'test/types/consumer/program.ts')], {
      ...strictest,
      ...resolution,
      lib,
    })
    const problems = ts
      .getPreEmitDiagnostics(program)
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
    t.same(problems, [])
    const ours = program.getSourceFiles().filter(({ fileName }) => fileName.includes('/dist/'))
    t.ok(ours.length > 3, 'what is published was read')
  })
}
