/**
 * Variants of a page: the request fields that it depends on, and its places in the store (RFC 9111, section 4.1).
 *
 * @internal
 */
import { makeAging } from '../../base/bounded'
import { sha256 } from '../../base/sha256'
import { tokensOf, trimmed, valueOf } from './fields'
import type { Fields, Lookup, RequestHead } from './model'

/** The names in `Vary`, in lower case. */
export const varyOf = (fields: Fields): ReadonlyArray<string> => tokensOf(valueOf(fields, 'vary'))

/**
 * Removes spaces and tabs around the members of a list, which have no meaning; other Unicode spaces are part of a
 * member.
 */
const normalised = (value: string): string => value.split(',').map(trimmed).join(',')

const digest = (text: string): string => sha256(text).slice(0, 22)

const digestOf = (names: ReadonlyArray<string>, header: Lookup): string => {
  const said = Array.from(new Set(names))
    .sort()
    .map((name) => [name, header(name)] as const)
    // an absent field differs from an empty one
    .map(([name, value]) => [name, value === undefined ? null : normalised(value)])
  return digest(JSON.stringify(said))
}

/** What a request says in some fields. Different values have different texts; the same value may have several. */
const textOf = (names: ReadonlyArray<string>, header: Lookup): string => {
  let text = ''
  for (const name of names) {
    const value = header(name)
    // a name has no line break, and the length says where a value ends
    text += value === undefined ? `${name}\n-\n` : `${name}\n${String(value.length)}:${value}\n`
  }
  return text
}

const longest = 512
/** Digests that were made lately: many requests say the same, and a digest costs more than a whole decision. */
const known = /*#__PURE__*/ makeAging<string>(128)

/** The values of some fields of a request, as a digest: the store must not receive cookies. `''` for no fields. */
export const variantOf = (names: ReadonlyArray<string>, { header }: Pick<RequestHead, 'header'>): string => {
  if (names.length === 0) return ''
  const text = textOf(names, header)
  if (text.length > longest) return digestOf(names, header)
  const there = known.get(text)
  if (there !== undefined) return there
  const made = digestOf(names, header)
  known.set(text, made)
  return made
}

/** The place of a page that depends on these fields. `base` is the common start of all its places. */
export const placeAt = (
  base: string,
  names: ReadonlyArray<string>,
  request: Pick<RequestHead, 'header'>
): string => {
  const variant = variantOf(names, request)
  return variant === '' ? base : `${base}#${variant}`
}
