/**
 * The drivers of SQLite that are here. `@photostructure/sqlite` always is: it is `node:sqlite` for every Node, and comes
 * with its binaries. `node:sqlite` is in Node 22.5 and later. better-sqlite3 may need a compiler, so nothing here asks for
 * it to be installed: `npm install --no-save better-sqlite3`.
 */
import { createRequire } from 'node:module'

import type { SqliteDatabase } from '../../../src/stores/sqlite/model'

/** What the tests ask of each of them. */
export interface Connection extends SqliteDatabase {
  readonly prepare: (sql: string) => {
    readonly get: (...values: Array<string | number | Uint8Array | null>) => unknown
    readonly run: (...values: Array<string | number | Uint8Array | null>) => unknown
  }
  readonly close: () => unknown
}

export type Open = (file: string, options?: { readonly readOnly?: boolean }) => Connection

type Constructor = new (file: string, options: object) => Connection

const load = createRequire(__filename)

/** `undefined` where there is no such module. */
const loaded = (name: string): unknown => {
  try {
    return load(name)
  } catch {
    return undefined
  }
}

/** `node:sqlite`, or what is made after it. */
const synchronous = (module: unknown): Open | undefined => {
  // SAFETY: what both modules export
  const found = module as { readonly DatabaseSync: Constructor } | undefined
  return found === undefined ? undefined : (file, options = {}) => new found.DatabaseSync(file, options)
}

const better = (module: unknown): Open | undefined => {
  // SAFETY: what it exports
  const Database = module as Constructor | undefined
  if (Database === undefined) return undefined
  try {
    new Database(':memory:', {}).close()
  } catch {
    return undefined // it was built for another version of Node
  }
  return (file, { readOnly = false } = {}) => new Database(file, { readonly: readOnly })
}

const all: Readonly<Record<string, Open | undefined>> = {
  '@photostructure/sqlite': synchronous(loaded('@photostructure/sqlite')),
  'node:sqlite': synchronous(loaded('node:sqlite')),
  'better-sqlite3': better(loaded('better-sqlite3'))
}

export const drivers: ReadonlyMap<string, Open> = new Map(
  Object.entries(all).flatMap(([name, open]) => (open === undefined ? [] : [[name, open] as const]))
)

export const openWith = (
  driver: string,
  file: string,
  options?: { readonly readOnly?: boolean }
): Connection => {
  const open = drivers.get(driver)
  if (open === undefined) throw new Error(`${driver} is not installed`)
  return open(file, options)
}
