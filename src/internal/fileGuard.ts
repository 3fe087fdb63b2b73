/**
 * Whether what lies in a directory can only be from this user: where another one has made it first, or may write to it,
 * what is read there is what he wants to be read.
 *
 * @internal
 */
import type { Stats } from 'node:fs'
import { lstat, mkdir, stat } from 'node:fs/promises'

import { unlessAbsent } from './fileSystem'

/** How long a look is good for, in milliseconds: who tidies up may have removed the directory, and somebody made another. */
const lookedFor = 1_000

const bits = { group: 0o020, others: 0o002 }

const refuse = (why: string): never => {
  throw new Error(`the directory is refused: ${why} (see the option \`guard\`)`)
}

/** The user himself, or the one who may do anything anyway. */
const isOwn = ({ uid }: Stats, user: number): boolean => uid === user || uid === 0

/** Many systems give each user a group of his own, of the same number. */
const isPrivate = ({ gid, uid }: Stats, user: number): boolean => uid === user && gid === user

/** Whether the directory is there; throws where it is not the user's own. */
const look = async (root: string, user: number): Promise<boolean> => {
  const named = await lstat(root).catch(unlessAbsent(undefined))
  if (named === undefined) return false
  if (named.isSymbolicLink() && !isOwn(named, user)) refuse('it is a link that another user has made')
  const found = named.isSymbolicLink() ? await stat(root).catch(unlessAbsent(undefined)) : named
  if (found === undefined) return false
  if (!found.isDirectory()) refuse('it is none')
  if (!isOwn(found, user)) refuse('it belongs to another user')
  if ((found.mode & bits.others) !== 0) refuse('every user may write to it')
  if ((found.mode & bits.group) !== 0 && !isPrivate(found, user)) refuse('a group of users may write to it')
  return true
}

/** @internal */
export interface Guard {
  /** Whether the directory is there, and safe; rejects where it is not safe. A promise only where somebody has to look. */
  readonly isThere: () => boolean | Promise<boolean>
  /** Makes the directory, where it is missing. */
  readonly make: () => Promise<void>
}

/**
 * Windows has other means: there, and where the guard is off, every directory will do.
 *
 * @internal
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
      if (!(await isThere())) refuse('it goes as soon as it is made')
    }
  }
}
