/**
 * Looks at the flights of rings, which nobody can see from outside: which hold a key, and since when. A test file imports
 * this module before any other, as it takes the place of a module of the sources.
 */
import { jest } from '@jest/globals'

import type * as flight from '../../src/engine/flight'
import type * as flights from '../../src/engine/flights'

type FlightOf<A> = flight.Flight<A>
type Flight = FlightOf<unknown>

export interface Watch {
  /** How many keys something is going on with. */
  size: () => number
  readonly held: (key: string) => ReadonlyArray<{ readonly flight: Flight; readonly tick: number }>
}

/** The place in the order of the run, while there is one. */
let tick = (): number => 0

export const ticking = (its: () => number): void => {
  tick = its
}

let begin: { readonly since: (key: string) => number; readonly tell: (watch: Watch) => void } | undefined

/** Runs what makes a ring, and gives what looks at its flights. `since`: what a flight that begins now began with. */
export const watching = <A>(since: (key: string) => number, make: () => A): readonly [A, Watch] => {
  let seen: Watch | undefined
  begin = {
    since,
    tell: (watch) => {
      seen = watch
    }
  }
  try {
    const made = make()
    if (seen === undefined) throw new Error('flights.ts is to be imported first')
    return [made, seen]
  } finally {
    begin = undefined
  }
}

/** A flight need not hold its key from its beginning. */
const births = new WeakMap<object, number>()

/** The modules, with their flights watched. */
const born = (real: typeof flight): typeof flight => ({
  ...real,
  newFlight: <A>(...args: Parameters<typeof real.newFlight>): FlightOf<A> => {
    const flight = real.newFlight<A>(...args)
    births.set(flight, tick())
    return flight
  }
})

const watched = (real: typeof flights): typeof flights => ({
  ...real,
  makeFlights: <A>(...args: Parameters<typeof real.makeFlights>): flights.Flights<A> => {
    const made = real.makeFlights<A>(...args)
    if (begin === undefined) return made
    const { since, tell } = begin
    const all = new Map<string, Map<Flight, number>>()
    tell({
      size: made.size,
      held: (key) =>
        [...(all.get(key) ?? [])].flatMap(([flight, tick]) =>
          // one that was released has no ticket
          flight.ticket === 0 ? [] : [{ flight, tick }]
        )
    })
    return {
      ...made,
      hold: (flight: FlightOf<A>) => {
        made.hold(flight)
        const { key } = flight
        const there = all.get(key) ?? new Map<Flight, number>()
        all.set(key, there)
        // SAFETY: only what does not depend on the type of its answer is looked at
        const it: Flight = flight
        if (!there.has(it)) there.set(it, Math.min(births.get(it) ?? Infinity, since(key)))
        for (const [old] of there) if (old.ticket === 0) there.delete(old)
      }
    }
  }
})

jest.mock('../../src/engine/flight', () => born(jest.requireActual('../../src/engine/flight')))
jest.mock('../../src/engine/flights', () => watched(jest.requireActual('../../src/engine/flights')))
