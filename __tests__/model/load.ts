/**
 * Loads the sources with a fault planted in one of them. Every call makes modules of its own, so that nothing is shared with the
 * library that the other tests use.
 */
import { jest } from '@jest/globals'
import { transformSync } from '@swc/core'

import { importedBy, textOf } from '../modules'
import type { Subject } from './stage'

/** A text of a module is replaced; it must be there once. */
export interface Fault {
  readonly module: string
  readonly from: string
  readonly to: string
}

type Exports = Record<string, any>

const compiled = new Map<string, string>()

/** The module as a script of CommonJS. */
const compile = (text: string): string => {
  const known = compiled.get(text)
  if (known !== undefined) return known
  const { code } = transformSync(text, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' }
  })
  compiled.set(text, code)
  return code
}

/** How often a text contains another. */
const count = (text: string, part: string): number => text.split(part).length - 1

/** Where a module is: in `src/engine`, if no other folder is named. */
const placeOf = (module: string): string => `src/${module.includes('/') ? '' : 'engine/'}${module}`

/** The text of a module with a fault in it. */
const planted = (module: string, { from, module: place, to }: Fault): string => {
  const text = textOf(module)
  if (module !== placeOf(place)) return text
  const found = count(text, from)
  if (found !== 1) throw new Error(`${module} contains this ${found} times, not once: ${from}`)
  return text.replace(from, () => to)
}

/** The library with a fault, or, without one, as it is. */
export const subjectWith = (fault?: Fault): Subject => {
  const modules = new Map<string, Exports>()
  let size: (() => number) | undefined
  let isPlanted = fault === undefined
  const load = (name: string): Exports => {
    const known = modules.get(name)
    if (known !== undefined) return known
    const module = { exports: {} as Exports }
    modules.set(name, module.exports)
    const text = fault === undefined ? textOf(name) : planted(name, fault)
    isPlanted ||= name === placeOf(fault?.module ?? '')
    const own = (specifier: string): unknown =>
      specifier.startsWith('.') ? load(importedBy(name, specifier)) : jest.requireActual(specifier)
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a module of the sources
    new Function('require', 'module', 'exports', compile(text))(own, module, module.exports)
    return watched(name, module.exports)
  }
  /** The module of flights, whose size is kept. */
  const watched = (name: string, exports: Exports): Exports => {
    const its =
      name === 'src/engine/flights.ts'
        ? {
            ...exports,
            makeFlights: (...args: ReadonlyArray<unknown>) => {
              const flights = exports['makeFlights'](...args)
              size = flights.size
              return flights
            }
          }
        : exports
    modules.set(name, its)
    return its
  }
  const lib = load('src/index.ts') as Subject['lib'] // SAFETY: that is its module
  if (!isPlanted) throw new Error(`there is no module ${placeOf(fault?.module ?? '')}`)
  return {
    lib,
    watching: (make) => {
      const made = make()
      if (size === undefined) throw new Error('a ring has no flights')
      return [made, size]
    }
  }
}
