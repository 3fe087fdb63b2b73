/**
 * A memcached of this process, as far as the store needs one: items with unique numbers, and `mg`, `ms`, `md`. Between
 * two commands whatever the test likes may happen. It may be broken on purpose.
 */
import type { MemcachedReply, MemcachedRequest, MemcachedServer } from '../../../src/stores/memcached'

interface Item {
  readonly value: Uint8Array
  readonly flags: string
  readonly unique: number
}

/** A server as one program sees it. */
export interface View extends MemcachedServer {
  /** When the last of this program's commands was run, in the order of all. */
  readonly last: () => number
  /** When this program took the lease that it took last. */
  readonly took: () => number
}

export interface Model {
  readonly items: Map<string, Item>
  readonly view: () => View
}

const argument = (request: MemcachedRequest, letter: string): string | undefined =>
  (request.flags ?? '')
    .split(' ')
    .find((flag) => flag.startsWith(letter))
    ?.slice(1)

const isLease = ({ key }: MemcachedRequest): boolean => String(key).startsWith('%lease:')

const reply = (status: string, flags = '', value?: Uint8Array): MemcachedReply => ({ status, flags, value })

/** Runs one command at once. */
const run = (items: Map<string, Item>, next: () => number, request: MemcachedRequest): MemcachedReply => {
  const key = String(request.key)
  const item = items.get(key)
  const condition = argument(request, 'C')
  const returned = (found: Item): string =>
    (request.flags ?? '')
      .split(' ')
      .flatMap((flag) =>
        flag === 'c'
          ? [`c${String(found.unique)}`]
          : flag === 'f'
          ? [`f${found.flags}`]
          : flag === 't'
          ? ['t-1']
          : []
      )
      .join(' ')
  if (request.command === 'mg') {
    if (item === undefined) return reply('EN')
    return argument(request, 'v') === undefined
      ? reply('HD', returned(item))
      : reply('VA', returned(item), item.value)
  }
  if (condition !== undefined && item === undefined) return reply('NF')
  if (condition !== undefined && item !== undefined && condition !== String(item.unique)) return reply('EX')
  if (request.command === 'md') return reply(items.delete(key) ? 'HD' : 'NF')
  if (argument(request, 'M') === 'E' && item !== undefined) return reply('NS', 'c0')
  const stored: Item = {
    value: new Uint8Array(request.value ?? []),
    flags: argument(request, 'F') ?? '0',
    unique: next()
  }
  items.set(key, stored)
  return reply('HD', returned(stored))
}

/**
 * What of the protocol of leases is left out, to see that its absence is noticed:
 * `condition` a commit writes whatever has happened to the entry;
 * `placeholder` a commit puts nothing where there is no entry;
 * `block` an override removes the lease where it should block it;
 * `again` an override does not look whether its block is still there.
 */
export type Fault = 'condition' | 'placeholder' | 'block' | 'again'

export const broken = (
  fault: Fault | undefined,
  request: MemcachedRequest
): MemcachedRequest | MemcachedReply => {
  const flags = request.flags ?? ''
  const isBlock = request.command === 'ms' && Buffer.from(request.value ?? []).toString() === 'block'
  const isPlaceholder = flags.startsWith('ME c F')
  const unconditional = flags.replace(/(^| )C\d+/, '').trim()
  switch (fault) {
    case 'condition':
      return request.command === 'ms' && !isLease(request) ? { ...request, flags: unconditional } : request
    case 'placeholder':
      if (isPlaceholder) return reply('NS', 'c0')
      // where nothing was it is written without a condition
      return /(^| )C0( |$)/.test(flags) ? { ...request, flags: unconditional } : request
    case 'block':
      // and what it removes in the end is what it has removed
      return isBlock || (request.command === 'md' && isLease(request))
        ? { command: 'md', key: request.key }
        : request
    case 'again':
      return request.command === 'md' && isLease(request) ? { command: 'md', key: request.key } : request
    case undefined:
      return request
  }
}

/** `pause` is waited for before every command, and before the answers arrive. */
export const makeModel = (pause: () => Promise<unknown>, fault?: Fault): Model => {
  const items = new Map<string, Item>()
  let unique = 0
  const next = (): number => ++unique
  let order = 0
  const view = (): View => {
    let last = 0
    let took = 0
    const ask: MemcachedServer['ask'] = async (requests) => {
      const replies: Array<MemcachedReply> = []
      for (const request of requests) {
        await pause()
        const answer = runBroken(items, next, fault, request)
        last = ++order
        if (request.command === 'ms' && isLease(request) && answer.status === 'HD') took = last
        replies.push(answer)
      }
      await pause()
      return replies
    }
    return {
      ask,
      session: () => Promise.resolve({ ask }),
      lines: () => Promise.resolve(),
      last: () => last,
      took: () => took
    }
  }
  return { items, view }
}

const runBroken = (
  items: Map<string, Item>,
  next: () => number,
  fault: Fault | undefined,
  request: MemcachedRequest
): MemcachedReply => {
  const given = broken(fault, request)
  if ('status' in given) return given
  const answer = run(items, next, given)
  if (fault === 'placeholder' && given.flags === 'c' && answer.status === 'EN') return reply('HD', 'c0')
  // it asked for the number of a block, and for its removal: it is told that both were so
  if (fault === 'block' && given !== request) return reply('HD', `c${String(next())}`)
  if (fault === 'again' && given !== request) return reply('HD')
  return answer
}
