/**
 * Removes what nobody reads any more: entries that are over, and what writers that were killed have left behind.
 *
 * @internal
 */
import * as path from 'node:path'

import { draftsOf, isDraft, isEntry, leafOf, leaves } from './fileNames'
import { filesIn, remove, timesOf } from './fileSystem'
import { remainingAt } from './fileTimes'

/** Files that are looked at for each write: more than one, so that there are never many more than live ones. */
const perWrite = 2
/** How many are looked at in one go, at least. */
const inOneGo = 64
/** How long an entry stays that is over: somebody may have looked at it in time, and be about to renew it. */
const entriesStay = 10_000
/** How long a draft stays that nobody writes to. */
const draftsStay = 600_000

/** How the janitor sees the store: its clock, and how it takes turns with the writers of a file in this process. */
interface Place {
  readonly root: string
  /** Whether it is there, and the user's own. */
  readonly isThere: () => boolean | Promise<boolean>
  readonly now: () => number
  readonly inTurn: <A>(file: string, task: () => Promise<A>) => Promise<A>
}

const ignore = (): void => undefined

/** Gives how many files it has looked at. */
const sweepLeaf = async ({ inTurn, now, root }: Place, leaf: number): Promise<number> => {
  const directory = leafOf(root, leaf)
  const names = (await filesIn(directory)).filter(isEntry)
  for (const name of names) {
    const file = path.join(directory, name)
    await inTurn(file, async () => {
      const times = await timesOf(file)
      if (times !== undefined && remainingAt(now(), times.mtimeMs) <= -entriesStay) await remove(file)
    }).catch(ignore) // what is no file of ours, or not to be removed, keeps nothing else from being swept
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
 * To be told of so many writes: now and then it sweeps some directories, in the background, one after the other.
 * Whatever it fails at, it will come by again.
 *
 * @internal
 */
export const makeJanitor = (place: Place): ((writes: number) => void) => {
  let due = inOneGo // the drafts of those who were killed are looked for at the first write
  let leaf = Math.floor(Math.random() * leaves) // short-lived processes are not all to begin at the same one
  let isAtWork = false
  const work = async (): Promise<void> => {
    if (!(await place.isThere())) return
    await sweepDrafts(place)
    while (due > 0 && (await place.isThere())) {
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
