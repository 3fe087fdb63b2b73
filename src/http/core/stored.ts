/**
 * A stored page as bytes: a line of JSON, then the body.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'

import { concatenated } from '../../base/bytes'
import * as Codec from '../../Codec'
import { DecodeError, EncodeError } from '../../RingError'
import type { Page } from '../model'
import { isName, isStorable } from './fields'
import { type Kept, keptOf } from './kept'
import type { Fields } from './model'

const StoredHead = /*#__PURE__*/ t.intersection([
  /*#__PURE__*/ t.type({
    v: /*#__PURE__*/ t.literal(1),
    status: t.number,
    headers: /*#__PURE__*/ t.readonlyArray(/*#__PURE__*/ t.readonlyArray(t.string)),
    time: t.number,
    age: t.number,
    variant: t.string
  }),
  /*#__PURE__*/ t.partial({
    lifetime: t.number,
    removed: /*#__PURE__*/ t.readonlyArray(t.string),
    // whether the cache has made the ETag; entries without it were written by a cache that did not say so
    tagged: /*#__PURE__*/ t.literal(true)
  })
])
type StoredHead = t.TypeOf<typeof StoredHead>

const json = /*#__PURE__*/ Codec.json(StoredHead)
const newline = 0x0a
const longestHead = 64 * 1024
const mostFields = 256

const isField = (field: ReadonlyArray<string>): field is Fields[number] =>
  field.length === 2 && isStorable([field[0] ?? '', field[1] ?? ''])

/** Checks what the type does not: a stored page must not reach a client with an invalid status or field. */
const isSound = ({ age, headers, lifetime, removed = [], status, time, variant }: StoredHead): boolean =>
  Number.isInteger(status) &&
  status >= 200 &&
  status <= 599 &&
  headers.length <= mostFields &&
  headers.every(isField) &&
  removed.length <= mostFields &&
  removed.every(isName) &&
  Number.isFinite(time) &&
  Math.abs(time) <= 8.64e15 &&
  Number.isFinite(age) &&
  age >= 0 &&
  (lifetime === undefined || Number.isFinite(lifetime)) &&
  variant.length <= 64

const refused = (what: string): E.Either<DecodeError, never> => E.left(new DecodeError(what))

const encodePage = (page: Page, tagged: boolean, maxBytes: number): E.Either<EncodeError, Uint8Array> => {
  const { age, body, headers, lifetime, removed, status, time, variant } = page
  const head: StoredHead = {
    v: 1,
    status,
    headers,
    time,
    age,
    variant,
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(removed === undefined ? {} : { removed }),
    ...(tagged ? { tagged } : {})
  }
  return !isSound(head)
    ? E.left(new EncodeError('a page with a status or a field that none may have'))
    : body.length > maxBytes
    ? E.left(new EncodeError('a page that is too large'))
    : pipe(
        json.encode(head),
        E.filterOrElse(
          (line) => line.length <= longestHead,
          () => new EncodeError('the fields of a page are too large')
        ),
        E.map((line) => concatenated([line, Uint8Array.of(newline), body]))
      )
}

const pageOf = (head: StoredHead, body: Uint8Array): Page => {
  const { age, headers, lifetime, removed, status, time, variant } = head
  return {
    status,
    // SAFETY: `isSound` has checked them
    headers: headers as Fields,
    body,
    time,
    age,
    ...(lifetime === undefined ? {} : { lifetime }),
    variant,
    ...(removed === undefined ? {} : { removed })
  }
}

const decodePage = <A>(
  raw: Uint8Array,
  maxBytes: number,
  made: (page: Page, tagged: boolean) => A
): E.Either<DecodeError, A> => {
  const end = raw.subarray(0, longestHead + 1).indexOf(newline)
  if (end === -1) return refused('a page without a head')
  if (raw.length - end - 1 > maxBytes) return refused('a page that is too large')
  return pipe(
    json.decode(raw.subarray(0, end)),
    E.filterOrElse(isSound, () => new DecodeError('a page with a status or a field that none may have')),
    E.map((head) => made(pageOf(head, raw.subarray(end + 1)), head.tagged === true))
  )
}

/** The codec of pages. `maxBytes` is the largest body. */
export const pageCodec = (maxBytes: number): Codec.Codec<Page, Uint8Array> => ({
  encode: (page) => encodePage(page, false, maxBytes),
  decode: (raw) => decodePage(raw, maxBytes, (page) => page)
})

/** The codec of pages with what follows from them. It reads what `pageCodec` writes, and the other way round. */
export const keptCodec = (maxBytes: number): Codec.Codec<Kept, Uint8Array> => ({
  encode: ({ page, tagged }) => encodePage(page, tagged, maxBytes),
  decode: (raw) => decodePage(raw, maxBytes, keptOf)
})
