/**
 * The answer of a handler that is passed on: only its head is looked at, where it is written last.
 *
 * @internal
 */
import type { Passed } from '../cache/model'
import { cacheStatus, withStatus } from '../core/fate'
import { valueOf } from '../core/fields'
import { headOf, type Outgoing, writtenIn } from './outgoing'

/**
 * Every head passes through `writeHead`, once. Hooks of those who come later run first, and those of earlier ones
 * afterwards.
 */
export const passThrough = (response: Outgoing, { fate, seen }: Passed, cache: string | undefined): void => {
  if (cache === undefined && seen === undefined) return
  // SAFETY: it is called with this response, and with the arguments that it was given
  const writeHead = response.writeHead as (...args: ReadonlyArray<unknown>) => unknown
  let isPassed = false
  Reflect.set(response, 'writeHead', (...args: ReadonlyArray<unknown>): unknown => {
    const written = isPassed ? undefined : writtenIn(response, args)
    if (written === undefined) return Reflect.apply(writeHead, response, args)
    const { fields, line } = written
    for (const [name, value] of fields) response.setHeader(name, value)
    response.statusCode = line[0]
    const head = headOf(response)
    seen?.(head)
    const said =
      cache === undefined
        ? undefined
        : valueOf(withStatus(head.fields, cacheStatus(cache, fate)), 'cache-status')
    if (said !== undefined) response.setHeader('cache-status', said)
    isPassed = true
    return Reflect.apply(writeHead, response, line)
  })
}
