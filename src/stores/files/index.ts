/**
 * A store of files: each entry is one file below a directory. All processes of a machine that use the same directory
 * share its entries.
 *
 * Laws: those of `Store`, and:
 *
 * - law 5: an entry is served only as it was written, and whole. A file that was cut or changed, or that another
 *   program made, is a `left` for `get` and `read`, and a miss in a bulk read. The next write replaces it.
 * - law 26: every call ends within the store's own deadline, even if the file system hangs.
 *
 * The end of an entry is the modification time of its file, by the clock of the machine. There are no leases: file
 * systems have no operation that writes one file on the condition that another has not changed.
 *
 * @since 0.1.0
 */
import * as path from 'node:path'

import type { Either } from 'fp-ts/Either'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import { defect } from '../../base/defect'
import { type Call, endCall, makeBacklog, makeCall, makeGate, makeTurns } from '../../base/queues'
import type { Clock } from '../../Clock'
import type { Duration } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { askOnce, foldTouches, lastOf, lone, none, nothing, refused } from '../kit/answers'
import { checkedOptions } from '../kit/checks'
import { withDeadlineMap } from '../kit/deadline'
import { storeError } from '../kit/errors'
import { checkedTimeout, timeOfDay } from '../kit/options'
import type { Entry, Store } from '../model'
import {
  type Contents,
  filesIn,
  isNoFile,
  leavesIn,
  readBeginning,
  readWhole,
  remove,
  touchIf,
  writeWhole
} from './disk'
import { decodeFile, encodeFile, keyOfFile, seal } from './format'
import { makeGuard } from './guard'
import { makeJanitor } from './janitor'
import { fileOf, isEntry } from './names'
import { endOf, remainingAt } from './times'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * `directory`: for this store alone; if it is missing, the store makes it, accessible to this user only. `timeout`: the
 * deadline of every operation, whatever the number of its files, and of each directory of a `clear` (default: 1
 * second). `guard`: whether to refuse a directory that another user made or may write to (default: yes; not on
 * Windows). `clock`: for tests; it returns milliseconds since 1970, and must be the same for all processes that use the
 * directory (default: that of the machine).
 *
 * @category model
 * @since 0.1.0
 */
export interface FilesOptions {
  readonly directory: string
  readonly timeout?: Duration
  readonly guard?: boolean
  readonly clock?: Pick<Clock, 'now'>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** Shared by all stores in this process, because several may use one directory. */
const turns = /*#__PURE__*/ makeTurns()

/** How many files a store has open at the same time, at most. */
const most = 64

/** How many bytes of a file are read for its key. If the key is longer, the whole file is read. */
const beginning = 4_096

/**
 * While the disk hangs: how many tasks may wait whose callers no longer do. With more, the store refuses operations.
 */
const mostForsaken = 10_000
/** How many bytes may wait to be written. With more, the store refuses writes. */
const mostBytes = 2 ** 28

const right: Either<never, void> = { _tag: 'Right', right: undefined }

const toValue = (entry: O.Option<Entry<Uint8Array>>): O.Option<Uint8Array> =>
  entry._tag === 'Some' ? { _tag: 'Some', value: entry.value.value } : none

const isSome = (entry: O.Option<unknown>): boolean => entry._tag === 'Some'

const damagedIfNoFile = (cause: unknown): 'damaged' => {
  if (isNoFile(cause)) return 'damaged'
  throw cause
}

const unlessDamaged = <A>(found: A | 'damaged'): A => {
  if (found === 'damaged')
    throw new Error('the file of this entry is damaged, or in a format that is not known')
  return found // SAFETY: the other case has thrown
}

const itself = <A>(a: A): A => a

const tooMuch = (operation: Operation): Either<StoreError, never> => ({
  _tag: 'Left',
  left: storeError(operation, 'failed', 'too many operations wait for the disk')
})

/**
 * Runs a call with a deadline. A late call must keep neither its arguments nor its bytes in memory: so no closure holds
 * them, and `begin` is emptied as soon as the call has started.
 */
const inTime = <A>(
  operation: Operation,
  timeout: Duration,
  begin: { start: ((call: Call) => Promise<A>) | undefined }
): Promise<Either<StoreError, A>> => {
  const call = makeCall()
  const once = (): Promise<A> => {
    const { start } = begin
    begin.start = undefined
    return start === undefined ? Promise.reject(new Error('it has begun')) : start(call)
  }
  return withDeadlineMap(operation, timeout, { start: once, decode: itself, onLate: () => endCall(call) })
}

/**
 * A store of bytes in files below `options.directory`. `backend` is that directory. It needs no dependency.
 *
 * An operation is `left` with the reason `timeout` after `options.timeout`, `refused` for a key that is not well-formed
 * Unicode, and `failed` for everything else: a full disk, a directory that is not writable or not the user's own, a
 * damaged entry, a disk that hangs while too many operations wait for it. `files` throws a `TypeError` for an empty
 * directory name, and for a `timeout` of zero or less.
 *
 * It is for one machine. On a network file system, machines see each other's writes late, and their clocks differ.
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
  const { clock = timeOfDay, directory, guard = true } = checkedOptions('files', options)
  const timeout = checkedTimeout('a store', options.timeout)
  if (directory === '') return defect('a store of files needs a directory')
  const root = path.resolve(directory)
  const now = (): number => clock.now()
  const gate = makeGate(most)
  const { bytes: waiting, forsaken, task } = makeBacklog()
  const { isThere, make } = makeGuard(root, guard)
  /** A task that writes a file waits for the earlier ones of the same file. */
  const inTurn = <A>(file: string, start: () => Promise<A>): Promise<A> => turns(file, () => gate(start))
  const wrote = makeJanitor({ root, isThere, now, inTurn })

