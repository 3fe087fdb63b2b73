/**
 * The entry of one key: how its file is read, written, touched and removed. Each function runs as a task of a call.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'

import type { Call } from '../../base/queues'
import type { Duration } from '../../Duration'
import { none } from '../kit/answers'
import type { Entry } from '../model'
import { type Contents, isNoFile, readWhole, remove, touchIf, writeWhole } from './disk'
import { decodeFile, encodeFile, seal } from './format'
import { fileOf } from './names'
import type { Place } from './place'
import { endOf, remainingAt } from './times'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

type Found = O.Option<Entry<Uint8Array>>

export interface Entries {
  /** The entry of a key. Rejects if its file is damaged. */
  readonly find: (call: Call, key: string) => Promise<Found>
  /** The same for one of many keys: there a damaged file is a miss. */
  readonly findAmong: (call: Call, key: string) => Promise<Found>
  /** Copies the value before it returns. A lifetime of zero or less removes the entry. */
  readonly write: (call: Call, key: string, value: Uint8Array, ttl: Duration) => Promise<void>
  /** Returns whether there was an entry. A lifetime of zero or less removes it. */
  readonly touch: (call: Call, key: string, ttl: Duration) => Promise<boolean>
  readonly removeKey: (call: Call, key: string) => Promise<void>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const damagedIfNoFile = (cause: unknown): 'damaged' => {
  if (isNoFile(cause)) return 'damaged'
  throw cause
}

const unlessDamaged = <A>(found: A | 'damaged'): A => {
  if (found === 'damaged')
    throw new Error('the file of this entry is damaged, or in a format that is not known')
  return found // SAFETY: the other case has thrown
}

export const makeEntries = ({
  guard: { isThere, make },
  now,
  queue: { gate, inTurn, task },
  root
}: Place): Entries => {
  const read = async (key: string): Promise<Found | 'damaged'> => {
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

  const removeFile = async (file: string): Promise<void> => {
    if (await isThere()) await remove(file)
  }
  const removeKey: Entries['removeKey'] = (call, key) => {
    const file = fileOf(root, key)
    return inTurn(file, task(call, file, 0, removeFile))
  }

  const isAlive =
    (key: string) =>
    async ({ bytes, mtimeMs }: Contents): Promise<boolean> =>
      remainingAt(now(), mtimeMs) > 0 && typeof (await decodeFile(bytes, key)) === 'object'

  return {
    find: (call, key) => found(call, key).then(unlessDamaged),
    findAmong: (call, key) => found(call, key).then((one) => (one === 'damaged' ? none : one)),
    write: (call, key, value, ttl) => {
      if (!(ttl > 0)) return removeKey(call, key)
      const file = fileOf(root, key)
      const copy = encodeFile(key, value) // now, because the caller may change the value later
      const run = async (bytes: Buffer): Promise<void> => {
        await make()
        await writeWhole(root, file, await seal(bytes), endOf(now(), ttl))
      }
      return inTurn(file, task(call, copy, copy.length, run))
    },
    touch: (call, key, ttl) => {
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
    },
    removeKey
  }
}
