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

import type * as O from 'fp-ts/Option'

import { isWellFormed } from '../../base/bytes'
import { defect } from '../../base/defect'
import type { Clock } from '../../Clock'
import type { Duration } from '../../Duration'
import { foldTouches, lastOf, lone, none, nothing, refused } from '../kit/answers'
import { checkedOptions, ofFiles } from '../kit/checks'
import { checkedTimeout, timeOfDay } from '../kit/options'
import type { Entry, Store } from '../model'
import { makeCalls } from './calls'
import { clearBy } from './clear'
import { makeEntries } from './entries'
import { makeGuard } from './guard'
import { makeJanitor } from './janitor'
import type { Place } from './place'
import { makeQueue } from './queue'

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

const toValue = (entry: O.Option<Entry<Uint8Array>>): O.Option<Uint8Array> =>
  entry._tag === 'Some' ? { _tag: 'Some', value: entry.value.value } : none

const isSome = (entry: O.Option<unknown>): boolean => entry._tag === 'Some'

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
  const { clock = timeOfDay, directory, guard = true } = checkedOptions(ofFiles, options)
  const timeout = checkedTimeout('a store', options.timeout)
  if (directory === '') return defect('a store of files needs a directory')
  const root = path.resolve(directory)
  const place: Place = {
    root,
    now: () => clock.now(),
    guard: makeGuard(root, guard),
    queue: makeQueue()
  }
  const { find, findAmong, removeKey, touch, write } = makeEntries(place)
  const { on, onBytes, onMany } = makeCalls(place.queue, timeout, makeJanitor(place))
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
    clear: (prefix) => (isWellFormed(prefix) ? () => clearBy(place, timeout, prefix) : refused('clear', lone))
  }
}
