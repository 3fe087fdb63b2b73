/**
 * A client of a store whose every call is two steps, which happen when the explorer says so: the call takes effect, and the call
 * answers. A call may break: it fails before it takes effect or after it, or it never answers.
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import { type Duration, RingError, type Store } from '../../src'
import type { Backend, Client } from '../simulation/store'
import type { World } from './explore'

/** What becomes of a call: `undone` and `done` fail, before and after it takes effect; `lost` never takes effect or answers. */
export type Fate = 'well' | 'undone' | 'done' | 'lost'

export interface Line {
  readonly backend: Backend
  /** The name of the process, for the trace. */
  readonly who: string
  readonly deadline: Duration.Duration | undefined
  readonly fate: (operation: Store.Operation, keys: ReadonlyArray<string>) => Fate
  /** A call has been answered. */
  readonly answered?: (operation: Store.Operation, keys: ReadonlyArray<string>) => void
  /** A call has taken effect. */
  readonly took: (operation: Store.Operation, keys: ReadonlyArray<string>) => void
}

export const client = <R>(
  world: World,
  { answered, backend, deadline, fate, took, who }: Line
): Client<R> => {
  const ask =
    <A>(
      operation: Store.Operation,
      keys: ReadonlyArray<string>,
      effect: () => A
    ): TaskEither<RingError.StoreError, A> =>
    () =>
      new Promise((resolve) => {
        const how = fate(operation, keys)
        const what = `${who}: ${operation} ${keys.join()}`
        if (how === 'lost') return world.log(`${what} is lost`)
        const happen = (): E.Either<RingError.StoreError, A> => {
          const failure = E.left(RingError.storeFailed(operation)('connection reset'))
          if (how === 'undone') return failure
          const answer = effect()
          took(operation, keys)
          return how === 'done' ? failure : E.right(answer)
        }
        const step = (): void => {
          const answer = happen()
          const shown = E.isLeft(answer) ? `fails (${how})` : shownOf(answer.right)
          world.log(`  ${shown}`)
          // no caller waits for it
          if (operation === 'release') resolve(answer)
          else
            world.offer([
              [
                `${what} answers`,
                () => {
                  answered?.(operation, keys)
                  resolve(answer)
                }
              ]
            ])
        }
        world.offer([[what, step]])
      })

  const read = (key: string): O.Option<Store.Entry<R>> => backend.read(key) as O.Option<Store.Entry<R>> // SAFETY: what the clients of this store write
  const valueOf = O.map(({ value }: Store.Entry<R>) => value)
  return {
    backend: {},
    ...(deadline === undefined ? {} : { deadline }),
    get: (key) => ask('get', [key], () => valueOf(read(key))),
    read: (key) => ask('read', [key], () => read(key)),
    set: (key, value, ttl) => ask('set', [key], () => backend.set(key, value, ttl)),
    delete: (key) => ask('delete', [key], () => backend.delete(key)),
    has: (key) => ask('has', [key], () => O.isSome(read(key))),
    touch: (key, ttl) => ask('touch', [key], () => backend.touch(key, ttl)),
    getMany: (keys) => ask('getMany', keys, () => keys.map((key) => valueOf(read(key)))),
    readMany: (keys) => ask('readMany', keys, () => keys.map(read)),
    setMany: (entries) =>
      ask(
        'setMany',
        entries.map(([key]) => key),
        () => entries.forEach(([key, value, ttl]) => backend.set(key, value, ttl))
      ),
    deleteMany: (keys) => ask('deleteMany', keys, () => keys.forEach((key) => backend.delete(key))),
    hasMany: (keys) => ask('hasMany', keys, () => keys.map((key) => O.isSome(read(key)))),
    touchMany: (entries) =>
      ask(
        'touchMany',
        entries.map(([key]) => key),
        () => entries.map(([key, ttl]) => backend.touch(key, ttl))
      ),
    clear: (prefix) => ask('clear', [prefix], () => backend.clear(prefix)),
    leases: {
      acquire: (key, token, ttl, beyond) =>
        ask('acquire', [key], () => backend.acquire(key, token, ttl, beyond) as Store.Acquired<R>), // SAFETY: as in `read`
      seize: (key, token, ttl) => ask('seize', [key], () => backend.seize(key, token, ttl)),
      renew: (key, token, ttl) => ask('renew', [key], () => backend.renew(key, token, ttl)),
      release: (key, token) => ask('release', [key], () => backend.release(key, token)),
      commit: (key, token, value, ttl) => ask('commit', [key], () => backend.commit(key, token, value, ttl)),
      override: (entries) =>
        ask(
          'override',
          entries.map(([key]) => key),
          () => entries.forEach(([key, value, ttl]) => backend.override(key, value, ttl))
        )
    }
  }
}

/** An answer in a trace. */
const shownOf = (answer: unknown): string => {
  if (typeof answer === 'boolean' || typeof answer === 'string') return String(answer)
  if (Array.isArray(answer)) return answer.map(shownOf).join()
  if (typeof answer !== 'object' || answer === null) return 'done'
  const it = answer as { readonly _tag?: string; readonly value?: unknown; readonly entry?: unknown }
  return (
    [it._tag, ...(it.value === undefined ? [] : [shownOf(it.value)])].filter(Boolean).join(' ') || 'object'
  )
}
