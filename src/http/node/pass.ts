/**
 * The answer of a handler that is passed on: only its head is looked at, where it is written last.
 *
 * @internal
 */
import type { Passed } from '../cache/model'
import { cacheStatus, withStatus } from '../core/fate'
import { valueOf } from '../core/fields'
import { given, headOf, isHead, isInterim, isUneven, type Outgoing } from './outgoing'

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
    const [status, second, third] = args
    const reason = typeof second === 'string' ? second : undefined
    const fields = reason === undefined ? third ?? second : third
    // an invalid head is refused as without the cache, and interim answers are not final
    if (isPassed || isInterim(status) || !isHead(response, status, reason) || isUneven(fields))
      return Reflect.apply(writeHead, response, args)
    for (const [name, value] of given(fields)) response.setHeader(name, value)
    response.statusCode = Number(status) | 0
    const head = headOf(response)
    seen?.(head)
    const said =
      cache === undefined
        ? undefined
        : valueOf(withStatus(head.fields, cacheStatus(cache, fate)), 'cache-status')
    if (said !== undefined) response.setHeader('cache-status', said)
    isPassed = true
    return Reflect.apply(
      writeHead,
      response,
      reason === undefined ? [response.statusCode] : [response.statusCode, reason]
    )
  })
}