  // -- one key ----------------------------------------------------------------------------

  const read = async (key: string): Promise<O.Option<Entry<Uint8Array>> | 'damaged'> => {
    if (!(await isThere())) return none
    const contents = await readWhole(fileOf(root, key)).catch(damagedIfNoFile)
    if (contents === undefined) return none
    if (contents === 'damaged') return contents
    const remaining = remainingAt(now(), contents.mtimeMs)
    if (!(remaining > 0)) return none
    const value = await decodeFile(contents.bytes, key)
    if (value === 'damaged') return value
    return value === 'foreign' ? none : { _tag: 'Some', value: { value, remaining } }
  }
  const found = (call: Call, key: string): ReturnType<typeof read> => gate(task(call, key, 0, read))
  const find = (call: Call, key: string): Promise<O.Option<Entry<Uint8Array>>> =>
    found(call, key).then(unlessDamaged)
  const findAmong = (call: Call, key: string): Promise<O.Option<Entry<Uint8Array>>> =>
    found(call, key).then((one) => (one === 'damaged' ? none : one))

  const removeFile = async (file: string): Promise<void> => {
    if (await isThere()) await remove(file)
  }
  const removeKey = (call: Call, key: string): Promise<void> => {
    const file = fileOf(root, key)
    return inTurn(file, task(call, file, 0, removeFile))
  }
  const write = (call: Call, key: string, value: Uint8Array, ttl: Duration): Promise<void> => {
    if (!(ttl > 0)) return removeKey(call, key)
    const file = fileOf(root, key)
    const copy = encodeFile(key, value) // now, because the caller may change the value later
    const run = async (bytes: Buffer): Promise<void> => {
      await make()
      await writeWhole(root, file, await seal(bytes), endOf(now(), ttl))
    }
    return inTurn(file, task(call, copy, copy.length, run))
  }
  const isAlive =
    (key: string) =>
    async ({ bytes, mtimeMs }: Contents): Promise<boolean> =>
      remainingAt(now(), mtimeMs) > 0 && typeof (await decodeFile(bytes, key)) === 'object'
  const touch = (call: Call, key: string, ttl: Duration): Promise<boolean> => {
    const run = async (file: string): Promise<boolean> => {
      if (!(await isThere())) return false
      if (ttl > 0) return touchIf(file, endOf(now(), ttl), isAlive(key))
      const contents = await readWhole(file)
      const wasThere = contents !== undefined && (await isAlive(key)(contents))
      if (wasThere) await remove(file)
      return wasThere
    }
    const file = fileOf(root, key)
    return inTurn(file, task(call, file, 0, run))
  }

  // -- all keys ---------------------------------------------------------------------------

