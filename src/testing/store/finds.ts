/**
 * What a store must return. Each function runs one operation. Its message has the operation, the answer, and the
 * expected answer: `getMany(['b', 'a'])[0]: none, expected some (5 bytes)`. It shows only the type and the length of a
 * value, which may be secret.
 *
 * @internal
 */
import { none, type Option } from 'fp-ts/Option'

import { isUint8Array } from '../../base/slots'
import type { Duration } from '../../Duration'
import type { Entry } from '../../Store'
import { ensure, fail, refuses, run } from '../words/words'
import { type Case, isLeft, type Left } from './case'

/** An expected entry, and its remaining lifetime, if that is known. */
export interface There<R> {
  readonly value: R
  readonly left?: Left
}

/** The expected entry in a store that keeps entries. */
export type Wanted<R> = There<R> | undefined

type Keys = ReadonlyArray<string>

const due = <R>(c: Case<R>, wanted: Wanted<R>): Wanted<R> => (c.keeps ? wanted : undefined)

// -------------------------------------------------------------------------------------
// messages
// -------------------------------------------------------------------------------------

const longestShown = 40

/** A key without the prefix of its law. */
export const shown = (key: string): string => {
  const text = JSON.stringify(key.replace(/^law-\w+-\w+-\d+:/, '')).slice(1, -1)
  return text.length <= longestShown
    ? `'${text}'`
    : `'${text.slice(0, longestShown)}…' (${String(key.length)} characters)`
}

const call = (operation: string, keys: Keys): string =>
  keys.length <= 8
    ? `${operation}([${keys.map(shown).join(', ')}])`
    : `${operation}(${String(keys.length)} keys)`

/** The position of an answer in a bulk operation. */
const at = (operation: string, keys: Keys, i: number): string =>
  `${call(operation, keys)}[${String(i)}]${keys.length <= 8 ? '' : ` of ${shown(keys[i] ?? '')}`}`

const after = (when: string | undefined): string => (when === undefined ? '' : `, ${when}`)

const kindOf = (value: unknown): string => {
  if (isUint8Array(value)) return `${String(value.length)} bytes`
  if (typeof value === 'string') return `${String(value.length)} characters`
  return value === null ? 'null' : typeof value
}

const isOption = (answer: unknown): boolean =>
  typeof answer === 'object' &&
  answer !== null &&
  '_tag' in answer &&
  /^(None|Some)$/.test(String(answer._tag))

/** The message for a wrong answer; `undefined` for a right one. */
const wrong = <R>(c: Case<R>, answer: Option<R> | undefined, wanted: Wanted<R>): string | undefined => {
  const there = due(c, wanted)
  const expected = there === undefined ? 'none' : `some (${kindOf(there.value)})`
  if (answer === undefined) return `no answer, expected ${expected}`
  if (!isOption(answer)) return `no Option, expected ${expected}`
  if (answer._tag === 'None') return there === undefined ? undefined : `none, expected ${expected}`
  if (there === undefined) return `some (${kindOf(answer.value)}), expected none`
  return c.equals(answer.value, there.value)
    ? undefined
    : `another value (${kindOf(answer.value)}), expected ${expected}`
}

/** A lifetime, and the least time that may remain of it, in milliseconds. */
export const expectedLeft = ({ least, most }: Left): string =>
  most - least() >= 1 ? `${String(Math.ceil(least()))} to ${String(most)}` : String(most)

const wrongEntry = <R>(
  c: Case<R>,
  answer: Option<Entry<R>> | undefined,
  wanted: Wanted<R>
): string | undefined => {
  if (answer?._tag !== 'Some') return wrong(c, answer, wanted)
  const { remaining, value } = answer.value
  const problem = wrong(c, { _tag: 'Some', value }, wanted)
  if (problem !== undefined || wanted?.left === undefined || !c.tells) return problem
  return isLeft(c, remaining, wanted.left)
    ? undefined
    : `${String(remaining)} ms left, expected ${expectedLeft(wanted.left)}`
}

/** A bulk operation that was called, and when that was. */
interface Bulk {
  readonly operation: string
  readonly keys: Keys
  readonly when: string | undefined
}

const bulk = ({ keys, operation, when }: Bulk): string => `${call(operation, keys)}${after(when)}`

/** Law 12: one answer for each key, in order. */
const each = <A, B>(
  asked: Bulk,
  answers: ReadonlyArray<A>,
  wanted: ReadonlyArray<B>,
  problemOf: (answer: A | undefined, wanted: B | undefined) => string | undefined
): void => {
  const { keys, operation, when } = asked
  ensure(
    answers.length === keys.length,
    () => `${bulk(asked)}: ${String(answers.length)} answers, expected ${String(keys.length)}`
  )
  keys.forEach((_, i) => {
    const problem = problemOf(answers[i], wanted[i])
    if (problem !== undefined) fail(`${at(operation, keys, i)}${after(when)}: ${problem}`)
  })
}

const not = (answer: boolean | undefined, wanted: boolean | undefined): string | undefined =>
  answer === wanted ? undefined : `${String(answer)}, expected ${String(wanted)}`

