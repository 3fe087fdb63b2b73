import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import { files as filesWith, type FilesOptions } from '../../../src/stores/files'
import { fileOf, isDraft } from '../../../src/stores/files/names'
import { bytes as anyBytes, deepEq, testClock } from '../../../src/testing'
import { freshFolder } from '../../folders'
import { bundle, packages } from '../../integration/bundle'
import { eventually, sleep } from '../../integration/servers'
import { obeys, storeLaws } from '../../laws/register'
import { runs } from '../../runs'
import { left, right } from '../answers'

const home = freshFolder('files')
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

/** On a machine that is busy, a thousand files take their time. */
const files = (options: FilesOptions) => filesWith({ timeout: D.seconds(30), ...options })

const clock = testClock(Date.now())
const stores = {
  files: () => files({ directory: path.join(home, 'system') }),
  'by another clock': () => files({ directory: path.join(home, 'manual'), clock })
}
/** Where its directory should be, there is a file. */
const broken = () => {
  const directory = path.join(home, 'a file')
  fs.writeFileSync(directory, '')
  return files({ directory })
}
obeys('files', storeLaws(stores.files, { ...anyBytes, numRuns: runs(50), broken }))
obeys(
  'files by another clock',
  storeLaws(stores['by another clock'], { ...anyBytes, clock, numRuns: runs(100) })
)

const bytes = (text: string): Uint8Array => Buffer.from(text)

setFlagsFromString('--expose-gc')
// SAFETY: the flag makes it a global of new contexts
const collect = runInNewContext('gc') as () => void

