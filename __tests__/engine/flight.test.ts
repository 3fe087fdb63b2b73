import { describe, expect, it } from '@jest/globals'

import {
  ages,
  blinds,
  claims,
  ends,
  fails,
  type Flight,
  hasRun,
  isLoading,
  newFlight,
  type Phase,
  runs,
  serves,
  settles,
  share
} from '../../src/engine/flight'
import { KeyError } from '../../src/RingError'

const steps: Readonly<Record<'claims' | 'runs' | 'settles' | 'ends', (flight: Flight<string>) => void>> = {
  claims,
  runs: (flight) => runs(flight, 1, 0, false),
  settles: (flight) => settles(flight, 'value'),
  ends
}

/** The step that leads to each phase, after the steps before it. */
const ways: Readonly<Record<Phase, ReadonlyArray<keyof typeof steps>>> = {
  reading: [],
  claiming: ['claims'],
  running: ['claims', 'runs'],
  settling: ['claims', 'runs', 'settles'],
  over: ['ends']
}

const at = (phase: Phase): Flight<string> => {
  const flight = newFlight<string>('key', true, 0)
  for (const step of ways[phase]) steps[step](flight)
  expect(flight.phase).toBe(phase)
  return flight
}

/** What each step makes of each phase; a step that is not here is a defect. */
const next: Readonly<Record<Phase, Partial<Record<keyof typeof steps, Phase>>>> = {
  reading: { claims: 'claiming', ends: 'over' },
  claiming: { claims: 'claiming', runs: 'running', ends: 'over' },
  running: { settles: 'settling', ends: 'over' },
  settling: { ends: 'over' },
  over: { claims: 'claiming', runs: 'over', settles: 'over', ends: 'over' }
}

describe('a flight', () => {
  for (const phase of Object.keys(ways) as ReadonlyArray<Phase>)
    for (const step of Object.keys(steps) as ReadonlyArray<keyof typeof steps>) {
      const then = next[phase][step]
      it(`that is ${phase}: ${step} ${then === undefined ? 'is a defect' : `makes it ${then}`}`, () => {
        const flight = at(phase)
        if (then === undefined) expect(() => steps[step](flight)).toThrow(`a flight that is ${phase} is not`)
        else {
          steps[step](flight)
          expect(flight.phase).toBe(then)
        }
      })
    }

  it('is past its read in every phase but the first, and has run once its function has answered', () => {
    const phases = Object.keys(ways) as ReadonlyArray<Phase>
    expect(phases.filter((phase) => isLoading(at(phase)))).toEqual([
      'claiming',
      'running',
      'settling',
      'over'
    ])
    expect(phases.filter((phase) => hasRun(at(phase)))).toEqual(['settling'])
    const ended = at('settling')
    ends(ended)
    expect(hasRun(ended)).toBe(true)
    const thrown = at('running')
    settles(thrown, undefined)
    ends(thrown)
    expect(hasRun(thrown)).toBe(true)
  })

  it('keeps its marks, and the first fault', () => {
    const flight = at('running')
    const first = new KeyError('first')
    share(flight)
    ages(flight)
    blinds(flight)
    fails(flight, first)
    fails(flight, new KeyError('second'))
    serves(flight, 'Stale')
    ends(flight)
    expect(flight).toMatchObject({ shared: true, old: true, blind: true, served: 'Stale' })
    expect(flight.fault).toBe(first)
  })

  it('can be written by nobody else', () => {
    const flight = at('reading')
    // @ts-expect-error -- readonly
    flight.phase = 'over'
    // @ts-expect-error -- readonly
    flight.old = true
    // @ts-expect-error -- readonly
    flight.answer = Promise.resolve('value')
  })
})
