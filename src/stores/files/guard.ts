/**
 * Checks that only this user can have written the files of a directory. If another user made the directory, or may
 * write to it, that user can choose what the store reads.
 *
 * @internal
 */
import type { Stats } from 'node:fs'
import { lstat, mkdir, stat } from 'node:fs/promises'

import { unlessAbsent } from './disk'

/**
 * How long the result of a check holds, in milliseconds: another process may remove the directory, and make a new one.
 */
const lookedFor = 1_000

const bits = { group: 0o020, others: 0o002 }

const refuse = (why: string): never => {
  throw new Error(`the directory is refused: ${why} (see the option \`guard\`)`)
}

/** Whether the owner is this user, or root, who may do anything anyway. */
const isOwn = ({ uid }: Stats, user: number): boolean => uid === user || uid === 0

/** Whether the group has this user alone: many systems give each user a group of the same number. */
const isPrivate = ({ gid, uid }: Stats, user: number): boolean => uid === user && gid === user

/** Whether the directory exists; throws if it is not safe. */
const look = async (root: string, user: number): Promise<boolean> => {
  const named = await lstat(root).catch(unlessAbsent(undefined))
  if (named === undefined) return false
  if (named.isSymbolicLink() && !isOwn(named, user)) refuse('it is a link that another user has made')
  const found = named.isSymbolicLink() ? await stat(root).catch(unlessAbsent(undefined)) : named
  if (found === undefined) return false
  if (!found.isDirectory()) refuse('it is not a directory')
  if (!isOwn(found, user)) refuse('it belongs to another user')
  if ((found.mode & bits.others) !== 0) refuse('every user may write to it')
  if ((found.mode & bits.group) !== 0 && !isPrivate(found, user)) refuse('a group of users may write to it')
  return true
}

export interface Guard {
  /** Whether the directory exists; rejects if it is not safe. Returns a promise only if it has to check again. */
  readonly isThere: () => boolean | Promise<boolean>
  /** Makes the directory if it is missing. */
  readonly make: () => Promise<void>
}

/**
 * Makes the guard of a directory. On Windows, which has other permissions, and if the guard is off, it accepts any.
 */
export const makeGuard = (root: string, isOn: boolean): Guard => {
  const user = process.geteuid?.()
  if (!isOn || user === undefined) return { isThere: () => true, make: () => Promise.resolve() }
  let until = -Infinity
  let looking: Promise<boolean> | undefined
  const isThere = (): boolean | Promise<boolean> => {
    const now = performance.now()
    if (now < until) return true
    const known = (is: boolean): boolean => {
      looking = undefined
      if (is) until = now + lookedFor
      return is
    }
    const refused = (cause: unknown): never => {
      looking = undefined
      throw cause
    }
    looking ??= look(root, user).then(known, refused)
    return looking
  }
  return {
    isThere,
    make: async () => {
      if (await isThere()) return
      await mkdir(root, { recursive: true, mode: 0o700 })
      if (!(await isThere())) refuse('it was removed as soon as it was made')
    }
  }
}
