/**
 * A stored page, and its bytes: a line of JSON, then the body.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'

import * as Codec from '../Codec'
import type { Page } from '../http/model'
import { DecodeError, EncodeError } from '../RingError'
import { type Fields, isStorable } from './httpFields'

const Head = /*#__PURE__*/ t.intersection([
  /*#__PURE__*/ t.type({
    v: /*#__PURE__*/ t.literal(1),
    status: t.number,
    headers: /*#__PURE__*/ t.readonlyArray(/*#__PURE__*/ t.readonlyArray(t.string)),
    time: t.number,
    age: t.number,
    variant: t.string
  }),
  /*#__PURE__*/ t.partial({ lifetime: t.number })
])
type Head = t.TypeOf<typeof Head>

const json = /*#__PURE__*/ Codec.json(Head)
const newline = 0x0a
const longestHead = 64 * 1024
const mostFields = 256

const isField = (field: ReadonlyArray<string>): field is Fields[number] =>
  field.length === 2 && isStorable([field[0] ?? '', field[1] ?? ''])

/** What the type does not say: nothing here may reach a client as more than it is. */
const isSound = ({ age, headers, lifetime, status, time, variant }: Head): boolean =>
  Number.isInteger(status) &&
  status >= 200 &&
  status <= 599 &&
  headers.length <= mostFields &&
  headers.every(isField) &&
  Number.isFinite(time) &&
  Math.abs(time) <= 8.64e15 &&
  Number.isFinite(age) &&
  age >= 0 &&
  (lifetime === undefined || Number.isFinite(lifetime)) &&
  variant.length <= 64

const refused = (what: string): E.Either<DecodeError, never> => E.left(new DecodeError(what))

/**
 * The codec of pages. `maxBytes` is the largest body.
 *
 * @internal
 */
export const pageCodec = (maxBytes: number): Codec.Codec<Page, Uint8Array> => ({
  encode: ({ age, body, headers, lifetime, status, time, variant }) => {
    const head: Head = {
      v: 1,
      status,
      headers,
      time,
      age,
      variant,
      ...(lifetime === undefined ? {} : { lifetime })
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
          E.map((line) => Buffer.concat([line, Uint8Array.of(newline), body]))
        )
  },
  decode: (raw) => {
    const end = raw.subarray(0, longestHead + 1).indexOf(newline)
    if (end === -1) return refused('a page without a head')
    if (raw.length - end - 1 > maxBytes) return refused('a page that is too large')
    return pipe(
      json.decode(raw.subarray(0, end)),
      E.filterOrElse(isSound, () => new DecodeError('a page with a status or a field that none may have')),
      E.map(({ age, headers, lifetime, status, time, variant }) => ({
        status,
        // the proof: they have been looked at
        headers: headers as Fields,
        body: raw.subarray(end + 1),
        time,
        age,
        ...(lifetime === undefined ? {} : { lifetime }),
        variant
      }))
    )
  }
})

const secondsFrom = (milliseconds: number): number => Math.floor(milliseconds / 1_000)

/**
 * How old a page is, in seconds.
 *
 * @internal
 */
export const ageOf = ({ age, time }: Page, now: number): number => secondsFrom(age + Math.max(0, now - time))

/**
 * What is left of its lifetime, in seconds; less than nothing for one that is stale.
 *
 * @internal
 */
export const leftOf = ({ lifetime, time }: Page, now: number): number =>
  lifetime === undefined ? Infinity : secondsFrom(lifetime - Math.max(0, now - time))
