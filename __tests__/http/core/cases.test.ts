/** The cases of pages, by the rules alone: no page, server, store or promise is near. */
import { describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'

import { targetOf } from '../../../src/http/core/target'
import { type Case, cases, type Step } from '../cases'
import { asked, makeCache, noon, type Rules, rules } from './kit'

/** What each step has got: from which run, with which status. */
const play = ([, steps, config]: Case, by: Rules = rules): ReadonlyArray<string> => {
  const { visit } = makeCache({ config: config ?? {}, rules: by })
  let time = noon
  let runs = 0
  return steps.map(({ after = 0, ask = {}, give = [], method = 'GET', path = '/', status = 200 }) => {
    time += after * 1_000
    const before = runs
    const target = targetOf(path.startsWith('/') ? `https://example.com${path}` : path)
    if (E.isLeft(target)) throw target.left
    const got = visit(asked(ask, method, target.right), time, () => {
      runs++
      return { status, fields: [...give, ['x-run', String(runs)]], body: `run ${runs}` }
    })
    const run = got.fields.find(([name]) => name === 'x-run')?.[1] ?? '-'
    return `${runs > before ? 'ran' : 'cached'}, run ${run}, ${got.status}`
  })
}

const isAs = ({ as, got, status = 200 }: Step, told: string): boolean =>
  (got === 'run'
    ? told.startsWith('ran')
    : got === 'cached'
    ? told.startsWith('cached')
    : told.includes(`run ${got},`)) &&
  (as === undefined ? got !== 'run' || told.endsWith(`, ${status}`) : told.endsWith(`, ${as}`))

const isPlayed = (one: Case, by?: Rules): boolean => {
  const told = play(one, by)
  return one[1].every((step, i) => isAs(step, told[i]!))
}

describe.each(cases)('%s', (_, group) => {
  it.each(group.map((one) => [one[0], one] as const))('%s', (__, one) => {
    const told = play(one)
    expect(one[1].map((step, i) => (isAs(step, told[i]!) ? 'as expected' : told[i]))).toEqual(
      one[1].map(() => 'as expected')
    )
  })
})

describe('control: a rule that is left out is missed by a case', () => {
  const all = cases.flatMap(([, group]) => group)
  const without = (hidden: string): Rules => ({
    ...rules,
    storing: (request, head, limits, now) =>
      rules.storing(
        request,
        { ...head, fields: head.fields.filter(([name]) => name !== hidden) },
        limits,
        now
      )
  })
  const blind = (hidden: string): Rules => ({
    ...rules,
    ask: (one, site) =>
      rules.ask({ ...one, header: (name) => (name === hidden ? undefined : one.header(name)) }, site)
  })
  it.each<readonly [string, Rules]>([
    ['none', rules],
    ['Cache-Control of answers', without('cache-control')],
    ['Set-Cookie', without('set-cookie')],
    ['Vary', without('vary')],
    ['Expires', without('expires')],
    ['CDN-Cache-Control', without('cdn-cache-control')],
    ['Cache-Control of requests', blind('cache-control')],
    ['Range', blind('range')],
    ['an old page for a failure', { ...rules, instead: () => ({ _tag: 'Pass' }) }],
    ['no age', { ...rules, reuse: (seek, kept, now) => rules.reuse(seek, kept, now, 'fresh') }],
    ['no windows', { ...rules, reuse: (seek, kept, now) => rules.reuse(seek, kept, now) }]
  ])('%s', (name, by) => {
    expect(all.every((one) => isPlayed(one, by))).toBe(name === 'none')
  })
})
