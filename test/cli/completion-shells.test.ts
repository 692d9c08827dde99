import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, run } from './io.js'

/** What the shell's own completion gets, and what its script asked for. */
interface Outcome {
  readonly lines: readonly string[]
  readonly asked: readonly string[]
}

const tables = [
  'tcp/192.0.2.100:80\twlc, persistent 300 s',
  'tcp/192.0.2.100:8080\trr',
  'udp/[2001:db8::1]:53\trr',
  'mark/7\trr',
]

/** Runs a shell with an `ipvs` before all others that notes its arguments and answers so. */
async function ask(t: Test, answer: readonly string[], shell: string, ...args: string[]): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'ipvs-completion-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const ipvs = join(folder, 'ipvs')
  await writeFile(join(folder, 'answer'), answer.map((line) => `${line}\n`).join(''))
  await writeFile(ipvs, `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/asked'\ncat '${folder}/answer'\necho noise >&2\n`)
  await chmod(ipvs, 0o755)
  const { status, stdout, stderr } = spawnSync(shell, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder, LC_ALL: 'C.UTF-8' },
  })
  t.same({ status, stderr }, { status: 0, stderr: '' })
  const asked = await readFile(join(folder, 'asked'), 'utf8').catch(() => '')
  return { lines: stdout.split('\n').filter((line) => line !== ''), asked: asked.split('\n').slice(0, -1) }
}

const has = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0
const unless = (shell: string) => ({ skip: has(shell) ? false : `there is no ${shell}` })

t.test('`ipvs completion` prints the script of each shell', async (t) => {
  const files = { bash: 'ipvs.bash', zsh: '_ipvs', fish: 'ipvs.fish' }
  for (const [shell, file] of Object.entries(files)) {
    const stdout = await readFile(`completion/${file}`, 'utf8')
    t.same(await run(makeWorld(), 'completion', shell), { status: 0, stdout, stderr: '' })
  }
})

/**
 * What Readline tells of a line, the cursor at its end: the word that it replaces, and its words, which end at : and = and < and >,
 * too, unless quoted. As bash 5.2 was seen to tell it.
 */
async function bash(t: Test, answer: readonly string[], line: string, replaced: string, words: readonly string[]) {
  const program = `
    source completion/ipvs.bash
    complete -p ipvs >/dev/null || exit 1
    compopt() { echo "compopt $*"; }
    COMP_LINE=$1 COMP_POINT=\${#1} replaced=$2; shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _ipvs ipvs "$replaced" "\${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`
  return ask(t, answer, 'bash', '--norc', '-c', program, 'bash', line, replaced, ...words)
}

const words = (text: string) => text.split(' ')

t.test('bash: a word is completed by what begins with it', unless('bash'), async (t) => {
  const { lines, asked } = await bash(t, ['drain\ttake a', 'doctor\tfind', 'list\tshow'], 'ipvs d', 'd', ['ipvs', 'd'])
  t.same(lines, ['drain', 'doctor'])
  t.same(asked, ['--complete', 'd'])
})

t.test('bash: after a blank anything may stand', unless('bash'), async (t) => {
  const { lines, asked } = await bash(t, tables, 'ipvs list ', '', ['ipvs', 'list', ''])
  t.same(lines, ['tcp/192.0.2.100:80', 'tcp/192.0.2.100:8080', 'udp/[2001:db8::1]:53', 'mark/7'])
  t.same(asked, ['--complete', 'list', ''])
})

