/**
 * Law 25: reads and writes by leases.
 *
 * @internal
 */
import { none, type Option, some } from 'fp-ts/Option'

import * as D from '../../Duration'
import type { Acquired } from '../../Store'
import { ensure, freshPrefix, run } from '../words/words'
import {
  atMost,
  counting,
  isNear,
  livesOf,
  longest,
  minute,
  sampled,
  type StoreLaws,
  tidy,
  two
} from './case'
import * as finds from './finds'
import type { Write } from './leasePrograms'
import { isBusy, isGone, isThere, ofLeases, wins } from './leaseWords'

export const leaseWrites: StoreLaws = {
  'law 25: commit writes what it was told, for as long, and gives the lease back': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [a, b] = two(c)
      const commit = async (value: Option<typeof a>, ttl: D.Duration): Promise<void> => {
        await wins('before commit', leases, key, 'holder')
        ensure(await run('commit', leases.commit(key, 'holder', value, ttl)), 'commit: not the holder')
      }
      for (const value of [...sampled(c, 5), ...c.extremes]) {
        await commit(some(value), longest(c))
        await isThere('commit', c, key, value)
        const found = await run('acquire', leases.acquire(key, 'next', minute, D.zero))
        ensure(found._tag === 'Found' && c.equals(found.entry.value, value), 'acquire: another value')
      }
      for (const ttl of livesOf(c)) {
        const left = counting(c)(ttl)
        await commit(some(a), ttl)
        await finds.read(c, key, { value: a, left }, 'after commit')
      }
      const nothings = [
        [some(b), D.zero],
        [some(b), D.milliseconds(-1)],
        [none, longest(c)],
        [none, D.zero]
      ] as const
      for (const [value, ttl] of nothings) {
        await run('set', c.store.set(key, a, longest(c)))
        await commit(value, ttl)
        await isGone('commit of nothing', c, key)
      }
      await wins('after commit', leases, key, 'next')
      await run('release', leases.release(key, 'next'))
    }
  ),

  'law 25: acquire finds what lives for longer than it was asked, whoever has the lease': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [value] = two(c)
      const acquire = (beyond: D.Duration): Promise<Acquired<typeof value>> =>
        run('acquire', leases.acquire(key, 'holder', minute, beyond))
      const lives = c.lifetime ? [minute, D.hours(1), D.forever] : [D.forever]
      const bounds = [D.milliseconds(-5), D.zero, D.seconds(30), minute, D.minutes(30), D.hours(1), D.days(9)]
      for (const ttl of lives) {
        for (const held of [false, true]) {
          for (const beyond of [...bounds, D.forever]) {
            const left = counting(c)(ttl)
            await run('set', c.store.set(key, value, ttl))
            const what = `${String(ttl)} ms to live, and more than ${String(beyond)} asked`
            if (held) await run('seize', leases.seize(key, 'another', minute))
            const answer = await acquire(beyond)
            const isClear = !isNear(c, ttl, beyond)
            const expected = ttl > beyond ? 'Found' : held ? 'Busy' : 'Won'
            ensure(!isClear || answer._tag === expected, () => `${what}: ${answer._tag}`)
            if (answer._tag === 'Found') {
              finds.isEntry(c, what, some(answer.entry), { value, left })
            }
            await run('release', leases.release(key, held ? 'another' : 'holder'))
          }
        }
      }
      // an equal lifetime is not longer; repeated, so that sometimes no time passes in between
      for (let i = 0; i < 20 && c.lifetime && c.granularity === 0; i++) {
        await run('set', c.store.set(key, value, minute))
        ensure((await acquire(minute))._tag === 'Won', 'found what lives for as long as it was asked')
        await run('release', leases.release(key, 'holder'))
      }
      await run('delete', c.store.delete(key))
      await wins('nothing is there', leases, key, 'holder')
      await run('release', leases.release(key, 'holder'))
    }
  ),

  'law 25: override writes and removes, the later of two, and takes the leases away': ofLeases(
    async (c, leases) => {
      const prefix = freshPrefix()
      const [old, a] = two(c)
      const b = sampled(c, 3)[2] as typeof a // SAFETY: it returns the requested number
      const long = longest(c)
      const expected: Readonly<Record<string, readonly [ReadonlyArray<Write<typeof a>>, Option<typeof a>]>> =
        {
          written: [[[`${prefix}written`, some(a), long]], some(a)],
          'for ever': [[[`${prefix}for ever`, some(a), D.forever]], some(a)],
          removed: [[[`${prefix}removed`, none, long]], none],
          zero: [[[`${prefix}zero`, some(a), D.zero]], none],
          less: [[[`${prefix}less`, some(a), D.milliseconds(-1)]], none],
          twice: [
            [
              [`${prefix}twice`, some(a), long],
              [`${prefix}twice`, some(b), long]
            ],
            some(b)
          ],
          'in the end removed': [
            [
              [`${prefix}in the end removed`, some(a), long],
              [`${prefix}in the end removed`, none, long]
            ],
            none
          ],
          'in the end written': [
            [
              [`${prefix}in the end written`, none, long],
              [`${prefix}in the end written`, some(b), long]
            ],
            some(b)
          ]
        }
      const names = [...Object.keys(expected), 'not named']
      for (const name of names) {
        await run('set', c.store.set(prefix + name, old, long))
        await wins('before', leases, prefix + name, 'holder')
      }
      await run('override', leases.override([]))
      for (const name of names) await isBusy('nothing was named', leases, prefix + name)
      const lefts = counting(c)
      await run('override', leases.override(Object.values(expected).flatMap(([writes]) => writes)))
      for (const [name, [, value]] of Object.entries(expected)) {
        const key = prefix + name
        const stored = await run('commit', leases.commit(key, 'holder', some(old), long))
        ensure(!stored, () => `${name}: what was loaded before is stored`)
        if (value._tag === 'Some') await isThere(name, c, key, value.value)
        else await isGone(name, c, key)
        await wins(name, leases, key, 'next')
      }
      await finds.read(c, `${prefix}written`, { value: a, left: lefts(long) }, 'after override')
      await finds.read(c, `${prefix}for ever`, { value: a, left: lefts(D.forever) }, 'after override')
      await isThere('not named', c, `${prefix}not named`, old)
      ensure(
        await run('commit', leases.commit(`${prefix}not named`, 'holder', some(a), long)),
        'a lease is lost whose key was not named'
      )
      await run('override', leases.override(names.map((name) => [prefix + name, none, long])))
    }
  ),

  'law 25: override of many keys, and of the largest values': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const several = atMost(c, 1_200 + c.extremes.length) - c.extremes.length
    const values = [...Array.from({ length: several }, () => value), ...c.extremes]
    const keys = values.map((_, i) => `${prefix}${String(i)}`)
    // the first key, the last, and those where a list may be split
    const cuts = [0, 499, 500, 501, 999, 1_000, 1_001, keys.length - 1].filter((i) => i < keys.length)
    const held = Array.from(new Set(cuts), (i) => keys[i] ?? '')
    for (const key of held) await wins('before', leases, key, 'holder')
    const isRemoved = (i: number): boolean => i < several && i % 3 === 1
    await run(
      'override',
      leases.override(
        values.map((v, i) => [keys[i] ?? '', isRemoved(i) ? none : some(v), longest(c)] as const)
      )
    )
    const wanted = values.map((v, i) => (isRemoved(i) ? undefined : { value: v }))
    await finds.getMany(c, keys, wanted, 'after override')
    for (const key of held) {
      ensure(!(await run('commit', leases.commit(key, 'holder', some(value), longest(c)))), 'a lease is left')
    }
    await tidy(c, prefix, keys)
  })
}
