/**
 * Where the file of an entry lies: in two levels of directories, under a name that nobody can choose.
 *
 * @internal
 */
import { createHash } from 'node:crypto'
import * as path from 'node:path'

/**
 * How many directories hold files.
 *
 * @internal
 */
export const leaves = 4_096

const hexOf = (leaf: number): string => leaf.toString(16).padStart(3, '0')

/**
 * Where what is being written lies, until it is whole.
 *
 * @internal
 */
export const draftsOf = (root: string): string => path.join(root, 'tmp')

/**
 * The directory number `leaf`: `<root>/a/bc`.
 *
 * @internal
 */
export const leafOf = (root: string, leaf: number): string =>
  path.join(root, hexOf(leaf).slice(0, 1), hexOf(leaf).slice(1))

/**
 * The file of a key: the SHA-256 of its UTF-8, in hexadecimal, cut after one and after three digits.
 *
 * @internal
 */
export const fileOf = (root: string, key: string): string => {
  const hex = createHash('sha256').update(key).digest('hex')
  return `${root}${path.sep}${hex.slice(0, 1)}${path.sep}${hex.slice(1, 3)}${path.sep}${hex.slice(3)}`
}

/**
 * Whether a directory is of the first level, by its name.
 *
 * @internal
 */
export const isFirst = (name: string): boolean => /^[0-9a-f]$/.test(name)

/**
 * Whether a directory below one of the first level holds entries, by its name.
 *
 * @internal
 */
export const isSecond = (name: string): boolean => /^[0-9a-f]{2}$/.test(name)

/**
 * Whether a file in a leaf is an entry, by its name. What is not ours stays where it is.
 *
 * @internal
 */
export const isEntry = (name: string): boolean => /^[0-9a-f]{61}$/.test(name)

/**
 * Whether a file beside the leaves is a draft, by its name.
 *
 * @internal
 */
export const isDraft = (name: string): boolean => /^\d+-[0-9a-f]{16}$/.test(name)
