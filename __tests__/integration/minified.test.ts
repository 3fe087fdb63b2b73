/**
 * Programs as bundlers make them: two deployments of one program, minified differently, over one Redis. What a name is after
 * that is the bundler's; what one function has stored must not be served as another's.
 */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { build, transform } from 'esbuild'

import { freshFolder } from '../folders'
import { packages } from './bundle'
import type { Server } from './servers'
import { anyRedis, randomNamespace } from './servers'

jest.setTimeout(60_000)

const src = resolve(__dirname, '../../src')
const directory = freshFolder('minified')

let server: Pick<Server, 'url' | 'stop'>
beforeAll(async () => {
  server = await anyRedis()
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await server.stop()
})

/** A deployment has one function more than the other, or has them in another order: so their names become others. */
const program = (functions: ReadonlyArray<string>, options: string): string => `
  import { taskEither as TE } from 'fp-ts'
  import * as t from 'io-ts'
  import { createClient } from 'redis'
  import { Codec, KeyFn, ring } from 'fp-ring'
  import { redis } from 'fp-ring/redis'

  ${functions.map((name) => `const ${name} = (id) => TE.fromIO(() => '${name} ' + id)`).join('\n')}

  const client = createClient({ url: process.env.REDIS_URL })
  const run = async () => {
    await client.connect()
    const store = redis(client, { namespace: process.env.NAMESPACE })
    const answers = []
    for (const [name, fn] of Object.entries({ ${functions.join(', ')} })) {
      try {
        const made = ring(fn, { store, codec: Codec.json(t.string)${options} })
        answers.push({ name, called: fn.name, key: made.key(1), answer: await made(1)() })
      } catch (error) {
        answers.push({ name, called: fn.name, refused: error.message })
      }
    }
    // a write is not waited for by its caller
    await new Promise((done) => setTimeout(done, 100))
    await client.close()
    console.log(JSON.stringify(answers))
  }
  run()
`

interface Answer {
  readonly name: string
  readonly called: string
  readonly key?: string
  readonly refused?: string
  readonly answer?: { readonly right: string }
}

let made = 0
const deploy = async (
  functions: ReadonlyArray<string>,
  namespace: string,
  how: { readonly minify?: boolean; readonly keepNames?: boolean; readonly options?: string }
): Promise<ReadonlyArray<Answer>> => {
  const { keepNames = false, minify = true, options = '' } = how
  const entry = join(directory, `${++made}.js`)
  const outfile = join(directory, `${made}.cjs`)
  // minified by itself, the program has few names, so that they are short however large the library is
  const { code } = await transform(program(functions, options), { minify, keepNames, format: 'esm' })
  writeFileSync(entry, code)
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'es2022',
    format: 'cjs',
    logLevel: 'silent',
    nodePaths: [packages],
    external: ['redis'],
    alias: { 'fp-ring/redis': join(src, 'stores/redis/index.ts'), 'fp-ring': join(src, 'index.ts') }
  })
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], {
    env: { ...process.env, NODE_PATH: packages, REDIS_URL: server.url, NAMESPACE: namespace }
  })
  return JSON.parse(stdout) as ReadonlyArray<Answer>
}

/** Of one deployment and of the next one: what was served of what another function has made. */
const foreign = (answers: ReadonlyArray<Answer>): ReadonlyArray<Answer> =>
  answers.filter(({ answer, name }) => answer !== undefined && answer.right !== `${name} 1`)

const first = ['fetchUser', 'fetchPrice', 'fetchTitle']
const second = ['fetchTitle', 'fetchUser', 'fetchPrice']

const both = async (how: Parameters<typeof deploy>[2]): Promise<ReadonlyArray<Answer>> => {
  const namespace = randomNamespace()
  const before = await deploy(first, namespace, how)
  return [...before, ...(await deploy(second, namespace, how))]
}

describe('two deployments of one program over one Redis', () => {
  test('minified: their rings are refused when they are built, so nothing is served', async () => {
    const answers = await both({})
    expect(answers.map(({ refused }) => refused)).toEqual(
      Array(6).fill(expect.stringContaining('Give `name` (or `key`)'))
    )
    // the fault would have been there: another function has the name
    const [user] = answers
    expect(answers.slice(3).find(({ called }) => called === user?.called)?.name).not.toBe('fetchUser')
  })

  test('the fault, where a program says that it trusts such names: the other function is served', async () => {
    const answers = await both({ options: ', key: KeyFn.structural(fn.name)' })
    expect(foreign(answers).length).toBeGreaterThan(0)
  })

  test.each([
    ['minified, with the names of functions kept', { keepNames: true }],
    ['bundled, and not minified', { minify: false }],
    ['minified, with a name given to each', { options: ', name' }]
  ])('%s: each is served its own', async (_, how) => {
    const answers = await both(how)
    expect(answers.filter(({ refused }) => refused !== undefined)).toEqual([])
    expect(answers.filter(({ key, name }) => key !== `${name}:1`)).toEqual([])
    expect(foreign(answers)).toEqual([])
  })
})
