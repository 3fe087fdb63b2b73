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
import { type Fields, isName, isStorable } from '../core/fields'
import type { Page } from '../model'

const Head = /*#__PURE__*/ t.intersection([
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
    removed: /*#__PURE__*/ t.readonlyArray(t.string)
  })
])
type Head = t.TypeOf<typeof Head>

const json = /*#__PURE__*/ Codec.json(Head)
const newline = 0x0a
const longestHead = 64 * 1024
const mostFields = 256

const isField = (field: ReadonlyArray<string>): field is Fields[number] =>
  field.length === 2 && isStorable([field[0] ?? '', field[1] ?? ''])

/** Checks what the type does not: a stored page must not reach a client with an invalid status or field. */
const isSound = ({ age, headers, lifetime, removed = [], status, time, variant }: Head): boolean =>
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

/** The codec of pages. `maxBytes` is the largest body. */
export const pageCodec = (maxBytes: number): Codec.Codec<Page, Uint8Array> => ({
  encode: ({ age, body, headers, lifetime, removed, status, time, variant }) => {
    const head: Head = {
      v: 1,
      status,
      headers,
      time,
      age,
      variant,
      ...(lifetime === undefined ? {} : { lifetime }),
      ...(removed === undefined ? {} : { removed })
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
  },
  decode: (raw) => {
    const end = raw.subarray(0, longestHead + 1).indexOf(newline)
    if (end === -1) return refused('a page without a head')
    if (raw.length - end - 1 > maxBytes) return refused('a page that is too large')
    return pipe(
      json.decode(raw.subarray(0, end)),
      E.filterOrElse(isSound, () => new DecodeError('a page with a status or a field that none may have')),
      E.map(({ age, headers, lifetime, removed, status, time, variant }) => ({
        status,
        // SAFETY: `isSound` has checked them
        headers: headers as Fields,
        body: raw.subarray(end + 1),
        time,
        age,
        ...(lifetime === undefined ? {} : { lifetime }),
        variant,
        ...(removed === undefined ? {} : { removed })
      }))
    )
  }
})

const secondsFrom = (milliseconds: number): number => Math.floor(milliseconds / 1_000)

/** The age of a page, in seconds. */
export const ageOf = ({ age, time }: Page, now: number): number => secondsFrom(age + Math.max(0, now - time))

/** The remaining lifetime of a page, in seconds; negative if it is stale. */
export const leftOf = ({ lifetime, time }: Page, now: number): number =>
  lifetime === undefined ? Infinity : secondsFrom(lifetime - Math.max(0, now - time))