// -------------------------------------------------------------------------------------
// one key
// -------------------------------------------------------------------------------------

const single = (operation: string, key: string, when: string | undefined): string =>
  `${operation}(${shown(key)})${after(when)}`

const holds = (what: string, problem: string | undefined): void => {
  if (problem !== undefined) fail(`${what}: ${problem}`)
}

/** Checks an answer. */
export const isThat = <R>(c: Case<R>, what: string, answer: Option<R>, wanted: Wanted<R>): void =>
  holds(what, wrong(c, answer, wanted))

export const isEntry = <R>(c: Case<R>, what: string, answer: Option<Entry<R>>, wanted: Wanted<R>): void =>
  holds(what, wrongEntry(c, answer, wanted))

export const get = async <R>(c: Case<R>, key: string, wanted: Wanted<R>, when?: string): Promise<void> => {
  const what = single('get', key, when)
  holds(what, wrong(c, await run(what, c.store.get(key)), wanted))
}

/** A store that hides remaining lifetimes refuses to read an entry, but returns a miss if there is none. */
export const read = async <R>(c: Case<R>, key: string, wanted: Wanted<R>, when?: string): Promise<void> => {
  const what = single('read', key, when)
  const task = c.store.read(key)
  if (!c.tells && due(c, wanted) !== undefined) await refuses(what, task)
  else holds(what, wrongEntry(c, await run(what, task), wanted))
}

export const has = async <R>(c: Case<R>, key: string, wanted: boolean, when?: string): Promise<void> => {
  const what = single('has', key, when)
  holds(what, not(await run(what, c.store.has(key)), c.keeps && wanted))
}

export const touch = async <R>(
  c: Case<R>,
  [key, ttl]: readonly [key: string, ttl: Duration],
  wanted: boolean,
  when?: string
): Promise<void> => {
  const what = single('touch', key, when)
  holds(what, not(await run(what, c.store.touch(key, ttl)), c.keeps && wanted))
}

/** A synchronous answer must be right; a store may also give none. */
export const peek = <R>(c: Case<R>, key: string, wanted: Wanted<R>, when?: string): void => {
  const seen = c.store.peek?.(key)
  if (seen !== undefined) holds(single('peek', key, when), wrong(c, { _tag: 'Some', value: seen }, wanted))
  const entry = c.store.peekEntry?.(key)
  const found: Option<Entry<R>> = entry === undefined ? none : { _tag: 'Some', value: entry }
  if (entry !== undefined) holds(single('peekEntry', key, when), wrongEntry(c, found, wanted))
}

// -------------------------------------------------------------------------------------
// many keys
// -------------------------------------------------------------------------------------

export const getMany = async <R>(
  c: Case<R>,
  keys: Keys,
  wanted: ReadonlyArray<Wanted<R>>,
  when?: string
): Promise<void> => {
  const asked: Bulk = { operation: 'getMany', keys, when }
  const answers = await run(bulk(asked), c.store.getMany(keys))
  each(asked, answers, wanted, (answer, there) => wrong(c, answer, there))
}

export const readMany = async <R>(
  c: Case<R>,
  keys: Keys,
  wanted: ReadonlyArray<Wanted<R>>,
  when?: string
): Promise<void> => {
  const asked: Bulk = { operation: 'readMany', keys, when }
  const task = c.store.readMany(keys)
  if (!c.tells && wanted.some((there) => due(c, there) !== undefined)) await refuses(bulk(asked), task)
  else each(asked, await run(bulk(asked), task), wanted, (answer, there) => wrongEntry(c, answer, there))
}

export const hasMany = async <R>(
  c: Case<R>,
  keys: Keys,
  wanted: ReadonlyArray<boolean>,
  when?: string
): Promise<void> => {
  const asked: Bulk = { operation: 'hasMany', keys, when }
  const answers = await run(bulk(asked), c.store.hasMany(keys))
  each(asked, answers, wanted, (answer, there) => not(answer, c.keeps && there))
}

export const touchMany = async <R>(
  c: Case<R>,
  entries: ReadonlyArray<readonly [key: string, ttl: Duration]>,
  wanted: ReadonlyArray<boolean>,
  when?: string
): Promise<void> => {
  const asked: Bulk = { operation: 'touchMany', keys: entries.map(([key]) => key), when }
  const answers = await run(bulk(asked), c.store.touchMany(entries))
  each(asked, answers, wanted, (answer, there) => not(answer, c.keeps && there))
}

// -------------------------------------------------------------------------------------
// all operations
// -------------------------------------------------------------------------------------

/** All operations that read one key. */
export const everywhere = async <R>(
  c: Case<R>,
  key: string,
  wanted: Wanted<R>,
  when?: string
): Promise<void> => {
  await get(c, key, wanted, when)
  await read(c, key, wanted, when)
  await has(c, key, wanted !== undefined, when)
  await getMany(c, [key], [wanted], when)
  await readMany(c, [key], [wanted], when)
  await hasMany(c, [key], [wanted !== undefined], when)
  peek(c, key, wanted, when)
}
