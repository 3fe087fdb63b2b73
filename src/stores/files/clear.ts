/**
 * Removes entries by a prefix: the keys are in the files, so the beginning of every file is read.
 *
 * @internal
 */
import * as path from 'node:path'

import type { Either } from 'fp-ts/Either'

import type { Call } from '../../base/queues'
import type { Duration } from '../../Duration'
import type { StoreError } from '../../RingError'
import { inTime } from './calls'
import { filesIn, leavesIn, readBeginning, readWhole, remove } from './disk'
import { keyOfFile } from './format'
import { isEntry } from './names'
import type { Place } from './place'

/** How many bytes of a file are read for its key. If the key is longer, the whole file is read. */
const beginning = 4_096

const right: Either<never, void> = { _tag: 'Right', right: undefined }

const clearFile = async (file: string, prefix: string): Promise<void> => {
  const start = await readBeginning(file, beginning)
  if (start === undefined) return
  const bytes =
    start.length < beginning || keyOfFile(start) !== undefined ? start : (await readWhole(file))?.bytes
  const key = bytes === undefined ? undefined : keyOfFile(bytes)
  // the key of a damaged file is not known
  if (key === undefined ? prefix === '' : key.startsWith(prefix)) await remove(file)
}

/** Clears one directory of entries. */
const clearLeaf = async (
  { inTurn, task }: Place['queue'],
  call: Call,
  leaf: string,
  prefix: string
): Promise<void> => {
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

/** Removes the entries whose keys begin with a prefix. Each directory has the full timeout. */
export const clearBy = async (
  { guard, queue, root }: Place,
  timeout: Duration,
  prefix: string
): Promise<Either<StoreError, void>> => {
  const leaves = await inTime('clear', timeout, {
    start: async () => ((await guard.isThere()) ? leavesIn(root) : [])
  })
  if (leaves._tag === 'Left') return leaves
  for (const leaf of leaves.right) {
    const cleared = await inTime('clear', timeout, {
      start: (call) => clearLeaf(queue, call, leaf, prefix)
    })
    if (cleared._tag === 'Left') return cleared
  }
  return right
}
