/**
 * Laws 22 and 25: who holds a lease, and for how long.
 *
 * @internal
 */
import * as fc from 'fast-check'
import { none, some } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import * as D from '../../Duration'
import type { StoreError } from '../../RingError'
import { bracedKeys, hostileKeys } from '../key/mistaken'
import { same } from '../words/same'
import { ensure, freshPrefix, run } from '../words/words'
import { counting, isEarly, longest, minute, sampled, soonOver, type StoreLaws, tidy, two } from './case'
import * as finds from './finds'
import { executeLeases, leaseCommands } from './leasePrograms'
import { isBusy, isBusyFor, isGone, isThere, leaseLife, ofLeases, wins, wish } from './leaseWords'

export const leases: StoreLaws = {
  'law 22: of many who want a lease at once one wins, and one stores': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const wanted = [D.forever, D.zero, minute, D.forever].map(
      (beyond, i) => [beyond, ['a', 'b'].map((key) => `${prefix}${key}${String(i)}`)] as const
    )
    for (const [beyond, keys] of wanted) {
      const wishes = keys.flatMap((key) =>
        Array.from({ length: 20 }, (_, n) => [key, `token ${String(n)}`] as const)
      )
      const answers = await Promise.all(
        wishes.map(([key, token]) => run('acquire', leases.acquire(key, token, minute, beyond)))
      )
      const winners = wishes.filter((_, n) => answers[n]?._tag === 'Won')
      ensure(
        same(
          winners.map(([key]) => key),
          keys
        ),
        () => `${String(winners.length)} winners`
      )
      ensure(answers.filter(({ _tag }) => _tag === 'Busy').length === 38, 'neither won nor busy')
      const stored = await Promise.all(
        wishes.map(([key, token]) => run('commit', leases.commit(key, token, some(value), minute)))
      )
      ensure(
        same(
          wishes.filter((_, n) => stored[n]),
          winners
        ),
        'not only the winners stored'
      )
    }
    await tidy(
      c,
      prefix,
      wanted.flatMap(([, keys]) => keys)
    )
  }),

  'law 25: a lease is won once, until it is given back, used or taken away': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const ends: Readonly<Record<string, (key: string) => TaskEither<StoreError, unknown>>> = {
      release: (key) => leases.release(key, 'holder'),
      commit: (key) => leases.commit(key, 'holder', some(value), longest(c)),
      'commit of zero': (key) => leases.commit(key, 'holder', some(value), D.zero),
      'commit of none': (key) => leases.commit(key, 'holder', none, longest(c)),
      override: (key) => leases.override([[key, some(value), longest(c)]]),
      'override of zero': (key) => leases.override([[key, some(value), D.zero]]),
      'override of none': (key) => leases.override([[key, none, longest(c)]])
    }
    for (const [name, end] of Object.entries(ends)) {
      const key = prefix + name
      const left = counting(c)(leaseLife)
      await wins('at first', leases, key, 'holder')
      isBusyFor(c, await wish(leases, key, 'somebody else'), left, 'taken')
      isBusyFor(c, await wish(leases, key, 'holder'), left, 'taken by who asks again')
      await run(name, end(key))
      await wins(`after ${name}`, leases, key, 'next')
      await isBusy(`after ${name}`, leases, key)
      await run('override', leases.override([[key, none, minute]]))
    }
  }),

  'law 25: nobody but its holder renews, gives back or uses a lease': ofLeases(async (c, leases) => {
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    const isNobodys = async (what: string, token: string): Promise<void> => {
      ensure(!(await run('renew', leases.renew(key, token, minute))), () => `${what}: renewed`)
      await run('release', leases.release(key, token))
      ensure(!(await run('commit', leases.commit(key, token, some(b), longest(c)))), () => `${what}: used`)
      ensure(
        !(await run('commit', leases.commit(key, token, none, longest(c)))),
        () => `${what}: used to remove`
      )
    }
    for (const token of ['holder', '']) await isNobodys('before it was taken', token)
    await isGone('before it was taken', c, key)
    await wins('at first', leases, key, 'holder')
    for (const token of ['somebody else', 'holde', 'holder ', '']) await isNobodys('not the holder', token)
    await isGone('not the holder', c, key)
    await isBusy('somebody else gave it back', leases, key)
    const left = counting(c)(D.hours(2))
    ensure(await run('renew', leases.renew(key, 'holder', D.hours(2))), 'its holder does not renew it')
    isBusyFor(c, await wish(leases, key, 'somebody else'), left, 'renewed')
    ensure(
      await run('commit', leases.commit(key, 'holder', some(a), longest(c))),
      'its holder does not use it'
    )
    await isNobodys('it was used', 'holder')
    await isThere('it was used', c, key, a)
    await run('delete', c.store.delete(key))
  }),

  'law 25: a lease ends by itself, and not before, and what was loaded with it is not stored': ofLeases(
    async (c, leases) => {
      const prefix = freshPrefix()
      const [a, b] = two(c)
      const soon = soonOver(c)
      const short = soon.life
      const early = isEarly(c, short)
      const lefts = counting(c)
      const key = (name: string): string => prefix + name
      const over = ['acquired', 'seized', 'renewed for less', 'empty'].map(key)
      const [acquired = '', seized = '', less = '', empty = ''] = over
      const more = key('renewed for more')
      for (const k of [acquired, seized, less]) await run('set', c.store.set(k, a, longest(c)))
      await run('acquire', leases.acquire(less, 'holder', D.hours(1), D.forever))
      for (const k of [acquired, empty, more]) {
        const { _tag } = await run('acquire', leases.acquire(k, 'holder', short, D.forever))
        ensure(_tag === 'Won', 'not won')
      }
      await run('seize', leases.seize(seized, 'holder', short))
      await run('renew', leases.renew(less, 'holder', short))
      const renewed = await run('renew', leases.renew(more, 'holder', D.hours(1)))
      const answers = await Promise.all([acquired, seized, less].map((k) => wish(leases, k, 'somebody else')))
      if (!early()) return // if the machine was slower than that lifetime, the result proves nothing
      ensure(renewed, 'over too early')
      for (const answer of answers) isBusyFor(c, answer, lefts(short), 'over too early')
      await c.wait(soon.wait)
      for (const k of over) {
        ensure(!(await run('renew', leases.renew(k, 'holder', minute))), () => `${k}: renewed when over`)
        ensure(
          !(await run('commit', leases.commit(k, 'holder', some(b), minute))),
          () => `${k}: used when over`
        )
        await wins(k, leases, k, 'next')
        await run('release', leases.release(k, 'holder'))
        await isBusy(`${k}: given back by whose it was`, leases, k)
        ensure(
          !(await run('commit', leases.commit(k, 'holder', some(b), minute))),
          () => `${k}: not the holder`
        )
      }
      for (const k of [acquired, seized, less]) await isThere('used when over', c, k, a)
      await isGone('used when over', c, empty)
      await isBusy('renewed for more', leases, more)
      ensure(await run('commit', leases.commit(more, 'holder', some(b), longest(c))), 'renewed, and lost')
      await isThere('renewed for more', c, more, b)
      await run('override', leases.override([...over, more].map((k) => [k, none, minute])))
    }
  ),

  'law 25: of those who seize a lease the last one has it, and no other stores': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [a, b] = two(c)
      const lost = async (token: string): Promise<void> => {
        ensure(!(await run('renew', leases.renew(key, token, minute))), () => `${token} renews`)
        await run('release', leases.release(key, token))
        ensure(
          !(await run('commit', leases.commit(key, token, some(a), longest(c)))),
          () => `${token} stores`
        )
      }
      await run('seize', leases.seize(key, 'first', minute))
      await isBusy('seized where it was free', leases, key)
      const left = counting(c)(D.hours(1))
      await run('seize', leases.seize(key, 'second', D.hours(1)))
      isBusyFor(c, await wish(leases, key, 'somebody else'), left, 'seized from somebody')
      await lost('first')
      await run('seize', leases.seize(key, 'third', minute))
      await lost('first')
      await lost('second')
      await isGone('those who lost the lease', c, key)
      ensure(await run('commit', leases.commit(key, 'third', some(b), longest(c))), 'the last one lost')
      await isThere('the last one', c, key, b)
      await wins('in the end', leases, key, 'next')
      await run('override', leases.override([[key, none, minute]]))
    }
  ),

  'law 25: a lease is no entry, and what is done to entries leaves it': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const key = `${prefix}key`
    const [value] = two(c)
    const holds = (what: string): Promise<void> => isBusy(what, leases, key)
    await wins('at first', leases, key, 'holder')
    await finds.everywhere(c, key, undefined, 'where there is a lease')
    await finds.touch(c, [key, longest(c)], false, 'where there is a lease')
    await holds('reads')
    await run('set', c.store.set(key, value, longest(c)))
    await holds('set')
    await isThere('set while somebody has the lease', c, key, value)
    await run('touch', c.store.touch(key, D.forever))
    await run('delete', c.store.delete(key))
    await holds('delete')
    await run('setMany', c.store.setMany([[key, value, longest(c)]]))
    await run('deleteMany', c.store.deleteMany([key]))
    await holds('deleteMany')
    ensure(await run('commit', leases.commit(key, 'holder', some(value), longest(c))), 'it was lost')
    if (!c.clears) return

    // `clear` may remove the leases of its keys, but no others
    await wins('before clear', leases, key, 'holder')
    await wins('before clear', leases, `${prefix}a:key`, 'holder')
    await run('clear', c.store.clear(`${prefix}a:`))
    await isThere('clear', c, key, value)
    await isGone('clear', c, `${prefix}a:key`)
    await holds('clear')
    await run('override', leases.override([[key, none, minute]]))
    await run('release', leases.release(`${prefix}a:key`, 'holder'))
  }),

  'law 25: no lease is mistaken for that of another key, whatever the keys are made of': ofLeases(
    async (c, leases) => {
      const prefix = freshPrefix()
      const keys = Array.from(new Set([...hostileKeys, ...bracedKeys]), (key) => prefix + key)
      keys.push('', `{${prefix}k}`, `~lease:{${prefix}k}`, `~lease::{${prefix}k}`)
      const values = sampled(c, keys.length)
      const tokenOf = (key: string): string => `holder of ${key}`
      for (const key of keys) await wins(JSON.stringify(key), leases, key, tokenOf(key))
      for (const key of keys) await isGone(`the lease of ${JSON.stringify(key)}`, c, key)
      for (const [i, value] of values.entries()) {
        const key = keys[i] ?? ''
        const stored = await run('commit', leases.commit(key, tokenOf(key), some(value), longest(c)))
        ensure(stored, () => `${JSON.stringify(key)}: lost`)
      }
      for (const [i, value] of values.entries()) {
        const key = keys[i] ?? ''
        await isThere(JSON.stringify(key), c, key, value)
        await wins(JSON.stringify(key), leases, key, tokenOf(key))
      }
      await run('override', leases.override(keys.map((key) => [key, none, minute])))
    }
  ),

  'law 25: to make a task of a lease does nothing, and to run it twice does it twice': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [value] = two(c)
      const acquire = leases.acquire(key, 'holder', minute, D.forever)
      const seize = leases.seize(key, 'thief', minute)
      const release = leases.release(key, 'holder')
      const commit = leases.commit(key, 'holder', some(value), longest(c))
      const override = leases.override([[key, none, minute]])
      for (let time = 0; time < 2; time++) {
        ensure((await run('acquire', acquire))._tag === 'Won', 'acquire: not the first')
        ensure((await run('acquire', acquire))._tag === 'Busy', 'acquire: not the second')
        await run('release', release)
        ensure((await run('acquire', acquire))._tag === 'Won', 'release did nothing')
        ensure(await run('commit', commit), 'commit: not the holder')
        ensure(!(await run('commit', commit)), 'commit: the holder twice')
        await run('seize', seize)
        await isBusy('seize', leases, key)
        await run('override', override)
        await isGone('override', c, key)
      }
    }
  ),

  'law 25: random programs do what a Map of leases beside a Map of entries does': ofLeases((c, leases) =>
    fc.assert(
      fc.asyncProperty(leaseCommands(c), (program) => executeLeases(c, leases, freshPrefix(), program)),
      c.check
    )
  )
}
