/** The choices of the engine, over all of their inputs. */
import { describe, expect, it } from '@jest/globals'

import {
  type Doing,
  failedRead,
  type Found,
  onArrival,
  onClaim,
  onFound,
  onJoined,
  onPrepared,
  onRan,
  onWritten,
  type Read
} from '../../src/engine/next'

const both = [false, true] as const

describe('failedRead', () => {
  it.each([
    [true, true, 'invalid'],
    [true, false, 'invalid'],
    [false, true, 'refused'],
    [false, false, 'failed']
  ] as const)('invalid: %s, strict: %s: %s', (invalid, strict, then) =>
    expect(failedRead(invalid, strict)).toBe(then)
  )
})

describe('onArrival', () => {
  it.each<readonly [Doing, boolean, ReturnType<typeof onArrival>]>([
    ['none', false, 'Hold'],
    ['none', true, 'Hold'],
    ['reading', false, 'Join'],
    ['reading', true, 'Watch'],
    ['loading', false, 'Join'],
    ['loading', true, 'Join'],
    ['updating', false, 'Watch'],
    ['updating', true, 'Watch']
  ])('%s, leased: %s: %s', (under, leased, then) => expect(onArrival(under, leased)).toBe(then))
})

describe('onFound', () => {
  type Other = 'none' | 'reading' | 'loading'

  /** By what another flight does: free, free and overtaken, throttled, throttled and overtaken. */
  type Row = Readonly<Record<Other, readonly [Found, Found, Found, Found]>>

  const always = (found: Found): Row[Other] => [found, found, found, found]
  const table: Readonly<Record<Read, Row>> = {
    fresh: { none: always('Serve'), reading: always('Serve'), loading: always('Serve') },
    due: {
      none: ['ServeAndRefresh', 'ServeAndRefresh', 'Serve', 'Serve'],
      reading: ['ServeAndRefresh', 'ServeAndRefresh', 'Serve', 'Serve'],
      loading: always('Serve')
    },
    stale: {
      none: ['ServeAndRefresh', 'ServeAndRefresh', 'Serve', 'Serve'],
      reading: ['ServeAndRefresh', 'ServeAndRefresh', 'Serve', 'Serve'],
      loading: always('Serve')
    },
    expired: {
      none: ['Load', 'LookAgain', 'Serve', 'Serve'],
      reading: ['Join', 'Join', 'Serve', 'Serve'],
      loading: always('Join')
    },
    missing: { none: always('Load'), reading: always('Join'), loading: always('Join') },
    invalid: { none: always('Load'), reading: always('Join'), loading: always('Join') },
    failed: { none: always('LoadBlind'), reading: always('Join'), loading: always('Join') },
    refused: { none: always('Fail'), reading: always('Fail'), loading: always('Fail') }
  }
  for (const [found, row] of Object.entries(table) as ReadonlyArray<[Read, Row]>)
    for (const [other, words] of Object.entries(row) as ReadonlyArray<[Other, Row[Other]]>)
      it(`${found}, while another flight does: ${other}`, () => {
        const chosen = both.flatMap((throttled) =>
          [true, false].map((intact) => onFound(found, other, throttled, intact))
        )
        expect(chosen).toEqual(words)
      })
})

it('onClaim', () => {
  const table = (['Held', 'Unheld', 'Served', 'Left'] as const).map((claimed) =>
    both.map((seen) => onClaim(claimed, seen))
  )
  expect(table).toEqual([
    ['Run', 'Run'],
    ['Run', 'Run'],
    ['Answer', 'Answer'],
    ['Run', 'Answer']
  ])
})

it('onRan', () => {
  expect(both.map((worth) => both.map((mine) => onRan(worth, mine)))).toEqual([
    ['LetGo', 'LetGo'],
    ['Discard', 'Keep']
  ])
})

it('onPrepared', () => {
  const table = both.map((able) =>
    both.map((lives) => both.map((updates) => onPrepared(able, lives, updates)))
  )
  expect(table).toEqual([
    [
      ['Discard', 'Discard'],
      ['Discard', 'Discard']
    ],
    [
      ['Skip', 'Remove'],
      ['Write', 'Write']
    ]
  ])
})

it('onWritten', () => {
  const table = (['done', 'failed', 'lost', 'refused'] as const).map((outcome) =>
    both.map((updates) => both.map((superseded) => onWritten(outcome, updates, superseded)))
  )
  expect(table).toEqual([
    [
      ['Stored', 'Stored'],
      ['Stored', 'Stored']
    ],
    [
      ['Faulted', 'Faulted'],
      ['Faulted', 'Faulted']
    ],
    [
      ['Discarded', 'Discarded'],
      ['RemoveOlder', 'RemoveOlder']
    ],
    [
      ['Discarded', 'Discarded'],
      ['RemoveAll', 'AwaitSuccessor']
    ]
  ])
})

it('onJoined', () => {
  const table = both.map((late) => both.map((old) => both.map((spoiled) => onJoined(late, old, spoiled))))
  expect(table).toEqual([
    [
      ['Take', 'RunOwn'],
      ['Take', 'RunOwn']
    ],
    [
      ['Take', 'RunOwn'],
      ['LookAgain', 'RunOwn']
    ]
  ])
})