  const clearFile = async (file: string, prefix: string): Promise<void> => {
    const start = await readBeginning(file, beginning)
    if (start === undefined) return
    const bytes =
      start.length < beginning || keyOfFile(start) !== undefined ? start : (await readWhole(file))?.bytes
    const key = bytes === undefined ? undefined : keyOfFile(bytes)
    // the key of a damaged file is not known
    if (key === undefined ? prefix === '' : key.startsWith(prefix)) await remove(file)
  }
  const clearLeaf = async (call: Call, leaf: string, prefix: string): Promise<void> => {
    const names = (await filesIn(leaf)).filter(isEntry)
    await Promise.all(
      names.map((name) => {
        const file = path.join(leaf, name)
        return inTurn(
          file,
          task(call, file, 0, () => clearFile(file, prefix))
        )
      })
    )
  }
  const clear = async (prefix: string): Promise<Either<StoreError, void>> => {
    const leaves = await inTime('clear', timeout, {
      start: async () => ((await isThere()) ? leavesIn(root) : [])
    })
    if (leaves._tag === 'Left') return leaves
    for (const leaf of leaves.right) {
      const cleared = await inTime('clear', timeout, { start: (call) => clearLeaf(call, leaf, prefix) })
      if (cleared._tag === 'Left') return cleared
    }
    return right
  }

  // -- operations -------------------------------------------------------------------------

  const on = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (call: Call) => Promise<A>
  ): TE.TaskEither<StoreError, A> => {
    if (!keys.every(isWellFormed)) return refused(operation, lone)
    return () =>
      forsaken() > mostForsaken
        ? Promise.resolve(tooMuch(operation))
        : inTime<A>(operation, timeout, { start })
  }
  /** The same for operations that write bytes. */
  const onBytes = (
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (call: Call) => Promise<void>
  ): TE.TaskEither<StoreError, void> => {
    const asked = on(operation, keys, (call) => {
      wrote(keys.length)
      return start(call)
    })
    return () => (waiting() > mostBytes ? Promise.resolve(tooMuch(operation)) : asked())
  }

  /** Asks once for each distinct key, and returns its answer at each of its positions. */
  const onMany = <A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    one: (call: Call, key: string) => Promise<A>
  ): TE.TaskEither<StoreError, ReadonlyArray<A>> =>
    askOnce(keys, (asked, dealt) =>
      on(operation, asked, async (call) => dealt(await Promise.all(asked.map((key) => one(call, key)))))
    )

  return {
    backend: directory,
    placeOf: (prefix) => ({ backend: root, prefix }),
    deadline: timeout, // except `clear`, which has this deadline for each directory
    get: (key) => on('get', [key], (call) => find(call, key).then(toValue)),
    read: (key) => on('read', [key], (call) => find(call, key)),
    set: (key, value, ttl) => onBytes('set', [key], (call) => write(call, key, value, ttl)),
    delete: (key) => on('delete', [key], (call) => removeKey(call, key)),
    has: (key) => on('has', [key], (call) => find(call, key).then(isSome)),
    touch: (key, ttl) => on('touch', [key], (call) => touch(call, key, ttl)),
    getMany: (keys) => onMany('getMany', keys, (call, key) => findAmong(call, key).then(toValue)),
    readMany: (keys) => onMany('readMany', keys, findAmong),
    setMany: (entries) => {
      const last = lastOf(entries)
      return onBytes('setMany', Array.from(last.keys()), (call) =>
        Promise.all(Array.from(last.values(), (entry) => write(call, ...entry))).then(nothing)
      )
    },
    deleteMany: (keys) =>
      on('deleteMany', keys, (call) => Promise.all(keys.map((key) => removeKey(call, key))).then(nothing)),
    hasMany: (keys) => onMany('hasMany', keys, (call, key) => findAmong(call, key).then(isSome)),
    touchMany: (entries) => {
      const { dealTouched, last } = foldTouches(entries)
      return on('touchMany', Array.from(last.keys()), async (call) =>
        dealTouched(await Promise.all(Array.from(last, (one) => touch(call, ...one))))
      )
    },
    clear: (prefix) => (isWellFormed(prefix) ? () => clear(prefix) : refused('clear', lone))
  }
}
