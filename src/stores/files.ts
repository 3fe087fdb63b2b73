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
import { withDeadlineMap } from '../internal/deadline'
import { defect } from '../internal/defect'
import { decodeFile, encodeFile, keyOfFile, seal } from '../internal/fileFormat'
import { makeGuard } from '../internal/fileGuard'
import { makeJanitor } from '../internal/fileJanitor'
import { fileOf, isEntry } from '../internal/fileNames'
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
} from '../internal/fileSystem'
import { endOf, remainingAt } from '../internal/fileTimes'
import { checkedTimeout, timeOfDay } from '../internal/options'
import { type Call, endCall, makeBacklog, makeCall, makeGate, makeTurns } from '../internal/queues'
import { StoreError } from '../RingError'
import type { Entry, Operation, Store } from '../Store'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * `directory`: the store's own; it is made when it is missing, for nobody but this user. `timeout` is for every operation,
 * however many files it is about, and for every directory that `clear` looks at (default: 1 second). `guard`: whether a
 * directory is refused that another user has made, or may write to (default: yes; not on Windows). `clock`: for tests; it
 * tells the milliseconds since 1970, and has to be the same for all who use the directory (default: that of the machine).
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

/** Of all stores in this process: several may share a directory. */
const turns = /*#__PURE__*/ makeTurns()

/** How many files a store has open at once, at most. */
const most = 64

/** What is read of a file to know its key; the rest, if the key is longer. */
const beginning = 4_096

/** How many tasks may wait, while the disk hangs, for which nobody waits any more: then nothing more is asked of it. */
const mostForsaken = 10_000
/** The same of the bytes of what is to be written: then nothing more is to be. */
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
  return found // the proof: the only other one has been thrown
}

const itself = <A>(a: A): A => a

const tooMuch = (operation: Operation): Either<StoreError, never> => ({
  _tag: 'Left',
  left: new StoreError(operation, 'failed', 'too much waits for the disk')
})

/**
 * Runs a call in time. What is late holds neither the call's arguments nor its bytes: so it has no closure over them, and
 * `begin` is forgotten as soon as it has begun.
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
  return withDeadlineMap(operation, timeout, once, itself, () => endCall(call))
}

/**
 * A store of bytes in files below `options.directory`. `backend` is that directory. It needs no dependency.
 *
 * `left` with the reason `timeout` after `options.timeout`, `refused` for a key that is not well-formed Unicode, `failed`
 * for everything else: a disk that is full, a directory that may not be written or is not the user's own, an entry that is
 * damaged, a disk that hangs while too much waits for it. Throws a `TypeError` for a directory without a name, and for a `timeout` of zero or less.
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
  const { clock = timeOfDay, directory, guard = true } = options
  const timeout = checkedTimeout('a store', options.timeout)
  if (directory === '') return defect('a store of files needs a directory')
  const root = path.resolve(directory)
  const { now } = clock
  const gate = makeGate(most)
  const { bytes: waiting, forsaken, task } = makeBacklog()
  const { isThere, make } = makeGuard(root, guard)
  /** Who writes a file waits for those before him. */
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
    const copy = encodeFile(key, value) // now: who passed the value may change it later
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
    // what is damaged may have been anybody's
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
  /** The same for what brings bytes. */
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

  /** Every key once, and its answer wherever it was asked for. */
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
    deadline: timeout, // but for `clear`, which has it for each directory
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