t.test('bash: a word with colons is one word, of which Readline gets the end', unless('bash'), async (t) => {
  const stories = [
    { word: 'tcp/192.0.2.100:8', parts: 'tcp/192.0.2.100 : 8', replaced: '8', offered: ['80', '8080'] },
    { word: 'tcp/192.0.2.100:', parts: 'tcp/192.0.2.100 :', replaced: '', offered: ['80', '8080'] },
    { word: 'udp/[2001:db8::1]:5', parts: 'udp/[2001 : db8 :: 1] : 5', replaced: '5', offered: ['53'] },
    { word: 'udp/\\[2001:db8:', parts: 'udp/\\[2001 : db8 :', replaced: '', offered: [':1]:53'] },
    { word: 'udp/\\[20', parts: 'udp/\\[20', replaced: 'udp/\\[20', offered: ['udp/[2001:db8::1]:53'] },
    // In quotes a colon ends no word, and the quote stays.
    {
      word: "'tcp/192.0.2.1",
      parts: "'tcp/192.0.2.1",
      replaced: 'tcp/192.0.2.1',
      offered: ['tcp/192.0.2.100:80', 'tcp/192.0.2.100:8080'],
    },
    { word: '"mark/', parts: '"mark/', replaced: 'mark/', offered: ['mark/7'] },
  ]
  for (const { word, parts, replaced, offered } of stories) {
    const { lines, asked } = await bash(t, tables, `ipvs list ${word}`, replaced, words(`ipvs list ${parts}`))
    t.same(lines, offered, word)
    t.same(asked, ['--complete', 'list', word.replaceAll(/['"\\]/g, '')])
  }
})

t.test('bash: so is an option with its value', unless('bash'), async (t) => {
  const choices = ['--sort=rate', '--sort=name']
  const { lines, asked } = await bash(t, choices, 'ipvs top --sort=r', 'r', words('ipvs top --sort = r'))
  t.same(lines, ['rate'])
  t.same(asked, ['--complete', 'top', '--sort=r'])
  t.same((await bash(t, choices, 'ipvs top --sort=', '', words('ipvs top --sort ='))).lines, ['rate', 'name'])
})

t.test('bash: words before the cursor are put together, too', unless('bash'), async (t) => {
  const line = 'ipvs  drain --timeout=5m  192.0.2.100:80  1'
  const { asked } = await bash(t, [], line, '1', words('ipvs drain --timeout = 5m 192.0.2.100 : 80 1'))
  t.same(asked, ['--complete', 'drain', '--timeout=5m', '192.0.2.100:80', '1'])
})

t.test('bash: what stands after the cursor is left out', unless('bash'), async (t) => {
  const program = `
    source completion/ipvs.bash
    COMP_LINE='ipvs lisx --json' COMP_POINT=7 COMP_WORDS=(ipvs lisx --json) COMP_CWORD=1
    _ipvs ipvs li ipvs
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const { lines, asked } = await ask(t, ['list\tshow'], 'bash', '--norc', '-c', program)
  t.same(lines, ['list'])
  t.same(asked, ['--complete', 'li'])
})

t.test('bash: files are left to Readline, for operands and redirections', unless('bash'), async (t) => {
  t.same((await bash(t, [':files'], 'ipvs apply t', 't', words('ipvs apply t'))).lines, ['compopt -o default'])
  const redirected = await bash(t, tables, 'ipvs list >t', 't', words('ipvs list > t'))
  t.same(redirected, { lines: ['compopt -o default'], asked: [] })
  t.same((await bash(t, tables, 'ipvs apply - <', '', words('ipvs apply - <'))).lines, ['compopt -o default'])
})

t.test('bash: without an answer there is nothing to offer', unless('bash'), async (t) => {
  t.same((await bash(t, [], 'ipvs list ', '', ['ipvs', 'list', ''])).lines, [])
})

/** Calls the function as zsh's completion does, and prints what it hands on. */
async function zsh(t: Test, answer: readonly string[], before: readonly string[], current: string) {
  const program = `
    compdef() { }
    _files() { print files }
    _describe() { print -rl -- "\${(@P)4}" }
    source completion/_ipvs
    words=("$@") CURRENT=$# PREFIX=\${@[-1]}
    _ipvs`
  return ask(t, answer, 'zsh', '-f', '-c', program, 'zsh', ...before, current)
}

t.test('zsh: words and meanings, colons escaped', unless('zsh'), async (t) => {
  const { lines, asked } = await zsh(t, tables, ['ipvs', 'list'], '')
  t.same(lines, [
    'tcp/192.0.2.100\\:80:wlc, persistent 300 s',
    'tcp/192.0.2.100\\:8080:rr',
    'udp/[2001\\:db8\\:\\:1]\\:53:rr',
    'mark/7:rr',
  ])
  t.same(asked, ['--complete', 'list', ''])
})

t.test('zsh: a word without a meaning, quoted words before it', unless('zsh'), async (t) => {
  const { lines, asked } = await zsh(t, ['192.0.2.11:80'], ['ipvs', 'drain', "'udp/[2001:db8::1]:53'"], '1')
  t.same(lines, ['192.0.2.11\\:80'])
  t.same(asked, ['--complete', 'drain', 'udp/[2001:db8::1]:53', '1'])
  t.same((await zsh(t, [], ['ipvs', 'list'], 'udp/\\[2001')).asked, ['--complete', 'list', 'udp/[2001'])
})

t.test('zsh: files are left to zsh', unless('zsh'), async (t) => {
  t.same((await zsh(t, [':files'], ['ipvs', 'apply'], 't')).lines, ['files'])
})

t.test('zsh: sourced, it announces itself; in a folder of fpath, its first line does', unless('zsh'), async (t) => {
  const program = 'compdef() { print -r -- "compdef $*" }; source completion/_ipvs'
  t.same((await ask(t, [], 'zsh', '-f', '-c', program)).lines, ['compdef _ipvs ipvs'])
  t.match(await readFile('completion/_ipvs', 'utf8'), /^#compdef ipvs\n/)
  const load = `
    _describe() { print -rl -- "\${(@P)4}" }
    fpath=(completion); autoload -U _ipvs
    words=(ipvs '') CURRENT=2 PREFIX=''
    _ipvs; print again; _ipvs`
  t.same((await ask(t, ['list\tshow'], 'zsh', '-f', '-c', load)).lines, ['list:show', 'again', 'list:show'])
})

/** As fish itself says what it would offer. */
async function fish(t: Test, answer: readonly string[], line: string) {
  const program = 'source completion/ipvs.fish; complete --do-complete $argv[1]'
  return ask(t, answer, 'fish', '--no-config', '-c', program, line)
}

t.test('fish: words and meanings', unless('fish'), async (t) => {
  const { lines, asked } = await fish(t, tables, 'ipvs list ')
  t.same(lines, [...tables].sort())
  t.same(asked, ['--complete', 'list', ''])
  t.same((await fish(t, tables, 'ipvs list udp/[20')).lines, [tables[2]])
  t.same((await fish(t, ['list\tshow'], 'ipvs li')).asked, ['--complete', 'li'])
  t.same((await fish(t, ['--json\tprint JSON'], 'ipvs list --js')).lines, ['--json\tprint JSON'])
})

t.test('fish: files where they may stand, and only there', unless('fish'), async (t) => {
  t.same((await fish(t, [':files'], 'ipvs apply ARCH')).lines, ['ARCHITECTURE.md'])
  t.same((await fish(t, [], 'ipvs list ARCH')).lines, [])
})
