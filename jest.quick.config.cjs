const fs = require('node:fs')
const { availableParallelism } = require('node:os')
const path = require('node:path')

const base = require('./jest.config.cjs')

/**
 * What makes a test wait for something else than itself: processes, connections, many files, TypeScript's and ESLint's programs. No
 * list of files has to be kept: a test that imports one of these, itself or through a module of `__tests__` or `scripts`, is not
 * quick. `__tests__/quick.ts` makes the others fail where they start a process or open a connection all the same.
 */
const slow =
  /^(?:node:)?(?:child_process|cluster|net|tls|http|https|http2|fs)$|^(?:typescript|eslint|esbuild|redis|memjs|playwright|@photostructure\/sqlite|node:sqlite|better-sqlite3|express|fastify|koa|hono|@hono\/.*)$|stores\/(?:files|sqlite)$|integration\/servers$/

const imports =
  /(?:^|\s)(?:import|export)\s+(?!type\s)(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|(?:require|import)\(['"]([^'"]+)['"]\)/g

const fileOf = (from, name) => {
  const file = path.resolve(path.dirname(from), name)
  return [file, `${file}.ts`, path.join(file, 'index.ts')].find((one) =>
    fs.statSync(one, { throwIfNoEntry: false })?.isFile()
  )
}

const known = new Map()

/** Whether a file of the tests imports what is slow. Sources are not walked: what they open a test has to ask for. */
const isSlow = (file) => {
  if (known.has(file)) return known.get(file)
  known.set(file, false) // in a circle
  const names = Array.from(fs.readFileSync(file, 'utf8').matchAll(imports), ([, a, b]) => a ?? b)
  const found = names.some((name) => {
    if (slow.test(name)) return true
    const next = name.startsWith('.') ? fileOf(file, name) : undefined
    return next !== undefined && !next.startsWith(path.join(__dirname, 'src')) && isSlow(next)
  })
  known.set(file, found)
  return found
}

const tests = fs
  .readdirSync(path.join(__dirname, '__tests__'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('dist'))
  .map((name) => path.join(__dirname, '__tests__', name))

const quick = tests
  .filter((file) => !isSlow(file))
  .map((file) => `<rootDir>/${path.relative(__dirname, file)}`)

process.env.RUNS ??= '0.02'

/**
 * Every test that needs no server and no process, with few random cases: for the time between two edits.
 *
 * @type {import('jest').Config}
 */
module.exports = {
  ...base,
  testMatch: quick,
  // some tests wait for their own timers: so there are more workers than cores
  maxWorkers: 3 * availableParallelism(),
  watchman: false,
  globalSetup: undefined,
  setupFiles: [...base.setupFiles, '<rootDir>/__tests__/quick.ts']
}
