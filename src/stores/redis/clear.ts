/**
 * `clear`, of a store of strings and of a store in a hash: it finds keys with a cursor, page by page, and removes them.
 * Each page and each removal has the full timeout.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import type { Duration } from '../../Duration'
import type { StoreError } from '../../RingError'
import { lone, refused } from '../kit/answers'
import { withDeadline } from '../kit/deadline'
import type { Keyspace } from './asks'
import type { Hash } from './hashAsks'
import { beginsWith, startsWith } from './keys'

/** Removes what a cursor finds. */
const clearPages =
  (
    timeout: Duration,
    find: (cursor: string) => Promise<{ readonly cursor: unknown; readonly found: Array<Buffer> }>,
    remove: (found: Array<Buffer>) => Promise<unknown>
  ): TE.TaskEither<StoreError, void> =>
  async () => {
    let cursor = '0'
    do {
      const from = cursor
      const page = await withDeadline('clear', timeout, () => find(from))
      if (page._tag === 'Left') return page
      const { found } = page.right
      if (found.length > 0) {
        const removed = await withDeadline('clear', timeout, () => remove(found))
        if (removed._tag === 'Left') return removed
      }
      cursor = String(page.right.cursor)
    } while (cursor !== '0')
    return { _tag: 'Right', right: undefined }
  }

/** Removes the keys that begin with the namespace and `prefix`, byte for byte. */
export const clearKeys =
  ({ connection, namespace, timeout }: Keyspace) =>
  (prefix: string): TE.TaskEither<StoreError, void> => {
    const full = namespace + prefix
    if (full === '') return refused('clear', 'the store has no namespace, so this would remove every key')
    if (!isWellFormed(full)) return refused('clear', lone)
    return clearPages(
      timeout,
      async (cursor) => {
        const { commands, keyPrefix } = connection()
        const start = keyPrefix + full
        const page = await commands.scan(cursor, { MATCH: beginsWith(start), COUNT: 1_000 })
        // the client adds its own prefix again
        const skip = Buffer.byteLength(keyPrefix)
        return {
          cursor: page.cursor,
          found: page.keys.filter(startsWith(start)).map((key) => key.subarray(skip))
        }
      },
      (found) => connection().commands.unlink(found)
    )
  }

/** Removes the fields that begin with `prefix`, byte for byte. */
export const clearFields =
  ({ connection, key, timeout }: Hash) =>
  (prefix: string): TE.TaskEither<StoreError, void> =>
    !isWellFormed(prefix)
      ? refused('clear', lone)
      : clearPages(
          timeout,
          async (cursor) => {
            const page = await connection().commands.hScan(key, cursor, {
              MATCH: beginsWith(prefix),
              COUNT: 1_000
            })
            return {
              cursor: page.cursor,
              found: page.entries.map(({ field }) => field).filter(startsWith(prefix))
            }
          },
          (found) => connection().commands.hDel(key, found)
        )
