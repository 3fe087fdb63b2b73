/** A cache of nothing but the rules: a map, a time that is given, and a handler that answers at once. */
import type { Policy } from 'fp-ring'
import * as E from 'fp-ts/Either'

import { ask as askRule, type Seek } from '../../../src/http/core/ask'
import { changedPaths, isChange } from '../../../src/http/core/change'
import { valueOf } from '../../../src/http/core/fields'
import { headOf } from '../../../src/http/core/head'
import { instead as insteadRule } from '../../../src/http/core/instead'
import { type Kept, keptFrom, lasting, type State, stateOf } from '../../../src/http/core/kept'
import type {
  Asked,
  Fate,
  Fields,
  Head,
  RequestHead,
  Site,
  Storage,
  Target
} from '../../../src/http/core/model'
import { type Load, reuse as reuseRule, type Serve, serving } from '../../../src/http/core/reuse'
import { renewed, revalidate } from '../../../src/http/core/revalidate'
import { storing as storingRule } from '../../../src/http/core/storing'
import type { Anything } from '../kit'

export const noon = Date.UTC(2026, 0, 2, 3, 4, 5)
export const plain: Target = { origin: 'https://example.com', path: '/' }
export const site: Site = { origin: undefined, vary: [], obeys: true }
export const storage: Storage = { maxBytes: 1_000_000 }

export type Headers = Readonly<Record<string, string>>

export const request = (headers: Headers = {}, method = 'GET'): RequestHead => {
  const said = new Map(Object.entries(headers))
  return { method, header: (name) => said.get(name) }
}
export const asked = (headers: Headers = {}, method = 'GET', target: Target | undefined = plain): Asked => ({
  ...request(headers, method),
  target
})
export const answer = (fields: Fields = [], status = 200): Head => ({ status, fields })
export const cc = (value: string): Fields => [['cache-control', value]]

/** The rules of which a test may replace one. */
export const rules = { ask: askRule, reuse: reuseRule, instead: insteadRule, storing: storingRule }
export type Rules = typeof rules

/** What a client receives: its body is the number of a run of the handler. */
export interface Received extends Head {
  readonly body: string
  readonly ran: boolean
  readonly fate: Fate
}

export interface Written extends Head {
  readonly body: string
}

export interface Options {
  readonly config?: Partial<Anything>
  readonly rules?: Rules
  /** Whether the handler is asked about old pages by their validators. */
  readonly revalidates?: boolean
  readonly heuristic?: Storage['heuristic']
}

const sent = (serve: Serve, now: number, ran: boolean): Received => ({
  ...headOf(serve, 'sim', now),
  body: serve.body === 'none' ? '' : Buffer.from(serve.kept.page.body).toString(),
  ran,
  fate: serve.fate
})

export const makeCache = ({
  config = {},
  heuristic,
  revalidates = false,
  rules: by = rules
}: Options = {}) => {
  const pages = new Map<string, Kept>()
  const paths = new Map<string, Set<string>>()
  // the cases have no policy that depends on a page
  const policy = (config.policy ?? {}) as Pick<
    Policy.Policy<never>,
    'staleIfError' | 'staleWhileRevalidate'
  > & { readonly ttl?: number }
  const windows = {
    whileRevalidate: Number(policy.staleWhileRevalidate ?? 0),
    ifError: Number(policy.staleIfError?.window ?? 0)
  }
  const place: Site = {
    origin: undefined,
    vary: (config.vary ?? []).map((name) => name.toLowerCase()),
    obeys: config.obeysClients !== false
  }
  const limits: Storage = { ...storage, heuristic }

  const keep = (at: string, path: string, kept: Kept): void => {
    pages.set(at, kept)
    paths.set(path, (paths.get(path) ?? new Set()).add(at))
  }
  const store = (asked: Asked, load: Pick<Load, 'place'>, head: Written, now: number): boolean => {
    const plan = by.storing(asked, head, limits, now)
    if (E.isLeft(plan)) return false
    const body = Buffer.from(head.body)
    const made = keptFrom(asked, head, { body, plan: plan.right, time: now, tags: true })
    const kept = lasting(made, plan.right.lifetime ?? policy.ttl ?? 60_000)
    if (E.isRight(kept)) keep(load.place, asked.target!.path, kept.right)
    return E.isRight(kept)
  }
  const run = (asked: Asked, load: Load, now: number, handle: (conditions: Fields) => Written): Received => {
    const conditions = revalidates && load.old !== undefined ? revalidate(load.old) : []
    const head = handle(conditions)
    const old =
      load.old === undefined
        ? undefined
        : {
            kept: load.old,
            asked: conditions.length > 0,
            allows: () => (load.fallsBack ? windows.ifError : 0)
          }
    const now2 = by.instead(asked, head, old, { now, storage: limits })
    if (now2._tag === 'Old') return sent(serving(asked, now2.kept, now2.fate, now), now, true)
    if (now2._tag === 'Renewed') {
      const { fate, kept, plan } = now2
      if (E.isRight(plan)) {
        const lasts = lasting(kept, plan.right.lifetime ?? policy.ttl ?? 60_000)
        if (E.isRight(lasts)) {
          keep(load.place, asked.target!.path, lasts.right)
          return sent(serving(asked, lasts.right, fate, now), now, true)
        }
      }
      return sent(serving(asked, kept, fate, now), now, true)
    }
    const stored = load.how !== 'pass' && store(asked, load, head, now)
    const fate: Fate = stored ? { ...load.fate, stored } : load.fate
    return now2._tag === 'NotModified'
      ? { status: 304, fields: now2.fields, body: '', ran: true, fate }
      : { ...head, ran: true, fate }
  }

  const visit = (asked: Asked, now: number, handle: (conditions: Fields) => Written): Received => {
    const first = by.ask(asked, place)
    if (first._tag === 'Pass') {
      const head = handle([])
      if (first.changes && asked.target !== undefined && isChange(asked, head))
        for (const path of changedPaths(asked.target, head.fields))
          for (const at of paths.get(path) ?? []) pages.delete(at)
      return { ...head, ran: true, fate: first.fate }
    }
    const look = (seek: Seek): Received => {
      const kept = pages.get(seek.place)
      const state: State | undefined = kept === undefined ? undefined : stateOf(kept, windows, now)
      const next = by.reuse(seek, kept, now, state)
      switch (next._tag) {
        case 'Seek':
          return look(next)
        case 'Nothing':
          return { status: 504, fields: [], body: '', ran: false, fate: next.fate }
        case 'Load':
          return run(asked, next, now, handle)
        case 'Serve': {
          const got = sent(next, now, false)
          if (next.refreshes) store(asked, seek, handle([]), now)
          return got
        }
      }
    }
    return look(first)
  }
  return { visit, pages }
}

export const field = (head: Head, name: string): string | undefined => valueOf(head.fields, name)
export { renewed }
