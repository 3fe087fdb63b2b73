/**
 * Where the file of an entry is: below two levels of directories, under the digest of its key, so that no caller can
 * choose the name of a file.
 *
 * @internal
 */
import { createHash } from 'node:crypto'
import * as path from 'node:path'

/** How many directories hold entries. */
export const leaves = 4_096

const hexOf = (leaf: number): string => leaf.toString(16).padStart(3, '0')

/** The directory of drafts: files that are still being written. */
export const draftsOf = (root: string): string => path.join(root, 'tmp')

/** The directory number `leaf`: `<root>/a/bc`. */
export const leafOf = (root: string, leaf: number): string =>
  path.join(root, hexOf(leaf).slice(0, 1), hexOf(leaf).slice(1))

/** The file of a key: the SHA-256 of its UTF-8, in hexadecimal, cut after one and after three digits. */
export const fileOf = (root: string, key: string): string => {
  const hex = createHash('sha256').update(key).digest('hex')
  return `${root}${path.sep}${hex.slice(0, 1)}${path.sep}${hex.slice(1, 3)}${path.sep}${hex.slice(3)}`
}

/** Whether a directory belongs to the first level, by its name. */
export const isFirst = (name: string): boolean => /^[0-9a-f]$/.test(name)

/** Whether a directory below one of the first level holds entries, by its name. */
export const isSecond = (name: string): boolean => /^[0-9a-f]{2}$/.test(name)

/** Whether a file in a leaf is an entry, by its name. Other files are left alone. */
export const isEntry = (name: string): boolean => /^[0-9a-f]{61}$/.test(name)

/** Whether a file in the directory of drafts is a draft, by its name. */
export const isDraft = (name: string): boolean => /^\d+-[0-9a-f]{16}$/.test(name)
