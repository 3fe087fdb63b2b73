/**
 * Law 5 for real processes over one directory of files: whoever is killed in the middle of a write, what is read is what
 * somebody has written, or nothing.
 *
 * `FILE_KILLS` says how many processes are killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import * as path from 'node:path'

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'

import * as D from '../../src/Duration'
import { files } from '../../src/stores/files'
import { fileOf } from '../../src/stores/files/names'
import { freshFolder } from '../folders'
import { bundle, packages } from './bundle'
import { isValueOf, keys } from './values'

jest.setTimeout(1_800_000)

const kills = Number(process.env['FILE_KILLS'] ?? 30)
const writers = 4

const home = freshFolder('files-kill')
let program: string
beforeAll(async () => {
  program = await bundle(path.join(__dirname, 'programs/filesWriter.ts'), home)
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const children = new Set<ChildProcess>()
afterAll(() => children.forEach((child) => child.kill('SIGKILL')))

/** Starts a writer, kills it within some milliseconds of its first write, and waits until it is gone. */
const writeAndDie = (directory: string, how: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, directory, how], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', NODE_PATH: packages }
    })
    children.add(child)
    child.once('error', reject)
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 40))
    child.once('exit', (code, signal) => {
      children.delete(child)
      if (signal === 'SIGKILL') resolve()
      else reject(new Error(`a writer ended by itself: ${String(code)}`))
    })
  })

interface Seen {
  reads: number
  values: number
  damaged: number
  wrong: number
}

/** Reads, one by one and in bulk, until the work is done. */
const readWhile = async (directory: string, work: Promise<unknown>): Promise<Seen> => {
  const store = files({ directory, timeout: D.seconds(30) })
  const seen: Seen = { reads: 0, values: 0, damaged: 0, wrong: 0 }
  let isDone = false
  const done = work.finally(() => (isDone = true))
  const look = (key: string, value: Uint8Array): void => {
    seen.values++
    if (!isValueOf(key, value)) seen.wrong++
  }
  const readAll = async (): Promise<void> => {
    for (const key of keys) {
      const answer = await store.get(key)()
      seen.reads++
      if (answer._tag === 'Left') seen.damaged++
      else if (answer.right._tag === 'Some') look(key, answer.right.value)
    }
    const many = await store.getMany(keys)()
    if (many._tag === 'Left') throw many.left
    many.right.forEach((found, i) => {
      if (found._tag === 'Some') look(keys[i] ?? '', found.value)
    })
  }
  while (!isDone) await readAll()
  await readAll()
  await done
  return seen
}

const killAll = async (directory: string, how: string, count: number): Promise<void> => {
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) await writeAndDie(directory, how)
  }
  await Promise.all(Array.from({ length: writers }, one))
}

test('law 5: of writers that are killed, nothing is served but what they wrote, whole', async () => {
  const directory = path.join(home, 'store')
  const seen = await readWhile(directory, killAll(directory, 'store', kills))
  const drafts = readdirSync(path.join(directory, 'tmp')).length
  process.stdout.write(
    `law 5: ${String(kills)} kills, ${JSON.stringify(seen)}, ${String(drafts)} drafts left\n`
  )
  expect(seen.values).toBeGreaterThan(kills)
  expect({ damaged: seen.damaged, wrong: seen.wrong }).toEqual({ damaged: 0, wrong: 0 })
  expect(drafts).toBeLessThanOrEqual(kills)

  // what they left behind goes with a later write
  const later = files({ directory, clock: { now: () => Date.now() + 3_600_000 } })
  expect(await later.set('k', new Uint8Array(1), D.minutes(1))()).toMatchObject({ _tag: 'Right' })
  const isSwept = (): boolean => readdirSync(path.join(directory, 'tmp')).length === 0
  for (let i = 0; i < 100 && !isSwept(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(isSwept()).toBe(true)
})

test('law 5: a store that writes where it is read is found out: its entries are damaged, and none of them is served', async () => {
  const directory = path.join(home, 'broken')
  for (const key of keys) mkdirSync(path.dirname(fileOf(directory, key)), { recursive: true })
  let damaged = 0
  for (let round = 0; round < 10 && damaged === 0; round++) {
    const seen = await readWhile(directory, killAll(directory, 'in place', 8))
    expect(seen.wrong).toBe(0)
    damaged += seen.damaged
  }
  expect(damaged).toBeGreaterThan(0)
})
