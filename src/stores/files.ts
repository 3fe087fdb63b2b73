/**
 * Entries in files: one for each, under a directory, for all processes of a machine that are told the same one.
 *
 * Laws: those of `Store`. Moreover:
 *
 * - law 5: of an entry nothing is served but what was written, whole: a file that was cut, changed or is another
 *   program's is a `left` for `get` and `read`, and a miss in bulk. The next write replaces it.
 * - law 26: every call ends by the store's own deadline, also when the file system hangs.
 *
 * The end of an entry is the time of modification of its file, by the clock of the machine. There are no leases: no
 * operation on files writes a new one on the condition that another is still what it was.
 *
 * @since 0.1.0
 */
import * as path from 'node:path'

import type { Either } from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../Clock'
import type { Duration } from '../Duration'
import { askOnce, foldTouches, lastOf, lone, none, nothing, refused } from '../internal/answers'
import { isWellFormed } from '../internal/bytes'
import { withDeadline } from '../internal/deadline'
import { defect } from '../internal/defect'
import { decodeFile, encodeFile, keyOfFile } from '../internal/fileFormat'
import { makeJanitor } from '../internal/fileJanitor'
import { fileOf, isEntry } from '../internal/fileNames'
import {
  type Contents,
  filesIn,
  leavesIn,
  readBeginning,
  readWhole,
  remove,
  touchIf,
  writeWhole
} from '../internal/fileSystem'
import { endOf, remainingAt } from '../internal/fileTimes'
import { checkedTimeout, timeOfDay } from '../internal/options'
import { makeGate, makeTurns } from '../internal/queues'
import type { StoreError } from '../RingError'
import type { Entry, Operation, Store } from '../Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * `directory`: the store's own; it is made when it is missing, for nobody but this user. `timeout` is for every operation,
 * however many files it is about, and for every directory that `clear` looks at (default: 1 second). `clock`: for tests;
 * it tells the milliseconds since 1970, and has to be the same for all who use the directory (default: that of the
 * machine).
 *
 * @category model
 * @since 0.1.0
 */
export interface FilesOptions {
  readonly directory: string
  readonly timeout?: Duration
  readonly clock?: Pick<Clock, 'now'>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** Of all stores in this process: several may share a directory. */
const turns = /*#__PURE__*/ makeTurns()

/** How many files a store has open at once, at most. */
const most = 64

/** What is read of a file to know its key; the rest, if the key is longer. */
const beginning = 4_096

const right: Either<never, void> = { _tag: 'Right', right: undefined }

const toValue = (entry: O.Option<Entry<Uint8Array>>): O.Option<Uint8Array> =>
  entry._tag === 'Some' ? { _tag: 'Some', value: entry.value.value } : none

const isSome = (entry: O.Option<unknown>): boolean => entry._tag === 'Some'

const unlessDamaged = <A>(found: A | 'damaged'): A => {
  if (found === 'damaged')
    throw new Error('the file of this entry is damaged, or in a format that is not known')
  return found // the proof: the only other one has been thrown
}

/**
 * A store of bytes in files below `options.directory`. `backend` is that directory. It needs no dependency.
 *
 * `left` with the reason `timeout` after `options.timeout`, `refused` for a key that is not well-formed Unicode, `failed`
 * for everything else: a disk that is full, a directory that may not be written, an entry that is damaged. Throws a
 * `TypeError` for a directory without a name, and for a `timeout` of zero or less.
 *
 * It is for one machine. Over a network file system several machines see each other's writes late, and have clocks of
 * their own.
 *
 * @example
 * import { mkdtempSync, rmSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 *
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { Duration } from 'fp-ring'
 * import { files } from 'fp-ring/files'
 *
 * const directory = mkdtempSync(join(tmpdir(), 'files-'))
 * const store = files({ directory, timeout: Duration.seconds(10) })
 * const test = async () => {
 *   await store.set('greeting', Buffer.from('hello'), Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.get('greeting')(), E.right(O.some(Buffer.from('hello'))))
 *   rmSync(directory, { recursive: true })
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const files = (options: FilesOptions): Store<Uint8Array, string> => {
  const { clock = timeOfDay, directory } = options
  const timeout = checkedTimeout('a store', options.timeout)
  if (directory === '') return defect('a store of files needs a directory')
  const root = path.resolve(directory)
  const { now } = clock
  const gate = makeGate(most)
  /** Who writes a file waits for those before him. */
  const inTurn = <A>(file: string, task: () => Promise<A>): Promise<A> => turns(file, () => gate(task))
  const wrote = makeJanitor({ root, now, inTurn })

  // -- one key ----------------------------------------------------------------------------

