/**
 * The fields that were set on a response before the cache, and the fields of an answer that belong to the page.
 *
 * @internal
 */
import type { Fields } from '../core/fields'
import { isMixed, ownFields, removedNames } from '../core/own'
import { type Outgoing, pairs, watchHead } from './outgoing'

/** The fields of a response that were there before the handler. */
export interface Earlier {
  /** The fields of the page: those that were not there before, or that were set again. */
  readonly own: (fields: Fields) => Fields
  /** Whether the handler has added to an earlier field. */
  readonly mixed: (fields: Fields) => boolean
  /** The names of earlier fields that have been removed since. */
  readonly removed: (fields: Fields) => ReadonlyArray<string>
  /** Sets a field that was passed to `writeHead`. */
  readonly set: (name: string, value: string | ReadonlyArray<string>) => void
  /** Restores the earlier fields of the response. */
  readonly restore: () => void
}

type Given = ReturnType<Outgoing['getHeaders']>

/** Fields whose lists are copied: a response adds to them as they are. */
const copied = (fields: Given): Given =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'object' ? value.map((one: string) => one) : value
    ])
  )

/**
 * `kept` are fields that a framework has not set on the response yet. While `isClosed`, no field can be changed.
 */
export const makeEarlier = (
  response: Outgoing,
  kept: Parameters<typeof pairs>[0],
  isClosed: () => boolean
): Earlier => {
  const first = copied({ ...response.getHeaders(), ...kept })
  const before = pairs(first)
  const repeated = new Set<string>()
  const { setHeader } = response
  /**
   * A framework that keeps its own fields sets all of them with its answer, including those from before the cache. It
   * passes them to `writeHead`, or sets them one by one before a stream. So an equal value is not the handler's.
   */
  const repeat = (name: string): void => {
    if (!Object.hasOwn(kept, name)) repeated.add(name)
  }
  watchHead(response, isClosed, repeat)
  return {
    own: (fields) => ownFields(before, repeated, fields),
    mixed: (fields) => isMixed(before, repeated, fields),
    removed: (fields) => removedNames(before, fields),
    set: (given, value) => {
      setHeader.call(response, given, value)
      repeat(given.toLowerCase())
    },
    restore: () => {
      for (const name of Object.keys(response.getHeaders())) response.removeHeader(name)
      for (const [name, value] of Object.entries(first))
        if (value !== undefined) response.setHeader(name, typeof value === 'number' ? String(value) : value)
    }
  }
}
