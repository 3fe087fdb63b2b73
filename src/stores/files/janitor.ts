/**
 * Removes files that are no longer needed: expired entries, and drafts of writers that were killed.
 *
 * @internal
 */
import * as path from 'node:path'

import { ignore } from '../../base/ignore'
import { filesIn, remove, timesOf } from './disk'
import { draftsOf, isDraft, isEntry, leafOf, leaves } from './names'
import type { Place } from './place'
import { remainingAt } from './times'

/** How many files are checked for each write: more than one, so that expired files never outnumber live ones by far. */
const perWrite = 2
/** How many files are checked in one run, at least. */
const inOneGo = 64
/** How long an expired entry stays: a caller may have read it before its end, and may be about to renew it. */
const entriesStay = 10_000
/** How long a draft stays after the last write to it. */
const draftsStay = 600_000

/** Returns how many files it has checked. */
const sweepLeaf = async ({ now, queue: { inTurn }, root }: Place, leaf: number): Promise<number> => {
  const directory = leafOf(root, leaf)
  const names = (await filesIn(directory)).filter(isEntry)
  for (const name of names) {
    const file = path.join(directory, name)
    await inTurn(file, async () => {
      const times = await timesOf(file)
      if (times !== undefined && remainingAt(now(), times.mtimeMs) <= -entriesStay) await remove(file)
    }).catch(ignore) // a file that cannot be checked or removed must not keep the others from being removed
  }
  return names.length
}

const sweepDrafts = async ({ now, root }: Place): Promise<void> => {
  const drafts = draftsOf(root)
  for (const name of (await filesIn(drafts)).filter(isDraft)) {
    const draft = path.join(drafts, name)
    const times = await timesOf(draft)
    if (times !== undefined && now() - times.ctimeMs > draftsStay) await remove(draft).catch(ignore)
  }
}

/**
 * Returns a function that counts writes. From time to time that function sweeps some directories in the background, one
 * after the other. If a sweep fails, a later one does its work.
 */
export const makeJanitor = (place: Place): ((writes: number) => void) => {
  let due = inOneGo // so the first write already looks for drafts of killed writers
  let leaf = Math.floor(Math.random() * leaves) // random, so that short-lived processes begin at different directories
  let isAtWork = false
  const work = async (): Promise<void> => {
    if (!(await place.guard.isThere())) return
    await sweepDrafts(place)
    while (due > 0 && (await place.guard.isThere())) {
      leaf = (leaf + 1) % leaves
      due -= 1 + (await sweepLeaf(place, leaf))
    }
  }
  return (writes) => {
    due += perWrite * writes
    if (due < inOneGo || isAtWork) return
    isAtWork = true
    const rest = (): void => {
      isAtWork = false
      due = Math.min(due, 0)
    }
    work().then(rest, rest).catch(ignore)
  }
}