  const read = async (key: string): Promise<O.Option<Entry<Uint8Array>> | 'damaged'> => {
    const contents = await readWhole(fileOf(root, key))
    if (contents === undefined) return none
    const remaining = remainingAt(now(), contents.mtimeMs)
    if (!(remaining > 0)) return none
    const value = decodeFile(contents.bytes, key)
    if (value === 'damaged') return value
    return value === 'foreign' ? none : { _tag: 'Some', value: { value, remaining } }
  }
  const find = (key: string): Promise<O.Option<Entry<Uint8Array>>> =>
    gate(() => read(key)).then(unlessDamaged)
  const findAmong = (key: string): Promise<O.Option<Entry<Uint8Array>>> =>
    gate(() => read(key)).then((found) => (found === 'damaged' ? none : found))

  const removeKey = (key: string): Promise<void> => {
    const file = fileOf(root, key)
    return inTurn(file, () => remove(file))
  }
  const write = (key: string, value: Uint8Array, ttl: Duration): Promise<void> => {
    if (!(ttl > 0)) return removeKey(key)
    const file = fileOf(root, key)
    const bytes = encodeFile(key, value) // now: who passed the value may change it later
    return inTurn(file, () => writeWhole(root, file, bytes, endOf(now(), ttl)))
  }
  const isAlive =
    (key: string) =>
    ({ bytes, mtimeMs }: Contents): boolean =>
      remainingAt(now(), mtimeMs) > 0 && typeof decodeFile(bytes, key) === 'object'
  const touch = (key: string, ttl: Duration): Promise<boolean> => {
    const file = fileOf(root, key)
    return inTurn(file, async () => {
      if (ttl > 0) return touchIf(file, endOf(now(), ttl), isAlive(key))
      const contents = await readWhole(file)
      const wasThere = contents !== undefined && isAlive(key)(contents)
      if (wasThere) await remove(file)
      return wasThere
    })
  }

  // -- all keys ---------------------------------------------------------------------------

  const clearFile = async (file: string, prefix: string): Promise<void> => {
    const start = await readBeginning(file, beginning)
    if (start === undefined) return
    const bytes =
      start.length < beginning || keyOfFile(start) !== undefined ? start : (await readWhole(file))?.bytes
    const key = bytes === undefined ? undefined : keyOfFile(bytes)
    // what is damaged may have been anybody's
    if (key === undefined ? prefix === '' : key.startsWith(prefix)) await remove(file)
  }
  const clearLeaf = async (leaf: string, prefix: string): Promise<void> => {
    const names = (await filesIn(leaf)).filter(isEntry)
    await Promise.all(
      names.map((name) => {
        const file = path.join(leaf, name)
        return inTurn(file, () => clearFile(file, prefix))
      })
    )
  }
  const clear = async (prefix: string): Promise<Either<StoreError, void>> => {
    const found = await withDeadline('clear', timeout, () => leavesIn(root))
    if (found._tag === 'Left') return found
    for (const leaf of found.right) {
      const cleared = await withDeadline('clear', timeout, () => clearLeaf(leaf, prefix))
      if (cleared._tag === 'Left') return cleared
    }
    return right
  }

  // -- operations -------------------------------------------------------------------------

  const on = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: () => Promise<A>
  ): TE.TaskEither<StoreError, A> =>
    keys.every(isWellFormed) ? () => withDeadline(operation, timeout, start) : refused(operation, lone)

  /** Every key once, and its answer wherever it was asked for. */
  const onMany = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    one: (key: string) => Promise<A>
  ): TE.TaskEither<StoreError, ReadonlyArray<A>> =>
    askOnce(keys, (asked, dealt) =>
      on(operation, asked, async () => dealt(await Promise.all(asked.map(one))))
    )

  return {
    backend: directory,
    deadline: timeout, // but for `clear`, which has it for each directory
    get: (key) => on('get', [key], () => find(key).then(toValue)),
    read: (key) => on('read', [key], () => find(key)),
    set: (key, value, ttl) =>
      on('set', [key], () => {
        wrote(1)
        return write(key, value, ttl)
      }),
    delete: (key) => on('delete', [key], () => removeKey(key)),
    has: (key) => on('has', [key], () => find(key).then(isSome)),
    touch: (key, ttl) => on('touch', [key], () => touch(key, ttl)),
    getMany: (keys) => onMany('getMany', keys, (key) => findAmong(key).then(toValue)),
    readMany: (keys) => onMany('readMany', keys, findAmong),
    setMany: (entries) => {
      const last = lastOf(entries)
      return on('setMany', Array.from(last.keys()), async () => {
        wrote(last.size)
        await Promise.all(Array.from(last.values(), (entry) => write(...entry)))
      })
    },
    deleteMany: (keys) => on('deleteMany', keys, () => Promise.all(keys.map(removeKey)).then(nothing)),
    hasMany: (keys) => onMany('hasMany', keys, (key) => findAmong(key).then(isSome)),
    touchMany: (entries) => {
      const { dealTouched, last } = foldTouches(entries)
      return on('touchMany', Array.from(last.keys()), async () =>
        dealTouched(await Promise.all(Array.from(last, (one) => touch(...one))))
      )
    },
    clear: (prefix) => (isWellFormed(prefix) ? () => clear(prefix) : refused('clear', lone))
  }
}