/** A file as it is documented. */
const encodeFile = (key: string, value: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(key)}\n`), value])
  return Buffer.concat([Buffer.from(`fp-ring 1 ${createHash('sha256').update(body).digest('hex')}\n`), body])
}

let directories = 0
const freshDirectory = (): string => path.join(home, `fresh ${String(directories++)}`)

/** All paths below a directory. */
const walk = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => path.join(directory, name))

const filesIn = (directory: string): ReadonlyArray<string> =>
  walk(directory).filter((name) => fs.lstatSync(name).isFile())

// -------------------------------------------------------------------------------------
// on the disk
// -------------------------------------------------------------------------------------

describe('on the disk', () => {
  test('an entry is two lines and the value, in a file whose time of modification is its end', async () => {
    const directory = freshDirectory()
    const store = files({ directory })
    const before = Date.now()
    right(await store.set('user:42', bytes('{"id":42}'), D.minutes(10))())
    const hex = createHash('sha256').update('user:42').digest('hex')
    const file = path.join(directory, hex.slice(0, 1), hex.slice(1, 3), hex.slice(3))
    expect(filesIn(directory)).toEqual([file])

    // as other programs read it
    const said = (command: string): string =>
      execFileSync('sh', ['-c', command, 'sh', file], { encoding: 'utf8' })
    expect(said('tail -n +3 "$1"')).toBe('{"id":42}')
    expect(said('sed -n 2p "$1"')).toBe('"user:42"\n')
    expect(said('head -n 1 "$1"')).toBe(
      `fp-ring 1 ${createHash('sha256').update('"user:42"\n{"id":42}').digest('hex')}\n`
    )
    const { mtimeMs } = fs.statSync(file)
    expect(mtimeMs - before).toBeGreaterThanOrEqual(600_000 - 1)
    expect(mtimeMs - before).toBeLessThan(605_000)

    right(await store.touch('user:42', D.forever)())
    expect(fs.statSync(file).mtimeMs).toBe(123_456_789_000)
    expect(store.backend).toBe(directory)
    expect('leases' in store).toBe(false)
  })

  test('an entry that was written by the first version is read', async () => {
    const directory = freshDirectory()
    const hex = createHash('sha256').update('é').digest('hex')
    const folder = path.join(directory, hex.slice(0, 1), hex.slice(1, 3))
    const file = path.join(folder, hex.slice(3))
    fs.mkdirSync(folder, { recursive: true })
    const body = '"\\u00e9"\nvalue\nof two lines'
    fs.writeFileSync(file, `fp-ring 1 ${createHash('sha256').update(body).digest('hex')}\n${body}`)
    fs.utimesSync(file, 0, Date.now() / 1_000 + 60)
    expect(right(await files({ directory }).get('é')())).toEqual(some(bytes('value\nof two lines')))
  })

  test('directories and files are for this user alone', async () => {
    const directory = freshDirectory()
    right(await files({ directory }).setMany([['a', bytes('A'), D.minutes(1)]])())
    const modes = new Set(
      walk(directory).map((name) => {
        const stats = fs.statSync(name)
        return `${stats.isFile() ? 'file' : 'directory'} ${(stats.mode & 0o777).toString(8)}`
      })
    )
    expect(modes).toEqual(new Set(['directory 700', 'file 600']))
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700)
  })

  test('whatever a key is, its file lies where it belongs', async () => {
    const directory = path.join(freshDirectory(), 'root')
    const store = files({ directory })
    const keys = [
      '',
      '.',
      '..',
      '../../etc/passwd',
      '/etc/passwd',
      'a/b',
      'a\\b',
      'CON',
      'k\0',
      'k\n',
      'k'.repeat(5_000)
    ]
    right(await store.setMany(keys.map((key) => [key, bytes(key), D.minutes(1)]))())
    expect(fs.readdirSync(path.dirname(directory))).toEqual(['root'])
    expect(filesIn(directory)).toHaveLength(keys.length)
    for (const file of filesIn(directory)) {
      expect(path.relative(directory, file)).toMatch(/^[0-9a-f]\/[0-9a-f]{2}\/[0-9a-f]{61}$/)
    }
    expect(right(await store.getMany(keys)())).toEqual(keys.map((key) => some(bytes(key))))
    right(await store.clear('k'.repeat(4_990))())
    expect(right(await store.hasMany(keys)())).toEqual(keys.map((key) => key.length < 5_000))
    expect(left(await store.clear('\ud800')()).reason).toBe('refused')
  })

  test('law 13: to make a store touches nothing', () => {
    const directory = freshDirectory()
    expect(typeof files({ directory }).set('k', bytes('v'), D.minutes(1))).toBe('function')
    expect(fs.existsSync(directory)).toBe(false)
    expect(() => files({ directory: '' })).toThrow(TypeError)
    expect(() => files({ directory, timeout: D.zero })).toThrow(TypeError)
  })

  test('a directory that is removed under the store is made again', async () => {
    const directory = freshDirectory()
    const store = files({ directory })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    fs.rmSync(directory, { recursive: true })
    expect(right(await store.get('k')())).toEqual(none)
    expect(right(await store.touch('k', D.minutes(1))())).toBe(false)
    right(await store.clear('')())
    right(await store.set('k', bytes('v'), D.minutes(1))())
    expect(right(await store.get('k')())).toEqual(some(bytes('v')))
  })

  test('an answer has memory of its own', async () => {
    const store = files({ directory: freshDirectory() })
    right(await store.set('k', bytes('small'), D.minutes(1))())
    const found = right(await store.get('k')())
    if (found._tag === 'None') throw new Error('it was stored')
    expect(found.value.buffer.byteLength).toBeLessThan(200)
  })
})

// -------------------------------------------------------------------------------------
// order
// -------------------------------------------------------------------------------------

describe('order', () => {
  test('law 21: in one process, what is done to a key is done in the order in which it was asked for', async () => {
    const store = files({ directory: freshDirectory() })
    for (let round = 0; round < 20; round++) {
      await Promise.all([
        store.set('k', Buffer.alloc(300_000), D.minutes(1))(),
        store.delete('k')(),
        store.set('l', Buffer.alloc(300_000), D.minutes(1))(),
        store.set('l', bytes('last'), D.minutes(1))(),
        store.touch('l', D.hours(1))()
      ])
      expect(right(await store.getMany(['k', 'l'])())).toEqual([none, some(bytes('last'))])
      const entry = right(await store.read('l')())
      expect(entry._tag === 'Some' && entry.value.remaining > 3_000_000).toBe(true)
    }
  })

  test('what was passed may be changed afterwards', async () => {
    const store = files({ directory: freshDirectory() })
    const value = Buffer.from('value')
    const writing = store.set('k', value, D.minutes(1))()
    value.fill(0)
    await writing
    expect(right(await store.get('k')())).toEqual(some(bytes('value')))
  })

  /** A touch that writes what it has read, as a store does that has the end of an entry inside of its file. */
  const rewrites = (directory: string) => async (): Promise<void> => {
    const file = fileOf(directory, 'k')
    const draft = `${file}.draft`
    fs.writeFileSync(draft, await fs.promises.readFile(file))
    fs.utimesSync(draft, 0, Date.now() / 1_000 + 3_600)
    fs.renameSync(draft, file)
  }

  /** How often a reader saw an older value than before, while somebody wrote and others touched. */
  const goneBack = async (directory: string, touch: () => Promise<unknown>): Promise<number> => {
    const [writer, reader] = [files({ directory }), files({ directory })]
    let [isDone, seen, back] = [false, 0, 0]
    const reads = async (): Promise<void> => {
      while (!isDone) {
        const found = right(await reader.get('k')())
        const value = found._tag === 'Some' ? Number(Buffer.from(found.value).toString()) : 0
        if (value < seen) back++
        seen = value
      }
    }
    const touches = async (): Promise<void> => {
      while (!isDone) await touch()
    }
    right(await writer.set('k', bytes('0'), D.minutes(1))())
    const others = [reads(), touches()]
    for (let n = 1; n <= 400; n++) right(await writer.set('k', bytes(String(n)), D.minutes(1))())
    isDone = true
    await Promise.all(others)
    const last = right(await reader.get('k')())
    return back + (last._tag === 'Some' && deepEq.equals(last.value, bytes('400')) ? 0 : 1)
  }

  test('law 11: a touch never brings back a value that was replaced meanwhile', async () => {
    const directory = freshDirectory()
    const toucher = files({ directory }) // another one knows nothing of the writer's turns
    expect(await goneBack(directory, toucher.touch('k', D.hours(1)))).toBe(0)
  })

  test('law 11: one that writes what it has read does', async () => {
    const directory = freshDirectory()
    expect(await goneBack(directory, rewrites(directory))).toBeGreaterThan(0)
  })
})

// -------------------------------------------------------------------------------------
// damage
// -------------------------------------------------------------------------------------

describe('damage', () => {
  const directory = freshDirectory()
  const store = files({ directory })
  const file = fileOf(directory, 'k')
  const whole = encodeFile('k', bytes('the value'))
  const put = (contents: Uint8Array): void => {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, contents)
    fs.utimesSync(file, 0, Date.now() / 1_000 + 60)
  }
  const isNotServed = async (what: string): Promise<void> => {
    for (const answer of [await store.get('k')(), await store.read('k')(), await store.has('k')()]) {
      expect([what, left(answer).reason]).toEqual([what, 'failed'])
    }
    expect(right(await store.getMany(['k'])())).toEqual([none])
    expect(right(await store.readMany(['k'])())).toEqual([none])
    expect(right(await store.hasMany(['k'])())).toEqual([false])
    expect(right(await store.touch('k', D.hours(1))())).toBe(false)
    expect(right(await store.touch('k', D.zero)())).toBe(false)
  }

  test('law 5: a file that was cut is not served, wherever', async () => {
    for (let size = 0; size < whole.length; size++) {
      put(whole.subarray(0, size))
      await isNotServed(`${String(size)} bytes`)
    }
    put(whole)
    expect(right(await store.get('k')())).toEqual(some(bytes('the value')))
  })

  test('law 5: a file with a bit that was flipped is not served, whichever', async () => {
    for (let bit = 0; bit < 8 * whole.length; bit += 5) {
      const flipped = Buffer.from(whole)
      flipped[bit >> 3]! ^= 1 << bit % 8
      put(flipped)
      await isNotServed(`bit ${String(bit)}`)
    }
  })

  test('law 5: nor is what another program or another version wrote', async () => {
    const others = [
      '',
      '\n',
      '\n\n',
      'x'.repeat(100_000),
      'fp-ring 2' + whole.toString().slice(9),
      `${whole.toString()}more`
    ]
    const noKey = ['42', '"k', '{"k":1}', 'k'].map((line) => {
      const body = `${line}\nvalue`
      return `fp-ring 1 ${createHash('sha256').update(body).digest('hex')}\n${body}`
    })
    for (const contents of [...others, ...noKey]) {
      put(Buffer.from(contents))
      await isNotServed(contents.slice(0, 100))
    }
  })

  test('law 5: the whole entry of another key is a miss', async () => {
    put(encodeFile('l', bytes('of another')))
    expect(right(await store.get('k')())).toEqual(none)
    expect(right(await store.touch('k', D.hours(1))())).toBe(false)
  })

  test('the next write replaces what is damaged, and clear of all removes it', async () => {
    put(Buffer.from('damaged'))
    right(await store.set('k', bytes('new'), D.minutes(1))())
    expect(right(await store.get('k')())).toEqual(some(bytes('new')))
    put(Buffer.from('damaged'))
    right(await store.clear('k')())
    expect(fs.existsSync(file)).toBe(true)
    right(await store.clear('')())
    expect(fs.existsSync(file)).toBe(false)
  })

  test('a link is not followed, nor is a directory read', async () => {
    right(await store.set('k', bytes('v'), D.minutes(1))())
    fs.renameSync(file, path.join(directory, 'elsewhere'))
    fs.symlinkSync(path.join(directory, 'elsewhere'), file)
    expect(left(await store.get('k')()).reason).toBe('failed')
    right(await store.set('k', bytes('new'), D.minutes(1))())
    expect(right(await store.get('k')())).toEqual(some(bytes('new')))
    right(await store.delete('k')())
    fs.mkdirSync(file)
    fs.utimesSync(file, 0, Date.now() / 1_000 + 60)
    expect(left(await store.get('k')()).reason).toBe('failed')
    expect(left(await store.set('k', bytes('v'), D.minutes(1))()).reason).toBe('failed')
    expect(fs.readdirSync(path.join(directory, 'tmp'))).toEqual([])
    fs.rmdirSync(file)
  })

  test('what is no file keeps clear from nothing, and a pipe is not waited for', async () => {
    right(await store.set('k', bytes('v'), D.minutes(1))())
    const leaf = path.dirname(file)
    const nameOf = (digit: string): string => path.join(leaf, digit.repeat(path.basename(file).length))
    fs.mkdirSync(nameOf('0'))
    fs.symlinkSync(leaf, nameOf('1'))
    execFileSync('mkfifo', [nameOf('2')])
    right(await store.clear('')())
    expect(fs.readdirSync(leaf)).toHaveLength(3)
    fs.renameSync(nameOf('2'), file)
    expect(left(await store.get('k')()).reason).toBe('failed')
    expect(left(await store.touch('k', D.minutes(1))()).reason).toBe('failed')
    expect(right(await store.getMany(['k', 'l'])())).toEqual([none, none])
    right(await store.delete('k')())
    fs.rmSync(nameOf('0'), { recursive: true })
    fs.unlinkSync(nameOf('1'))
  })

  test('a file that was made as large as nobody can read is a left', async () => {
    right(await store.set('k', bytes('v'), D.minutes(1))())
    const { mtimeMs } = fs.statSync(file)
    fs.truncateSync(file, 2 ** 31)
    fs.utimesSync(file, 0, mtimeMs / 1_000)
    expect(left(await store.get('k')()).reason).toBe('failed')
    right(await store.delete('k')())
  })
})

// -------------------------------------------------------------------------------------
// other users
// -------------------------------------------------------------------------------------

describe('other users', () => {
  const isRoot = process.geteuid?.() === 0
  const [user, group] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
  const nobody = 65_534

  /** A directory with an entry that somebody has planted there. */
  const planted = (): string => {
    const directory = freshDirectory()
    const file = fileOf(directory, 'k')
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 })
    fs.writeFileSync(file, encodeFile('k', bytes('planted')))
    fs.utimesSync(file, 0, Date.now() / 1_000 + 60)
    return directory
  }
  const isRefused = async (directory: string, value = 'planted'): Promise<void> => {
    const before = walk(directory)
    const store = files({ directory })
    for (const task of [
      store.get('k'),
      store.getMany(['k']),
      store.set('k', bytes('v'), D.minutes(1)),
      store.touch('k', D.minutes(1)),
      store.delete('k'),
      store.clear('')
    ]) {
      const error = left(await task())
      expect([error.reason, String(error.cause)]).toEqual(['failed', expect.stringContaining('guard')])
      expect(String(error.cause)).not.toContain(path.basename(directory))
    }
    await sleep(20) // nor does the janitor touch it
    expect(walk(directory)).toEqual(before)
    expect(right(await files({ directory, guard: false }).get('k')())).toEqual(some(bytes(value)))
  }
  const isTaken = async (directory: string): Promise<void> => {
    expect(right(await files({ directory }).get('k')())).toEqual(some(bytes('planted')))
    right(await files({ directory }).set('k', bytes('v'), D.minutes(1))())
  }

  test('a directory that every user may write to is refused, sticky or not', async () => {
    for (const mode of [0o777, 0o1777, 0o757]) {
      const directory = planted()
      fs.chmodSync(directory, mode)
      await isRefused(directory)
    }
  })

  test('one that is the user’s own is taken, whoever may read it', async () => {
    const directory = planted()
    fs.chmodSync(directory, 0o755)
    await isTaken(directory)
    const link = freshDirectory()
    const target = planted()
    fs.symlinkSync(target, link)
    await isTaken(link)
    fs.chmodSync(target, 0o777)
    await isRefused(link, 'v')
  })

  test('one that a group may write to is refused, unless it is the user’s own group', async () => {
    const directory = planted()
    fs.chmodSync(directory, 0o775)
    if (isRoot) {
      await isTaken(directory)
      const other = planted()
      fs.chownSync(other, user, 12_345)
      fs.chmodSync(other, 0o775)
      await isRefused(other)
    } else if (user === group) await isTaken(directory)
    else await isRefused(directory)
  })

  const ifRoot = isRoot ? test : test.skip
  ifRoot('one that another user has made is refused, and a link that he has made', async () => {
    const directory = planted()
    fs.chownSync(directory, nobody, nobody)
    await isRefused(directory)
    const link = freshDirectory()
    fs.symlinkSync(planted(), link)
    fs.lchownSync(link, nobody, nobody)
    await isRefused(link)
  })

  ifRoot('one that takes the place of the store’s own is refused soon', async () => {
    const directory = freshDirectory()
    const store = files({ directory })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    fs.rmSync(directory, { recursive: true })
    const other = planted()
    fs.chownSync(other, nobody, nobody)
    fs.renameSync(other, directory)
    await eventually('it is refused', async () => (await store.get('k')())._tag === 'Left', 2_000)
  })

  test('where there is none, only a write makes it', async () => {
    const directory = freshDirectory()
    const store = files({ directory })
    expect(right(await store.get('k')())).toEqual(none)
    right(await store.delete('k')())
    right(await store.clear('')())
    expect(right(await store.touch('k', D.minutes(1))())).toBe(false)
    expect(fs.existsSync(directory)).toBe(false)
    right(await store.set('k', bytes('v'), D.minutes(1))())
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700)
  })
})

// -------------------------------------------------------------------------------------
// the janitor
// -------------------------------------------------------------------------------------

describe('the janitor', () => {
  test('what nobody reads any more goes with later writes, and nothing else', async () => {
    const directory = freshDirectory()
    const clock = testClock(Date.now())
    const store = files({ directory, clock })
    const some = (what: string, n: number) => Array.from({ length: n }, (_, i) => `${what}${String(i)}`)
    right(await store.setMany(some('old', 500).map((key) => [key, bytes(key), D.seconds(1)]))())
    right(await store.setMany(some('forever', 20).map((key) => [key, bytes(key), D.forever]))())
    fs.mkdirSync(path.join(directory, '0', '00'), { recursive: true })
    const foreign = ['README', path.join('0', 'README'), path.join('0', '00', 'README')]
    for (const name of foreign) fs.writeFileSync(path.join(directory, name), 'not ours')
    await clock.pass(D.minutes(1))()
    const fresh = some('new', 200).map((key) => [key, bytes(key), D.hours(1)] as const)
    const isClean = async (): Promise<boolean> => {
      right(await store.setMany(fresh)())
      return (
        filesIn(directory).filter((name) => !isDraft(path.basename(name))).length === foreign.length + 220
      )
    }
    await eventually('all of them are gone', isClean, 150_000)
    expect(right(await store.hasMany(some('forever', 20))())).not.toContain(false)
    expect(foreign.filter((name) => !fs.existsSync(path.join(directory, name)))).toEqual([])
  }, 180_000)

  test('a draft of somebody who may still be writing stays, and an old one goes', async () => {
    const directory = freshDirectory()
    const draft = path.join(directory, 'tmp', '1-0123456789abcdef')
    fs.mkdirSync(path.dirname(draft), { recursive: true })
    fs.writeFileSync(draft, 'half')
    fs.writeFileSync(path.join(directory, 'tmp', 'README'), 'not ours')
    right(await files({ directory }).set('k', bytes('v'), D.minutes(1))())
    await sleep(50)
    expect(fs.existsSync(draft)).toBe(true)
    const later = files({ directory, clock: { now: () => Date.now() + D.hours(1) } })
    right(await later.set('k', bytes('v'), D.minutes(1))())
    await eventually('it is gone', () => Promise.resolve(!fs.existsSync(draft)))
    expect(fs.readdirSync(path.join(directory, 'tmp'))).toEqual(['README'])
  })
})

// -------------------------------------------------------------------------------------
// faults
// -------------------------------------------------------------------------------------

/** A file system that hangs: to open a pipe is to wait for who writes to it, and no thread of Node is left for anything else. */
const hang = (directory: string): (() => Promise<void>) => {
  const pipe = path.join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4)
  const hanging = Array.from({ length: threads }, () => fs.promises.open(pipe, 'r'))
  return async () => {
    const writer = fs.openSync(pipe, 'r+')
    for (const opened of hanging) await opened.then((handle) => handle.close())
    fs.closeSync(writer)
    fs.unlinkSync(pipe)
  }
}

describe('faults', () => {
  test('law 26: a file system that hangs is a timeout, on time', async () => {
    const directory = freshDirectory()
    const store = files({ directory, timeout: D.milliseconds(500) })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    const wake = hang(directory)
    const begun = performance.now()
    const operations = [
      store.get('k'),
      store.readMany(['k', 'l']),
      store.set('l', bytes('v'), D.minutes(1)),
      store.touch('k', D.minutes(1)),
      store.delete('l'),
      store.clear('l')
    ]
    const answers = await Promise.all(operations.map((operation) => operation()))
    const took = performance.now() - begun
    await wake()
    expect(answers.map((answer) => left(answer).reason)).toEqual(answers.map(() => 'timeout'))
    expect(took).toBeLessThan(3_000)
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right')
    right(await store.set('k', bytes('new'), D.minutes(1))())
    expect(right(await store.get('k')())).toEqual(some(bytes('new')))
  })

  test('law 26: what was given up while the file system hung is not done later, and holds no bytes', async () => {
    const directory = freshDirectory()
    const store = files({ directory, timeout: D.milliseconds(300) })
    right(await store.set('k', bytes('old'), D.minutes(1))())
    const wake = hang(directory)
    collect()
    const before = process.memoryUsage().arrayBuffers
    const writes = Array.from({ length: 250 }, (_, i) =>
      store.set(i % 2 === 0 ? `k${String(i)}` : 'k', Buffer.alloc(2 ** 20, i), D.minutes(1))()
    )
    for (const answer of await Promise.all(writes)) expect(left(answer).reason).toBe('timeout')
    try {
      const isLetGo = (): Promise<boolean> => {
        collect()
        // those that have begun are held: a file system that hangs may have them
        return Promise.resolve(process.memoryUsage().arrayBuffers - before < 80 * 2 ** 20)
      }
      await eventually('they are let go', isLetGo, 2_000)
    } finally {
      await wake()
    }
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right')
    await sleep(300)
    const entry = right(await store.get('k')())
    // the first of those for one key may have begun
    expect(entry._tag === 'Some' && [bytes('old')[0], 1]).toContain(
      entry._tag === 'Some' ? entry.value[0] : undefined
    )
    expect(right(await store.has('k248')())).toBe(false)
  }, 20_000)

  test('law 26: while too much waits that nobody waits for, or too many bytes, nothing more is asked', async () => {
    const directory = freshDirectory()
    const store = files({ directory, timeout: D.milliseconds(300) })
    right(await store.set('k', bytes('old'), D.minutes(1))())
    const wake = hang(directory)
    try {
      await isBounded(store)
    } finally {
      await wake()
    }
    await eventually('it recovers', async () => (await store.get('k')())._tag === 'Right')
    const writes = async (): Promise<boolean> =>
      (await store.set('d', bytes('small'), D.minutes(1))())._tag === 'Right'
    await eventually('it writes again', writes)
  }, 30_000)

  const isBounded = async (store: ReturnType<typeof files>): Promise<void> => {
    const large = Buffer.alloc(100 * 2 ** 20)
    const held = ['a', 'b', 'c'].map((key) => store.set(key, large, D.minutes(1))())
    expect(left(await store.set('d', bytes('small'), D.minutes(1))())).toMatchObject({
      reason: 'failed',
      message: 'set: too many operations wait for the disk'
    })
    expect(left(await store.get('d')()).reason).toBe('timeout') // it brings nothing
    for (const answer of await Promise.all(held)) expect(left(answer).reason).toBe('timeout')
    expect(left(await store.getMany(Array.from({ length: 10_200 }, (_, i) => String(i)))()).reason).toBe(
      'timeout'
    )
    for (const answer of [await store.get('k')(), await store.delete('k')()])
      expect(left(answer).reason).toBe('failed')
  }

  let program: string
  const work = path.join(home, 'work')
  beforeAll(async () => {
    fs.mkdirSync(work)
    fs.chmodSync(home, 0o755)
    program = await bundle(path.join(__dirname, '../../integration/programs/filesFaults.ts'), work)
  })

  interface Outcome {
    readonly written: Readonly<Record<string, number>>
    readonly read: Readonly<Record<string, number>>
  }

  /** What comes of many writes and reads in a process with limits of its own; `before` is run by its shell. */
  const outcomeOf = (directory: string, before: string, user?: number): Outcome => {
    const { status, stderr, stdout } = spawnSync(
      'sh',
      ['-c', `${before}; exec "$0" "$1" "$2"`, process.execPath, program, directory],
      {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: packages },
        ...(user === undefined ? {} : { uid: user })
      }
    )
    if (status !== 0) throw new Error(stderr)
    return JSON.parse(stdout) as Outcome
  }

  test('no faults, no failures', () => {
    expect(outcomeOf(freshDirectory(), 'true')).toEqual({ written: { right: 300 }, read: { some: 300 } })
  })

  test('law 30: a disk that takes no more is a left, and leaves no draft', () => {
    const directory = freshDirectory()
    // as a full disk, for files of more than 4 KiB
    const { read, written } = outcomeOf(directory, `trap '' XFSZ; ulimit -f 8`)
    expect(written).toEqual({ right: 200, failed: 100 })
    expect(read).toEqual({ some: 200, none: 100 })
    expect(fs.readdirSync(path.join(directory, 'tmp'))).toEqual([])
  })

  test('law 30: a process that has no more files to open has lefts, and goes on', () => {
    const directory = freshDirectory()
    const { read, written } = outcomeOf(directory, 'ulimit -n 40')
    expect(written['failed']).toBeGreaterThan(0)
    expect(written['right']).toBeGreaterThan(0)
    expect((read['some'] ?? 0) + (read['none'] ?? 0) + (read['failed'] ?? 0)).toBe(300)
    expect(fs.readdirSync(path.join(directory, 'tmp'))).toEqual([])
  })

  test('law 30: a directory that may not be written, or not be read, is a left', () => {
    const root = process.getuid?.() === 0
    const user = root ? 65_534 : undefined
    for (const mode of [0o500, 0o000]) {
      const directory = freshDirectory()
      fs.mkdirSync(directory, { mode })
      if (user !== undefined) fs.chownSync(directory, user, user)
      expect(outcomeOf(directory, 'true', user)).toEqual({
        written: { failed: 300 },
        read: mode === 0 ? { failed: 300 } : { none: 300 }
      })
    }
  })

  test('a directory that is none is a left, whose message tells nothing', async () => {
    const file = freshDirectory()
    fs.writeFileSync(file, 'not a directory')
    const store = files({ directory: file })
    for (const answer of [
      await store.get('secret')(),
      await store.set('secret', bytes('secret'), D.minutes(1))(),
      await store.clear('secret')()
    ]) {
      expect(left(answer).reason).toBe('failed')
      expect(left(answer).message + JSON.stringify(left(answer))).not.toMatch(/secret|fresh/)
    }
  })

  test('a file system that keeps no milliseconds is a left, as an entry would end too early', async () => {
    const directory = freshDirectory()
    const store = files({ directory })
    right(await store.set('k', bytes('v'), D.minutes(1))())
    const prototype = await fs.promises.open(fileOf(directory, 'k')).then(async (handle) => {
      await handle.close()
      // SAFETY: every object has one
      return Object.getPrototypeOf(handle) as { utimes: (atime: number, mtime: number) => Promise<void> }
    })
    const { utimes } = prototype
    prototype.utimes = function (atime, mtime) {
      return utimes.call(this, atime, Math.floor(mtime) - 1)
    }
    try {
      expect(left(await store.set('k', bytes('v'), D.minutes(1))()).reason).toBe('failed')
    } finally {
      prototype.utimes = utimes
    }
    right(await store.set('k', bytes('v'), D.minutes(1))())
  })
})
