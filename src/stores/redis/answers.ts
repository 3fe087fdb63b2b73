/**
 * How the Redis stores decode answers.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'

import { forever, milliseconds } from '../../Duration'
import { none } from '../kit/answers'
import type { Entry } from '../model'
import { own, ownAll } from './connection'

export const toOption = (answer: Uint8Array | null): O.Option<Uint8Array> =>
  answer === null ? none : { _tag: 'Some', value: own(answer) }

export const toOptions = (answers: ReadonlyArray<Uint8Array | null>): ReadonlyArray<O.Option<Uint8Array>> =>
  ownAll(answers).map((value) => (value === null ? none : { _tag: 'Some', value }))

/** An entry from a value and its `PTTL`, where -1 means 'never expires'. */
export const toEntry = (value: unknown, pttl: unknown): O.Option<Entry<Uint8Array>> =>
  value instanceof Uint8Array && typeof pttl === 'number'
    ? { _tag: 'Some', value: { value: own(value), remaining: pttl < 0 ? forever : milliseconds(pttl) } }
    : none

/** The entries from a script's answer, which has a value and its `PTTL` for each key. */
export const toEntries = (answers: ReadonlyArray<unknown>): ReadonlyArray<O.Option<Entry<Uint8Array>>> =>
  Array.from({ length: answers.length / 2 }, (_, i) => toEntry(answers[2 * i], answers[2 * i + 1]))

export const isOne = (answer: unknown): boolean => answer === 1
